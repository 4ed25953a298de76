//! What a delivery of Discourse says, as news of deeds and of users.

use super::json::{Object, text_of};
use super::news::{Happened, Reading};
use super::{deeds, people};
use crate::web::error::ApiError;

/// Reads a delivery. `instance` is the address of the forum.
///
/// # Errors
/// A part that is needed is missing or malformed; the error names it.
pub fn read(event: &str, instance: Option<&str>, body: &[u8]) -> Result<Reading, ApiError> {
    use Happened::{Made, Removed, Restored};
    let reader: &dyn Fn(&Object<'_>) -> Result<Reading, ApiError> = match event {
        "post_created" => &|body| deeds::post(body, Made),
        "post_destroyed" => &|body| deeds::post(body, Removed),
        "post_recovered" => &|body| deeds::post(body, Restored),
        "topic_created" => &|body| deeds::topic(body, Made),
        "topic_destroyed" => &|body| deeds::topic(body, Removed),
        "topic_recovered" => &|body| deeds::topic(body, Restored),
        "post_liked" => &deeds::like,
        "accepted_solution" => &|body| deeds::solution(body, Made),
        "unaccepted_solution" => &|body| deeds::solution(body, Removed),
        "chat_message_created" => &|body| deeds::chat_message(body, Made),
        "chat_message_trashed" => &|body| deeds::chat_message(body, Removed),
        "chat_message_restored" => &|body| deeds::chat_message(body, Restored),
        "user_created" | "user_updated" | "user_approved" => &|body| people::user(body, instance, None),
        "user_suspended" | "user_destroyed" => &|body| people::user(body, instance, Some(true)),
        "user_unsuspended" => &|body| people::user(body, instance, Some(false)),
        "ping" => return Ok(Reading::ignored("a ping")),
        "" => return Ok(Reading::ignored("it does not say what it is about")),
        _ => return Ok(Reading::ignored("nothing is counted for it")),
    };
    match text_of(body).as_deref().and_then(Object::of) {
        Some(body) => reader(&body),
        None => Ok(Reading::ignored("its body is no JSON object")),
    }
}
