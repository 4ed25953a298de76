//! A request that holds a list of up to 10,000 records. Its body may be longer than others, and takes longer to read, so
//! only a few of them are worked on at the same time.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rocket::data::{Data, FromData, Outcome};
use rocket::request::Request as HttpRequest;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::body;
use super::error::ApiError;
use super::parameters::Parameters;
use super::request::Request;

/// The longest body of a batch that is taken, in bytes.
pub const BATCH_BODY_BYTES_MAX: usize = 16 << 20;

/// How many batches are worked on at the same time: while one is being stored, the next can be read. A batch takes
/// several times its length in memory, and the writer keeps all others waiting while it stores one.
const TURNS: usize = 2;

/// How long a batch may wait, from the arrival of its last byte until the writer comes to it.
const LIMIT: Duration = Duration::from_secs(5);

/// The batches that are being worked on.
pub struct Batches(Arc<Semaphore>);

impl Default for Batches {
    fn default() -> Batches {
        Batches(Arc::new(Semaphore::new(TURNS)))
    }
}

/// The leave to work on a batch. It has to be kept until the reply is made.
#[derive(Debug)]
pub struct Turn {
    _permit: OwnedSemaphorePermit,
    /// When the writer must have come to the batch.
    pub deadline: Instant,
}

/// What came with a batch. The handler reads it as what the route declares.
#[derive(Debug)]
pub struct SentBatch<R> {
    query: Parameters,
    body: Vec<u8>,
    arrived: Instant,
    declared: PhantomData<R>,
}

impl<R: Request + Send + 'static> SentBatch<R> {
    /// Waits until it is this batch's turn, and reads it away from the asynchronous workers.
    ///
    /// # Errors
    /// See [`Request::read`]; [`ApiError::Unavailable`] if others kept this batch from its turn for too long.
    pub async fn read(self, batches: &Batches) -> Result<(R, Turn), ApiError> {
        let deadline = self.arrived + LIMIT;
        let permit = tokio::time::timeout_at(deadline.into(), Arc::clone(&batches.0).acquire_owned()).await;
        let permit = permit.ok().and_then(Result::ok).ok_or(ApiError::Unavailable)?;
        let turn = Turn { _permit: permit, deadline };
        let read = move || R::read(&self.query.overlaid(body::of_json_alone(&self.body)?)?);
        let asked = aside(read).await??;
        Ok((asked, turn))
    }
}

/// Runs work that takes milliseconds away from the asynchronous workers.
///
/// # Errors
/// The work panicked, or the process ends.
pub async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| ApiError::Internal)
}

#[rocket::async_trait]
impl<'r, R: Send> FromData<'r> for SentBatch<R> {
    type Error = ApiError;

    async fn from_data(request: &'r HttpRequest<'_>, data: Data<'r>) -> Outcome<'r, SentBatch<R>> {
        match body::read_json(request, data, BATCH_BODY_BYTES_MAX).await {
            Ok((query, body)) => {
                Outcome::Success(SentBatch { query, body, arrived: Instant::now(), declared: PhantomData })
            }
            Err(error) => error.refuse(request),
        }
    }
}
