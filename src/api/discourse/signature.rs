//! How Discourse signs: `X-Discourse-Event-Signature: sha256=HEX`, the HMAC-SHA256 of the body as it is sent.

use hmac::{Hmac, KeyInit, Mac};
use rocket::State;
use rocket::outcome::Outcome as Of;
use rocket::request::{FromRequest, Outcome, Request};
use sha2::Sha256;

use super::refuse;
use crate::domain::WebhookSecret;
use crate::web::error::ApiError;
use crate::web::{App, Client};

/// How many bytes a signature has.
const BYTES: usize = 32;

/// The headers of a delivery that may be well signed: whether it is, the body decides.
pub struct Signed {
    secret: WebhookSecret,
    signature: [u8; BYTES],
    /// What the delivery is about; empty: it does not say.
    pub event: String,
    /// The address of the forum.
    pub instance: Option<String>,
}

impl Signed {
    /// Whether this is the signature of a body. It takes the same time wherever the right signature differs.
    pub fn is_of(&self, body: &[u8]) -> bool {
        is_signature(&self.secret, &self.signature, body)
    }
}

/// Whether these bytes sign a body with a secret.
pub(crate) fn is_signature(secret: &WebhookSecret, signature: &[u8; BYTES], body: &[u8]) -> bool {
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes()) else { return false };
    mac.chain_update(body).verify_slice(signature).is_ok()
}

/// The bytes of a signature as the header has it.
pub(crate) fn read(header: &str) -> Option<[u8; BYTES]> {
    header.strip_prefix("sha256=").and_then(bytes)
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Signed {
    type Error = ApiError;

    /// Without a secret nothing is to be found here. A delivery without a signature is refused before its body is looked
    /// at.
    async fn from_request(request: &'r Request<'_>) -> Outcome<Signed, ApiError> {
        let Of::Success(app) = request.guard::<&State<App>>().await else {
            return ApiError::Internal.refuse(request);
        };
        let secret = match app.forum_secret() {
            Ok(Some(secret)) => secret,
            Ok(None) => return ApiError::NotFound.refuse(request),
            Err(error) => return ApiError::from(error).refuse(request),
        };
        let header = |name| request.headers().get_one(name).map(str::trim).filter(|value| !value.is_empty());
        let event = header("X-Discourse-Event").or_else(|| header("X-Discourse-Event-Type")).unwrap_or_default();
        let signature = header("X-Discourse-Event-Signature");
        let Some(signature) = signature.and_then(read) else {
            let why =
                if signature.is_some() { "its signature is not of the form sha256=…" } else { "it is not signed" };
            refuse(app, &Client::of(request), event.to_owned(), why);
            return ApiError::InvalidAccess.refuse(request);
        };
        let instance = header("X-Discourse-Instance").map(str::to_owned);
        Outcome::Success(Signed { secret, signature, event: event.to_owned(), instance })
    }
}

/// The bytes that hexadecimal digits stand for.
fn bytes(hex: &str) -> Option<[u8; BYTES]> {
    let digits: Option<Vec<u8>> = hex.chars().map(|digit| digit.to_digit(16).map(|digit| digit as u8)).collect();
    let bytes: Vec<u8> = digits?.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect();
    bytes.try_into().ok().filter(|_| hex.len() == 2 * BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(secret: &str, hex: &str) -> Signed {
        Signed {
            secret: secret.parse().expect("a secret"),
            signature: bytes(hex).expect("a signature"),
            event: String::new(),
            instance: None,
        }
    }

    #[test]
    fn a_signature_is_that_of_the_published_example() {
        // RFC 4231, test case 2.
        let hex = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert!(signed("Jefe", hex).is_of(b"what do ya want for nothing?"));
        assert!(signed("Jefe", &hex.to_uppercase()).is_of(b"what do ya want for nothing?"));
        assert!(!signed("Jefe", hex).is_of(b"what do ya want for nothing!"));
        assert!(!signed("jefe", hex).is_of(b"what do ya want for nothing?"));
    }

    #[test]
    fn only_64_digits_are_a_signature() {
        for bad in ["", "00", &"0".repeat(63), &"0".repeat(65), &"0".repeat(66), &"g".repeat(64), &"é".repeat(32)] {
            assert_eq!(bytes(bad), None, "{bad}");
        }
        assert_eq!(bytes(&"0f".repeat(32)), Some([15; 32]));
    }
}
