//! Renderings of a view. Each is made once and kept as long as the view. Their number and their size are limited, but
//! the first page is always kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How many renderings are kept at most, not counting the first pages.
const COUNT_MAX: usize = 64;

/// How many bytes these renderings may take together, not counting the first pages.
const BYTES_MAX: usize = 4 << 20;

/// What names a rendering of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RenderingKey {
    /// What it is rendered as: a word for each form, so that different forms can't be mixed up.
    pub form: &'static str,
    /// The page, from 0.
    pub page: usize,
    /// Everything else that the rendering depends on, as one number. 0 is what most people ask for.
    pub variant: u64,
    /// Whether it is the compressed form of the same rendering.
    pub compressed: bool,
}

impl RenderingKey {
    /// The key of the compressed form of this rendering.
    pub fn compressed(self) -> RenderingKey {
        RenderingKey { compressed: true, ..self }
    }

    /// Whether this is the rendering that most people ask for, which is always kept.
    fn is_first(&self) -> bool {
        self.page == 0 && self.variant == 0
    }
}

/// Renderings by key. If there is no room for a new one, the one that was asked for longest ago is removed.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<Renderings>);

#[derive(Debug, Default)]
struct Renderings {
    by_key: HashMap<RenderingKey, Rendering>,
    /// How many times any rendering was asked for. It tells which one was asked for longest ago.
    asked: u64,
    /// The bytes of all renderings that are not first pages.
    bytes: usize,
}

#[derive(Debug)]
struct Rendering {
    bytes: Arc<[u8]>,
    last_asked: u64,
}

impl Kept {
    /// The rendering of that key, if it is kept.
    pub fn get(&self, key: RenderingKey) -> Option<Arc<[u8]>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key)
    }

    /// How many bytes all renderings take.
    pub fn size(&self) -> usize {
        let renderings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        renderings.by_key.values().map(|rendering| rendering.bytes.len()).sum()
    }

    /// The rendering of that key: made by `render` if it is not kept.
    pub fn get_or_render(&self, key: RenderingKey, render: impl FnOnce() -> Vec<u8>) -> Arc<[u8]> {
        let renderings = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = renderings().get(&key) {
            return bytes;
        }
        // The lock is not held here: two callers may render the same at once, but nobody waits for another's rendering.
        let bytes: Arc<[u8]> = render().into();
        renderings().put(key, Arc::clone(&bytes));
        bytes
    }
}

impl Renderings {
    fn get(&mut self, key: &RenderingKey) -> Option<Arc<[u8]>> {
        self.asked += 1;
        let rendering = self.by_key.get_mut(key)?;
        rendering.last_asked = self.asked;
        Some(Arc::clone(&rendering.bytes))
    }

    fn put(&mut self, key: RenderingKey, bytes: Arc<[u8]>) {
        self.remove(&key);
        if !key.is_first() {
            if bytes.len() > BYTES_MAX {
                return;
            }
            self.bytes += bytes.len();
        }
        self.by_key.insert(key, Rendering { bytes, last_asked: self.asked });
        loop {
            let others = self.by_key.iter().filter(|(key, _)| !key.is_first());
            let (count, oldest) = (others.clone().count(), others.min_by_key(|(_, rendering)| rendering.last_asked));
            match oldest.map(|(key, _)| *key) {
                Some(oldest) if count > COUNT_MAX || self.bytes > BYTES_MAX => self.remove(&oldest),
                _ => return,
            }
        }
    }

    fn remove(&mut self, key: &RenderingKey) {
        if let Some(rendering) = self.by_key.remove(key).filter(|_| !key.is_first()) {
            self.bytes -= rendering.bytes.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Keeps what it is asked for, and counts what had to be rendered.
    #[derive(Default)]
    struct Counting {
        kept: Kept,
        rendered: Cell<usize>,
    }

    impl Counting {
        /// Asks for a rendering. Returns `true` if it had to be made.
        fn renders(&self, form: &'static str, page: usize, variant: u64, size: usize) -> bool {
            let before = self.rendered.get();
            let render = || {
                self.rendered.set(before + 1);
                vec![b'x'; size]
            };
            assert_eq!(
                self.kept.get_or_render(RenderingKey { form, page, variant, compressed: false }, render).len(),
                size
            );
            self.rendered.get() > before
        }
    }

    #[test]
    fn the_first_page_stays_whatever_else_is_asked_for() {
        let kept = Counting::default();
        for page in 1..=COUNT_MAX * 2 {
            assert!(kept.renders("json", page, 0, 10));
        }
        for variant in 1..=COUNT_MAX as u64 * 2 {
            assert!(kept.renders("json", 0, variant, 10));
        }
        assert!(kept.renders("json", 0, 0, 10), "it was never asked for");
        assert!(kept.renders("html", 0, 0, 10), "another form of it neither");
        for page in 1..=COUNT_MAX * 2 {
            kept.renders("json", page, 0, 10);
        }
        assert!(!kept.renders("json", 0, 0, 10) && !kept.renders("html", 0, 0, 10));
        assert!(!kept.renders("json", COUNT_MAX * 2, 0, 10), "the newest");
        assert!(kept.renders("json", 1, 0, 10), "the oldest");
    }

    #[test]
    fn what_is_asked_for_often_stays() {
        let kept = Counting::default();
        assert!(kept.renders("json", 1, 0, 10));
        for page in 2..=COUNT_MAX * 3 {
            assert!(kept.renders("json", page, 0, 10));
            assert!(!kept.renders("json", 1, 0, 10));
        }
    }

    #[test]
    fn memory_is_bounded() {
        let kept = Counting::default();
        for page in 1..COUNT_MAX {
            kept.renders("html", page, 0, BYTES_MAX / 8);
            let renderings = kept.kept.0.lock().expect("no panic");
            let bytes: usize = renderings.by_key.values().map(|rendering| rendering.bytes.len()).sum();
            assert!(bytes <= BYTES_MAX && bytes == renderings.bytes, "{bytes} bytes");
            assert!(renderings.by_key.len() <= COUNT_MAX);
        }
        assert!(kept.renders("html", 1, 7, BYTES_MAX + 1) && kept.renders("html", 1, 7, BYTES_MAX + 1));
        assert!(!kept.renders("html", COUNT_MAX - 1, 0, BYTES_MAX / 8), "it did not push out others");
    }
}
