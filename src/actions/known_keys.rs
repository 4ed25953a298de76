//! Stored keys that worked when they were last looked up.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::domain::{KeyDigest, Timestamp};
use crate::store::api_keys::{self, ApiKey};
use crate::store::key_changes::KeyCount;

/// How many keys are remembered. A community has fewer programs that store events.
const KEYS_MAX: usize = 64;

/// No moment.
const NEVER: i64 = i64::MIN;

/// Keys that worked, by their digests. All are as of the same count of changes.
#[derive(Debug, Default)]
pub(super) struct KnownKeys(RwLock<Known>);

#[derive(Debug, Default)]
struct Known {
    as_of: Option<KeyCount>,
    keys: HashMap<[u8; 32], Arc<KnownKey>>,
}

/// A key that worked.
#[derive(Debug)]
pub(super) struct KnownKey {
    /// The key as it was then.
    pub key: ApiKey,
    /// When the writer was last asked to write down its use, in milliseconds since 1970; [`NEVER`] if it never was.
    use_noted_at: AtomicI64,
}

impl KnownKeys {
    /// The key of that digest, if it worked after so many changes of keys.
    pub fn get(&self, digest: &KeyDigest, as_of: KeyCount) -> Option<Arc<KnownKey>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if known.as_of == Some(as_of) { known.keys.get(digest.as_bytes()).cloned() } else { None }
    }

    /// Remembers a key that works, and goes on to work until a key is changed. `as_of` was counted before it was looked up.
    pub fn put(&self, digest: &KeyDigest, as_of: KeyCount, key: ApiKey) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.as_of > Some(as_of) {
            return;
        }
        if known.as_of < Some(as_of) {
            *known = Known { as_of: Some(as_of), keys: HashMap::new() };
        }
        if known.keys.len() >= KEYS_MAX
            && let Some(any) = known.keys.keys().next().copied()
        {
            known.keys.remove(&any);
        }
        let use_noted_at = AtomicI64::new(key.last_used_at.map_or(NEVER, Timestamp::millis));
        known.keys.insert(*digest.as_bytes(), Arc::new(KnownKey { key, use_noted_at }));
    }
}

impl KnownKey {
    /// Whether a use at the moment `now` has to be written down. Of those who ask within
    /// [`api_keys::LAST_USE_EVERY`] one hears yes.
    pub fn use_is_news(&self, now: Timestamp) -> bool {
        let last = self.use_noted_at.load(Ordering::Relaxed);
        let last_used_at = (last != NEVER).then(|| Timestamp::from_millis(last));
        let exchange = || self.use_noted_at.compare_exchange(last, now.millis(), Ordering::Relaxed, Ordering::Relaxed);
        api_keys::use_is_news(last_used_at, now) && exchange().is_ok()
    }
}
