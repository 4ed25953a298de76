//! Which events of Discourse are news of which deeds, and whose they are.

use super::json::Object;
use super::news::{Happened, Reading};
use crate::domain::{Deed, NaturalKey, News, RuleName, Timestamp, Told, is_unseen};
use crate::web::error::ApiError;

/// The archetype of what only some people can read.
const PRIVATE: &str = "private_message";

/// The type of a post that somebody has written, and not Discourse itself.
const REGULAR: i64 = 1;

/// The news of a deed that counts. `deed` is read only if it is needed: a thing that is removed need not say whose it was.
fn news(
    (rule, key): (RuleName, NaturalKey),
    updated_at: Option<Timestamp>,
    happened: Happened,
    deed: impl FnOnce() -> Result<Result<Deed, &'static str>, ApiError>,
) -> Result<Reading, ApiError> {
    let told = |news| Reading::of(Told { key, rule, updated_at, news });
    let make = match happened {
        Happened::Removed => return Ok(told(News::TakenBack)),
        Happened::Made => News::Done,
        Happened::Restored => News::Restored,
    };
    Ok(match deed()? {
        Ok(deed) => told(make(deed)),
        Err(why) => Reading::ignored(why),
    })
}

/// A post that follows the first one of its topic.
pub fn post(body: &Object<'_>, happened: Happened) -> Result<Reading, ApiError> {
    let post = body.needed("post")?;
    let id = post.id("post.id")?;
    let key = (RuleName::PostCreated, NaturalKey::of(RuleName::PostCreated, id));
    news(key, post.moment("post.updated_at")?, happened, || {
        let number = post.whole("post.post_number")?;
        let why = if number == Some(1) {
            "the first post of a topic"
        } else if post.whole("post.post_type")?.is_some_and(|kind| kind != REGULAR) {
            "not a regular post"
        } else if post.flag("post.wiki")? {
            "a wiki"
        } else if post.flag("post.hidden")? {
            "a hidden post"
        } else if is_private(post.text("post.topic_archetype")?) {
            "a private message"
        } else if let Some(user_id) = post.user("post.user_id")? {
            return Ok(Ok(Deed {
                user_id,
                done_at: post.moment("post.created_at")?,
                place: place(&post, id, number),
                category: post.category("post.category_id")?,
                unless_by_doer_of: None,
            }));
        } else {
            "not by a person"
        };
        Ok(Err(why))
    })
}

/// A topic. Its first post is not counted besides.
pub fn topic(body: &Object<'_>, happened: Happened) -> Result<Reading, ApiError> {
    let topic = body.needed("topic")?;
    let id = topic.id("topic.id")?;
    news((RuleName::TopicCreated, key_of_topic(id)), topic.moment("topic.updated_at")?, happened, || {
        if is_private(topic.text("topic.archetype")?) {
            return Ok(Err("a private message"));
        }
        let Some(user_id) = topic.needed("topic.created_by")?.user("topic.created_by.id")? else {
            return Ok(Err("not by a person"));
        };
        Ok(Ok(Deed {
            user_id,
            done_at: topic.moment("topic.created_at")?,
            place: format!("/t/{}/{id}", slug(&topic, "topic.slug")),
            category: topic.category("topic.category_id")?,
            unless_by_doer_of: None,
        }))
    })
}

/// A like: one deed for whoever gave it, and one for whoever got it. Discourse does not tell when one is taken back.
pub fn like(body: &Object<'_>) -> Result<Reading, ApiError> {
    let like = body.needed("like")?;
    let (post, giver) = (like.needed("like.post")?, like.needed("like.user")?);
    let (id, giver_id) = (post.id("like.post.id")?, giver.id("like.user.id")?);
    let users = [giver.user("like.user.id")?, post.user("like.post.user_id")?];
    if is_private(post.text("like.post.topic_archetype")?) {
        return Ok(Reading::ignored("a private message"));
    }
    if post.flag("like.post.wiki")? {
        return Ok(Reading::ignored("a wiki"));
    }
    let place = place(&post, id, post.whole("like.post.post_number")?);
    let category = post.category("like.post.category_id")?;
    let done_at = like.moment("like.created_at")?;
    let mut reading = Reading::default();
    for (rule, user_id) in [RuleName::LikeGiven, RuleName::LikeReceived].into_iter().zip(users) {
        let key = NaturalKey::of(rule, format_args!("post:{id}:user:{giver_id}"));
        match user_id {
            Some(user_id) => {
                let deed = Deed { user_id, done_at, place: place.clone(), category, unless_by_doer_of: None };
                reading.told.push(Told { key, rule, updated_at: None, news: News::Done(deed) });
            }
            None => reading.left_out.push(format!("{rule} ignored: not by a person")),
        }
    }
    Ok(reading)
}

/// A post that was accepted as the solution of its topic.
pub fn solution(body: &Object<'_>, happened: Happened) -> Result<Reading, ApiError> {
    let post = body.needed("solved")?;
    let id = post.id("solved.id")?;
    let key = (RuleName::Solution, NaturalKey::of(RuleName::Solution, id));
    news(key, post.moment("solved.updated_at")?, happened, || {
        let number = post.whole("solved.post_number")?;
        let Some(user_id) = post.user("solved.user_id")? else { return Ok(Err("not by a person")) };
        // The first post is by whoever began the topic.
        if number == Some(1) {
            return Ok(Err("it is for the same user's own"));
        }
        Ok(Ok(Deed {
            user_id,
            done_at: post.moment("solved.created_at")?,
            place: place(&post, id, number),
            category: post.category("solved.category_id")?,
            unless_by_doer_of: post.whole("solved.topic_id")?.map(key_of_topic),
        }))
    })
}

/// A message in a chat that is open to more than the two or few who speak.
pub fn chat_message(body: &Object<'_>, happened: Happened) -> Result<Reading, ApiError> {
    let chat = body.needed("chat_message")?;
    let message = chat.needed("chat_message.message")?;
    let id = message.id("chat_message.message.id")?;
    let key = (RuleName::ChatMessageCreated, NaturalKey::of(RuleName::ChatMessageCreated, id));
    news(key, message.moment("chat_message.message.updated_at")?, happened, || {
        let channel = chat.object("chat_message.channel")?;
        let (mut category, mut place) = (None, format!("/chat/message/{id}"));
        if let Some(channel) = channel {
            match channel.text("chat_message.channel.chatable_type")?.as_deref() {
                Some("DirectMessage") => return Ok(Err("a direct message")),
                Some("Category") => category = channel.category("chat_message.channel.chatable_id")?,
                _ => {}
            }
            if let Some(number) = channel.whole("chat_message.channel.id")? {
                place = format!("/chat/c/{}/{number}/{id}", slug(&channel, "chat_message.channel.slug"));
            }
        }
        let Some(user_id) = message.needed("chat_message.message.user")?.user("chat_message.message.user.id")? else {
            return Ok(Err("not by a person"));
        };
        let done_at = message.moment("chat_message.message.created_at")?;
        Ok(Ok(Deed { user_id, done_at, place, category, unless_by_doer_of: None }))
    })
}

/// The deed of beginning a topic.
fn key_of_topic(id: i64) -> NaturalKey {
    NaturalKey::of(RuleName::TopicCreated, id)
}

fn is_private(archetype: Option<String>) -> bool {
    archetype.as_deref() == Some(PRIVATE)
}

/// Where a post can be looked at in the forum.
fn place(post: &Object<'_>, id: i64, number: Option<i64>) -> String {
    match (post.whole("topic_id").ok().flatten(), number) {
        (Some(topic), Some(number)) => format!("/t/{}/{topic}/{number}", slug(post, "topic_slug")),
        _ => format!("/p/{id}"),
    }
}

/// The words of an address that say what it leads to. It leads there without them, too: so what can't stand in an address
/// is left out.
fn slug(of: &Object<'_>, path: &'static str) -> String {
    let text = of.text(path).ok().flatten().unwrap_or_default();
    let is_plain = |character: char| !character.is_whitespace() && !"/?#".contains(character) && !is_unseen(character);
    if (1..=255).contains(&text.chars().count()) && text.chars().all(is_plain) { text } else { "-".to_owned() }
}
