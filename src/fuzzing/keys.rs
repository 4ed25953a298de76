//! Keys, and how they are sent.

use crate::domain::{IdempotencyKey, Networks, PlainKey, WebhookSecret};
use crate::web::caller::bearer;

/// A key that somebody sends. It is known by all of its bytes; if it looks like one that is made here, then no other
/// character at any place makes another one of it.
pub fn keys(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let key = PlainKey::received(text);
    assert_eq!(key.reveal(), text);
    assert!(text.starts_with(&key.prefix()) && key.prefix().chars().count() <= 8);
    let digest = key.digest();
    assert!(digest.matches(digest.as_bytes()) && !digest.matches(&digest.as_bytes()[1..]));
    assert!(!digest.matches(PlainKey::received(&format!("{text} ")).digest().as_bytes()));
    if text.starts_with("sk_") && !key.is_misspelt() {
        assert_eq!(text.len(), 46);
        for at in 3..text.len() {
            let mut other = data.to_vec();
            other[at] = if other[at] == b'x' { b'y' } else { b'x' };
            assert!(PlainKey::received(&String::from_utf8_lossy(&other)).is_misspelt(), "character {at}");
        }
    }

    assert_eq!(bearer(&format!("Bearer {text}")), Some(text));
    if let Some(sent) = bearer(text) {
        assert!(text.ends_with(sent) && text.trim_start()[..6].eq_ignore_ascii_case("bearer"));
    }
    if let Ok(networks) = text.parse::<Networks>() {
        assert_eq!(networks.to_string().parse::<Networks>().as_ref(), Ok(&networks));
        assert!(networks.are_within(&networks) && networks.iter().all(|network| networks.contain(network.addr())));
    }
    if let Ok(secret) = text.parse::<WebhookSecret>() {
        assert_eq!(secret.reveal(), text);
        assert!(!text.is_empty() && format!("{secret:?}") == "WebhookSecret(…)");
    }
    if let Ok(key) = IdempotencyKey::try_from(text.to_owned()) {
        assert_eq!(key.as_str(), text);
        assert!((1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()));
    }
}
