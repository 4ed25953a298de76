//! What Discourse says of its users, as changes of the directory.

use super::json::Object;
use super::news::Reading;
use crate::domain::Username;
use crate::store::directory::UserChange;
use crate::web::error::ApiError;
use crate::web::kinds::{AvatarTemplate, FullName, Parameter};

/// A user, and whether the user is suspended, if the event says so. `instance` is the address of the forum.
pub fn user(body: &Object<'_>, instance: Option<&str>, suspended: Option<bool>) -> Result<Reading, ApiError> {
    let user = body.needed("user")?;
    let Some(id) = user.user("user.id")? else { return Ok(Reading::ignored("not a person")) };
    let mut reading = Reading::default();
    let mut left_out = |what: &str| reading.left_out.push(format!("user {id}: {what} can't be taken"));
    let username = user.text("user.username")?.and_then(|name| {
        let name = name.parse::<Username>();
        name.map_err(|_| left_out("the username")).ok()
    });
    // A user who has no full name is told to have none, and one that is not told stays.
    let name = user.text("user.name")?.or_else(|| user.has("user.name").then(String::new));
    let name = name.and_then(|name| {
        let name = FullName::from_text(&name).map(|FullName(name)| name);
        if name.is_none() {
            left_out("the full name");
        }
        name
    });
    let avatar_template = user.text("user.avatar_template")?.and_then(|template| {
        let template = picture(&template, instance).and_then(|template| AvatarTemplate::from_text(&template));
        if template.is_none() {
            left_out("the picture");
        }
        template.map(|AvatarTemplate(template)| template)
    });
    reading.person = Some((id, UserChange { username, name, avatar_template, suspended }));
    Ok(reading)
}

/// The whole address of pictures. Those that the forum has itself are paths there: they are of use only with the forum's own
/// address before them.
fn picture(template: &str, instance: Option<&str>) -> Option<String> {
    let template = template.trim();
    if let Some(rest) = template.strip_prefix("//") {
        return Some(format!("https://{rest}"));
    }
    if !template.starts_with('/') {
        return Some(template.to_owned());
    }
    let instance = instance?.trim_end_matches('/');
    let (scheme, rest) = instance.split_once("://").filter(|(scheme, _)| ["https", "http"].contains(scheme))?;
    // A forum that lies below a path may have that path in its pictures already.
    let (host, below) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let has_path = !below.is_empty() && template.strip_prefix(below).is_some_and(|rest| rest.starts_with('/'));
    Some(if has_path { format!("{scheme}://{host}{template}") } else { format!("{instance}{template}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_have_the_address_of_the_forum() {
        const PATH: &str = "/user_avatar/club.example/ann/{size}/7_2.png";
        for (template, instance, whole) in [
            (
                PATH,
                Some("https://club.example"),
                Some("https://club.example/user_avatar/club.example/ann/{size}/7_2.png"),
            ),
            (
                PATH,
                Some("http://club.example:8080/"),
                Some("http://club.example:8080/user_avatar/club.example/ann/{size}/7_2.png"),
            ),
            ("/a/{size}.png", Some("https://x.example/forum"), Some("https://x.example/forum/a/{size}.png")),
            ("/forum/a/{size}.png", Some("https://x.example/forum"), Some("https://x.example/forum/a/{size}.png")),
            ("//cdn.example/{size}.png", None, Some("https://cdn.example/{size}.png")),
            ("https://cdn.example/{size}.png", None, Some("https://cdn.example/{size}.png")),
            (PATH, None, None),
            (PATH, Some("javascript:alert(1)"), None),
        ] {
            assert_eq!(picture(template, instance).as_deref(), whole, "{template} {instance:?}");
        }
    }
}
