//! What a forum sends: bodies and signatures.

use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use sha2::Sha256;

use crate::api::discourse::reading::read;
use crate::api::discourse::signature::{self, is_signature};
use crate::domain::{News, WebhookSecret, is_unseen};

/// A delivery: a line with the event's name, a line with the forum's address, a line with the signature, and the body.
pub fn webhooks(data: &[u8]) {
    let mut parts = data.splitn(4, |byte| *byte == b'\n');
    let mut line = || std::str::from_utf8(parts.next()?).ok();
    let (Some(event), Some(instance), Some(header)) = (line(), line(), line()) else { return };
    let body = parts.next().unwrap_or_default();
    signatures(header, body);
    bodies(event, Some(instance).filter(|instance| !instance.is_empty()), body);
}

/// A signature is that of one body and one secret.
fn signatures(header: &str, body: &[u8]) {
    let [secret, other]: [WebhookSecret; 2] =
        ["correct horse", "battery staple"].map(|text| text.parse().expect("good"));
    let mac = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes()).expect("any length is taken");
    let good: [u8; 32] = mac.chain_update(body).finalize().into_bytes().into();
    if let Some(sent) = signature::read(header) {
        let hex: String = sent.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(format!("sha256={hex}"), header.to_ascii_lowercase());
        assert_eq!(is_signature(&secret, &sent, body), sent == good);
    }
    let hex: String = good.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(signature::read(&format!("sha256={hex}")), Some(good));
    assert!(is_signature(&secret, &good, body) && !is_signature(&other, &good, body));
    let mut changed = body.to_vec();
    changed.push(0);
    assert!(!is_signature(&secret, &good, &changed));
    changed.pop();
    if let Some(first) = changed.first_mut() {
        *first ^= 1;
        assert!(!is_signature(&secret, &good, &changed));
    }
    let mut flipped = good;
    flipped[usize::from(body.len() as u8) % 32] ^= 1;
    assert!(!is_signature(&secret, &flipped, body));
}

/// A body is read the same whenever and in both variants, and what is told of a deed can be shown and is for its day.
fn bodies(event: &str, instance: Option<&str>, body: &[u8]) {
    let reading = read(event, instance, body);
    if body.starts_with(b"{") && std::str::from_utf8(body).is_ok() {
        let form = format!("payload={}", percent_encode(body, NON_ALPHANUMERIC));
        assert_eq!(read(event, instance, form.as_bytes()), reading);
    }
    let Ok(reading) = reading else { return };
    for told in &reading.told {
        assert!(told.key.as_str().starts_with(&format!("{}:", told.rule)));
        if let News::Done(deed) | News::Restored(deed) = &told.news {
            assert!(deed.place.starts_with('/') && !deed.place.contains(is_unseen), "{:?}", deed.place);
            if let Some(moment) = deed.done_at {
                super::periods::day_in_each_zone(moment);
            }
        }
    }
    if let Some((_, change)) = &reading.person
        && let Some(avatar) = &change.avatar_template
    {
        assert!(!avatar.contains(char::is_control), "{avatar:?}");
    }
}
