//! What a handler's signature says: who may call it, what it takes, what it answers. The document reads it from the handler
//! itself, so that it can't say anything else.

use rocket::response::stream::EventStream;
use rocket::{Shutdown, State};

use super::shape::{Of, Shaped};
use crate::domain::Scope;
use crate::web::batch::SentBatch;
use crate::web::caller::{May, Need, PresumedCaller, ScoreReader};
use crate::web::client::Client;
use crate::web::compression::AcceptsGzip;
use crate::web::error::ApiError;
use crate::web::idempotency::SentIdempotencyKey;
use crate::web::kinds::{Kind, Parameter};
use crate::web::metrics_reader::MayReadMetrics;
use crate::web::path::{Numbered, RuleNamePath};
use crate::web::raw_body::RawBody;
use crate::web::reply::{Json, JsonBytes, Paged, Replay};
use crate::web::request::{Field, Request, Sent};
use crate::web::viewer::BoardViewer;

/// All that a handler's signature says.
#[derive(Debug, Default)]
pub struct Signature {
    /// Who may call it.
    pub access: Access,
    /// The numbers in its path, in order.
    pub path: Vec<Kind>,
    /// How it takes parameters.
    pub takes: Takes,
    /// The parameters, in the documented order.
    pub fields: &'static [Field],
    /// Whether it takes an `Idempotency-Key`.
    pub once: bool,
    /// What it answers if it refuses nothing.
    pub answers: Vec<Answer>,
}

/// Who may call a handler.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone.
    #[default]
    Anyone,
    /// Anyone, where the setting `public` is not `false`, and for boards that are for all. Otherwise whoever has a key that
    /// reads.
    Reader,
    /// Whoever has a key with at least one of the first scopes, if any are named, and with each of the others.
    Key(&'static [Scope], &'static [Scope]),
    /// Whoever signs the body as a forum does.
    Signed,
}

/// How a handler takes parameters.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// It takes none.
    #[default]
    Nothing,
    /// In the query; if it is no GET, also in a body of any form.
    Parameters,
    /// As a JSON object.
    JsonAlone,
    /// As the JSON object of another program, which that program describes.
    Foreign,
}

/// What a handler answers.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// When it answers this, in a sentence.
    pub about: &'static str,
    /// The body.
    pub content: Content,
    /// Headers besides those that every reply may have, with what they mean.
    pub headers: Vec<(&'static str, &'static str)>,
}

/// The body of an answer.
#[derive(Debug)]
pub enum Content {
    /// None.
    Nothing,
    /// JSON.
    Json(Of),
    /// Something else: its media type, and an example.
    Other(&'static str, &'static str),
}

impl Answer {
    /// A successful answer with JSON.
    pub fn json(of: Of) -> Answer {
        Answer { status: 200, about: "It is done.", content: Content::Json(of), headers: Vec::new() }
    }

    /// The same with another status.
    pub fn with_status(mut self, status: u16, about: &'static str) -> Answer {
        self.status = status;
        self.about = about;
        self
    }

    /// The same with one more header.
    pub fn with_header(mut self, name: &'static str, about: &'static str) -> Answer {
        self.headers.push((name, about));
        self
    }
}

/// An argument of a handler.
pub trait Argument {
    /// Adds what it says.
    fn describe(signature: &mut Signature);
}

/// What a handler returns.
pub trait Answers {
    /// Adds what it says.
    fn describe(signature: &mut Signature);
}

impl<N: Need> Argument for May<N> {
    fn describe(signature: &mut Signature) {
        signature.access = Access::Key(N::ANY_OF, N::ALL_OF);
    }
}

/// Which scope the key has to hold, only the request's content says.
impl Argument for PresumedCaller {
    fn describe(signature: &mut Signature) {
        signature.access = Access::Key(&[], &[]);
    }
}

/// Where the handler itself refuses what can't be read.
impl<A: Argument> Argument for Result<A, ApiError> {
    fn describe(signature: &mut Signature) {
        A::describe(signature);
    }
}

impl Argument for MayReadMetrics {
    fn describe(signature: &mut Signature) {
        signature.access = Access::Key(&[Scope::Metrics], &[]);
    }
}

impl Argument for ScoreReader {
    fn describe(signature: &mut Signature) {
        signature.access = Access::Reader;
    }
}

impl Argument for BoardViewer {
    fn describe(signature: &mut Signature) {
        signature.access = Access::Reader;
    }
}

impl<T: Parameter> Argument for Numbered<T> {
    fn describe(signature: &mut Signature) {
        signature.path.push(T::KIND);
    }
}

impl<R: Request> Argument for Sent<R> {
    fn describe(signature: &mut Signature) {
        signature.takes = Takes::Parameters;
        signature.fields = R::FIELDS;
    }
}

impl<R: Request> Argument for SentBatch<R> {
    fn describe(signature: &mut Signature) {
        signature.takes = Takes::JsonAlone;
        signature.fields = R::FIELDS;
    }
}

impl Argument for SentIdempotencyKey {
    fn describe(signature: &mut Signature) {
        signature.once = true;
    }
}

/// What a handler works with, and parts of a path that are no numbers: no caller sees the first, and the second are declared
/// with the operation.
macro_rules! unseen {
    ($($type:ty),+) => {$(
        impl Argument for $type {
            fn describe(_: &mut Signature) {}
        }
    )+};
}

unseen!(AcceptsGzip, Client, RawBody, RuleNamePath, Shutdown, &str);

impl<T: Send + Sync + 'static> Argument for &State<T> {
    fn describe(_: &mut Signature) {}
}

impl<T: Shaped> Answers for Json<T> {
    fn describe(signature: &mut Signature) {
        signature.answers.push(Answer::json(T::OF));
    }
}

impl<T: Shaped> Answers for JsonBytes<T> {
    fn describe(signature: &mut Signature) {
        signature.answers.push(Answer::json(T::OF));
    }
}

impl<T: Shaped> Answers for Paged<T> {
    fn describe(signature: &mut Signature) {
        const ABOUT: &str = "Where more follow: the address of the next page, as `<…>; rel=\"next\"`.";
        signature.answers.push(Answer::json(T::OF).with_header("Link", ABOUT));
    }
}

impl<R: Answers> Answers for Replay<R> {
    fn describe(signature: &mut Signature) {
        const ABOUT: &str =
            "`true` if this was answered before, under the same Idempotency-Key, and nothing was stored now.";
        R::describe(signature);
        for answer in &mut signature.answers {
            answer.headers.push(("Idempotent-Replayed", ABOUT));
        }
    }
}

impl<R: Answers> Answers for Result<R, ApiError> {
    fn describe(signature: &mut Signature) {
        R::describe(signature);
    }
}

impl<S> Answers for EventStream<S> {
    fn describe(signature: &mut Signature) {
        const ABOUT: &str = "Messages as they come, without an end; each line of `data:` holds the leaderboard.";
        const EXAMPLE: &str = "event:leaderboard\ndata:{\"personal\":{},\"leaderboard\":{…},\"users\":[…]}\n\n";
        let content = Content::Other("text/event-stream", EXAMPLE);
        signature.answers.push(Answer { status: 200, about: ABOUT, content, headers: Vec::new() });
    }
}

/// A handler: an asynchronous function of arguments that can be described.
pub trait Handler<Arguments> {
    /// What its signature says.
    fn signature() -> Signature;
}

macro_rules! handler {
    ($($argument:ident),*) => {
        impl<F, $($argument,)* A> Handler<($($argument,)*)> for F
        where
            F: AsyncFn($($argument),*) -> A,
            $($argument: Argument,)*
            A: Answers,
        {
            fn signature() -> Signature {
                let mut signature = Signature::default();
                $($argument::describe(&mut signature);)*
                A::describe(&mut signature);
                signature
            }
        }
    };
}

handler!();
handler!(A1);
handler!(A1, A2);
handler!(A1, A2, A3);
handler!(A1, A2, A3, A4);
handler!(A1, A2, A3, A4, A5);

/// What a handler's signature says.
pub fn of<Arguments, H: Handler<Arguments>>(_: H) -> Signature {
    H::signature()
}
