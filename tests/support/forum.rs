//! A forum as Discourse is one: it tells a server what its people do. Its bodies have the keys that Discourse's serializers
//! have, also those that scorekeeper does not need.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Reply, Request, Server, Setup};

/// Where a forum tells what its people do.
pub const HOOK: &str = "/webhooks/discourse";
/// The secret of servers of [`connected`].
pub const SECRET: &str = "a secret of the forum";
/// The address of the forum.
pub const INSTANCE: &str = "https://club.example";

/// A server that a forum is connected to.
pub fn connected() -> Server {
    Setup::new().env("SCOREKEEPER_DISCOURSE_SECRET", SECRET).start()
}

/// The header with which a body is signed.
pub fn signature(secret: &str, body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any secret will do").chain_update(body);
    let digest = mac.finalize().into_bytes();
    format!("sha256={}", digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// A delivery as Discourse sends it, signed with a secret.
pub fn delivery<'s>(server: &'s Server, secret: &str, event: &str, body: &[u8]) -> Request<'s> {
    unsigned(server, event, body).header("X-Discourse-Event-Signature", &signature(secret, body))
}

/// The same without a signature.
pub fn unsigned<'s>(server: &'s Server, event: &str, body: &[u8]) -> Request<'s> {
    let kind = event.split('_').next().unwrap_or_default();
    server
        .anonymous("POST", HOOK)
        .header("Content-Type", "application/json")
        .header("Accept", "*/*")
        .header("User-Agent", "Discourse/2026.11.0")
        .header("X-Discourse-Instance", INSTANCE)
        .header("X-Discourse-Event-Id", "4711")
        .header("X-Discourse-Event-Type", kind)
        .header("X-Discourse-Event", event)
        .bytes(body)
}

/// Delivers a body that may be refused.
pub fn deliver(server: &Server, event: &str, body: &Value) -> Reply {
    delivery(server, SECRET, event, body.to_string().as_bytes()).send()
}

/// Delivers a body that is taken. Returns what became of it.
#[track_caller]
pub fn tell(server: &Server, event: &str, body: &Value) -> String {
    let reply = deliver(server, event, body);
    assert_eq!((reply.status, reply.body.as_str()), (200, r#"{"success":"OK"}"#), "{event} {body}: {reply:?}");
    reply.header("X-Scorekeeper-Outcome").expect("it says what became of it").to_owned()
}

/// Puts other values in the place of some members of the object at a path (`like.post`).
pub fn with(mut body: Value, path: &str, members: &Value) -> Value {
    let part = path.split('.').fold(&mut body, |part, name| &mut part[name]);
    for (name, value) in members.as_object().expect("an object") {
        part[name] = value.clone();
    }
    body
}

/// A post of a user, the third of topic 7 in category 4.
fn a_post(id: i64, user_id: i64) -> Value {
    let mut post = json!({
        "id": id, "name": "Ann Example", "username": format!("member{user_id}"),
        "avatar_template": "/user_avatar/club.example/member/{size}/7_2.png",
        "created_at": "2026-03-05T10:00:00.000Z", "updated_at": "2026-03-05T10:00:00.000Z",
        "cooked": "<p>Hello</p>", "raw": "Hello", "post_number": 3, "post_type": 1, "posts_count": 9,
        "reply_count": 0, "reply_to_post_number": null, "quote_count": 0, "incoming_link_count": 0, "reads": 0,
        "score": 0, "topic_id": 7, "topic_slug": "karaoke-night", "topic_title": "Karaoke night",
        "topic_html_title": "Karaoke night", "category_id": 4,
    });
    let rest = json!({
        "display_username": "Ann Example",
        "primary_group_name": null, "version": 1, "user_title": null, "bookmarked": false, "moderator": false,
        "admin": false, "staff": false, "user_id": user_id, "hidden": false, "trust_level": 2, "deleted_at": null,
        "user_deleted": false, "edit_reason": null, "wiki": false, "reviewable_id": null,
        "reviewable_score_count": 0, "topic_posts_count": 9, "topic_filtered_posts_count": 9,
        "topic_archetype": "regular", "category_slug": "evenings", "mentioned_users": [],
    });
    for (name, value) in rest.as_object().expect("an object") {
        post[name] = value.clone();
    }
    post
}

/// The body of `post_created`, `post_destroyed` and `post_recovered`.
pub fn post(id: i64, user_id: i64) -> Value {
    json!({"post": a_post(id, user_id)})
}

/// The body of `topic_created`, `topic_destroyed` and `topic_recovered`.
pub fn topic(id: i64, user_id: i64) -> Value {
    let person = json!({"id": user_id, "username": format!("member{user_id}"), "name": "Ann Example",
        "avatar_template": "/user_avatar/club.example/member/{size}/7_2.png"});
    let topic = json!({"topic": {
        "tags": [], "id": id, "title": "Karaoke night", "fancy_title": "Karaoke night", "posts_count": 1,
        "created_at": "2026-03-05T09:00:00.000Z", "views": 0, "reply_count": 0, "like_count": 0,
        "last_posted_at": "2026-03-05T09:00:00.000Z", "visible": true, "closed": false, "archived": false,
        "archetype": "regular", "slug": "karaoke-night", "category_id": 4, "word_count": 12, "deleted_at": null,
        "user_id": user_id, "featured_link": null,
    }});
    let rest = json!({
        "pinned_globally": false, "pinned_at": null, "pinned_until": null,
        "unpinned": null, "pinned": false, "highest_post_number": 1, "deleted_by": null, "has_deleted": false,
        "bookmarked": null, "participant_count": 1, "thumbnails": null, "created_by": person.clone(), "last_poster": person,
    });
    with(topic, "topic", &rest)
}

/// The body of `post_liked`: a user likes another one's post.
pub fn like(post_id: i64, author_id: i64, user_id: i64) -> Value {
    let user = json!({"id": user_id, "username": format!("member{user_id}"), "name": null,
        "avatar_template": "/letter_avatar_proxy/v4/letter/m/e9a140/{size}.png"});
    json!({"like": {"post": a_post(post_id, author_id), "user": user}})
}

/// The body of `accepted_solution` and `unaccepted_solution`.
pub fn solved(post_id: i64, user_id: i64) -> Value {
    json!({"solved": a_post(post_id, user_id)})
}

/// The body of `chat_message_created`, `chat_message_trashed` and `chat_message_restored`.
pub fn chat_message(id: i64, user_id: i64) -> Value {
    json!({"chat_message": {
        "message": {
            "id": id, "message": "Hello", "cooked": "<p>Hello</p>", "created_at": "2026-03-05T11:00:00Z",
            "excerpt": "Hello", "chat_channel_id": 2, "streaming": false, "mentioned_users": [], "available_flags": [],
            "uploads": [], "edited": false, "thread_id": null, "chat_webhook_event": null,
            "user": {"id": user_id, "username": format!("member{user_id}"), "name": "Ann Example",
                "avatar_template": "/user_avatar/club.example/member/{size}/7_2.png", "moderator": false, "admin": false,
                "staff": false, "new_user": false, "primary_group_name": null, "status": null},
        },
        "channel": {
            "id": 2, "allow_channel_wide_mentions": true, "chatable_id": 4, "chatable_type": "Category",
            "chatable": {"id": 4, "name": "Evenings", "slug": "evenings", "color": "0088CC"},
            "chatable_url": "/c/evenings/4", "title": "Evenings", "slug": "evenings", "status": "open",
            "memberships_count": 12, "threading_enabled": false, "meta": {"message_bus_last_ids": {"kick": 0}},
        },
    }})
}

/// The body of the events about a user.
pub fn user(id: i64, username: &str, name: &str) -> Value {
    json!({"user": {
        "id": id, "username": username, "name": name,
        "avatar_template": format!("/user_avatar/club.example/{username}/{{size}}/7_2.png"),
        "email": format!("{username}@club.example"), "secondary_emails": [], "last_posted_at": null,
        "last_seen_at": "2026-03-05T08:00:00.000Z", "created_at": "2026-01-01T08:00:00.000Z", "muted": false,
        "trust_level": 1, "moderator": false, "admin": false, "title": null, "badge_count": 2, "time_read": 100,
        "primary_group_id": null, "featured_topic": null, "staged": false, "profile_view_count": 3,
        "approved": true, "active": true, "groups": [{"id": 10, "name": "trust_level_0"}], "locale": null,
    }})
}
