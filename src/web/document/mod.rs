//! The document of the API (OpenAPI 3.1), and what a page that shows it needs.
//!
//! It is made of what the server itself goes by: routes, the signatures of their handlers, declared requests, the kinds of
//! values, the errors. What no code tells, sentences and the shapes of replies, is declared with `operation!` and `shape!`
//! beside the resources of the API.

mod command;
mod json;
mod operation;
mod ordered;
mod patterns;
mod replies;
mod shape;
mod signature;
mod values;

use std::fmt::Write as _;
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

pub use self::command::{command, pretty};
pub use self::json::ABOUT_IDEMPOTENCY_KEY;
pub use self::operation::Operation;
pub(crate) use self::operation::operation;
pub(crate) use self::shape::shape;
pub use self::shape::{Member, Of, Shape, Shaped};
pub use self::signature::{Access, Answer, Answers, Argument, Content, Signature, Takes, of as signature_of};
pub use self::values::sentence;

/// The operations that belong together.
#[derive(Debug)]
pub struct Section {
    /// Its name.
    pub name: &'static str,
    /// What they are about, in a sentence.
    pub about: &'static str,
    /// The operations.
    pub operations: Vec<Operation>,
}

/// The document, and what it is made of.
#[derive(Debug)]
pub struct Document {
    sections: Vec<Section>,
    written: OnceLock<Written>,
}

/// The document as it is sent.
#[derive(Debug)]
pub struct Written {
    /// Its bytes: JSON.
    pub bytes: Vec<u8>,
    /// The name of these bytes, for caches.
    pub tag: String,
}

impl Document {
    /// The document of all operations.
    pub fn new(sections: Vec<Section>) -> Document {
        Document { sections, written: OnceLock::new() }
    }

    /// The operations, by what they are about.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The document as it is sent. It is written once. `base` is the path under which the server is shown.
    pub fn written(&self, base: &str) -> &Written {
        self.written.get_or_init(|| {
            let document = json::document(&self.sections, base);
            let bytes = serde_json::to_vec(&document).expect("plain data has a JSON form");
            let mut tag = "\"".to_owned();
            for byte in &Sha256::digest(&bytes)[..8] {
                // Writing to a text can't fail.
                let _ = write!(tag, "{byte:02x}");
            }
            tag.push('"');
            Written { bytes, tag }
        })
    }
}
