//! Users as a form names them: by username, full name or number; and whole groups.

use std::sync::Arc;

use rocket::http::Status;

use super::form::{Fault, FormRefusal};
use crate::domain::{Group, UserId, Username, folded};
use crate::pages::format;
use crate::pages::person::Person;
use crate::standings::{Catalog, Meant};
use crate::store::StoreError;
use crate::web::App;
use crate::web::kinds::Parameter;
use crate::web::parameters::Parameters;

/// What a field takes that names a user, as its hint says it.
pub const HINT: &str = "A username, a full name or a user ID.";

/// How many of those who may be meant a sentence names.
const NAMED_MAX: usize = 5;

/// What stands before the name or number of a whole group, where people are named.
pub const GROUP: &str = "group:";

/// Somebody who may be meant.
#[derive(Debug, Clone)]
pub struct Choice {
    /// What stands for the choice in the form.
    pub value: String,
    /// The name that is read first.
    pub title: String,
    /// What tells this choice from others.
    pub detail: String,
}

impl Choice {
    /// A person.
    pub fn of(catalog: &Catalog, id: UserId) -> Choice {
        let person = Person::listed(catalog, id);
        let detail = match &person.name {
            Some(_) => format!("{} · user ID {id}", person.username),
            None => format!("user ID {id}"),
        };
        Choice { value: written(catalog, id), title: person.title().to_owned(), detail }
    }

    /// A whole group.
    pub fn of_group(group: &Group) -> Choice {
        let name = format::cut(&format::plain(&group.name), 60);
        let title = if name.is_empty() { format!("Group {}", i64::from(group.id)) } else { name };
        let people = format::count(group.user_ids.len() as i64, "person", "people");
        Choice { value: format!("{}{}", GROUP, i64::from(group.id)), title, detail: format!("group · {people}") }
    }
}

/// The users whom some texts name, one for each text; `None` where it is not clear who is meant.
pub async fn user_ids(app: &App, texts: Vec<String>) -> Result<Vec<Option<UserId>>, StoreError> {
    Ok(app.people.meant(texts).await?.iter().map(Meant::user).collect())
}

/// Puts the number of the user whom a field names in the place of the name. A field that is blank or holds a number stays as
/// it is, but for blanks around it.
///
/// # Errors
/// The sentence beside the field, if it names nobody or several people.
pub async fn fill_in(app: &App, parameters: &mut Parameters, field: &'static str) -> Result<(), FormRefusal> {
    let text = parameters.text(field).unwrap_or_default().trim().to_owned();
    if text.is_empty() {
        return Ok(());
    }
    if i64::from_text(&text).is_some() {
        parameters.set(field, text);
        return Ok(());
    }
    let meant = app.people.meant(vec![text.clone()]).await?;
    match meant.into_iter().next().map(|meant| sentence(&app.standings.catalog(), &text, meant)) {
        Some(Ok(id)) => parameters.set(field, id.to_string()),
        Some(Err(sentence)) => return Err(Fault { field, sentence, status: Status::BadRequest }.into()),
        None => {}
    }
    Ok(())
}

/// The user whom a text names, or the sentence that says why it is not clear who is meant.
pub fn sentence(catalog: &Catalog, text: &str, meant: Meant) -> Result<UserId, String> {
    let text = format::cut(&format::plain(text), Username::CHARACTERS_MAX);
    let list = |ids: &[UserId]| {
        let some: Vec<String> = ids.iter().take(NAMED_MAX).map(|id| told(catalog, *id)).collect();
        let more = if ids.len() > NAMED_MAX { " and others" } else { "" };
        format!("{}{more}", some.join(", "))
    };
    match meant {
        Meant::User(id) => Ok(id),
        Meant::Nobody(similar) if similar.is_empty() => Err(format!("Nobody is called “{text}”.")),
        Meant::Nobody(similar) => Err(format!("Nobody is called “{text}”. Similar names: {}.", list(&similar))),
        Meant::Several(ids) => {
            Err(format!("“{text}” may be {}. Enter the username or the user ID of one of them.", list(&ids)))
        }
    }
}

/// A user in a sentence, so that the user can be told from others of the same name.
fn told(catalog: &Catalog, id: UserId) -> String {
    let person = Person::listed(catalog, id);
    match &person.name {
        Some(name) => format!("{name} ({}, user ID {id})", person.username),
        None => format!("{} (user ID {id})", person.username),
    }
}

/// What to put into a form for a user, so that [`user_ids`] finds the same user again. This is the username, or the
/// number if there is no username or if the username reads as a number.
pub fn written(catalog: &Catalog, id: UserId) -> String {
    let username = catalog.users.get(&id).map(|user| user.username.as_str());
    username.filter(|username| i64::from_text(username).is_none()).map_or_else(|| id.to_string(), str::to_owned)
}

/// The groups that a text names, if it begins with [`GROUP`]: by number, or by name, which several may share.
pub fn groups_of_text(catalog: &Catalog, text: &str) -> Option<Vec<Arc<Group>>> {
    let begins = text.get(..GROUP.len()).is_some_and(|start| start.eq_ignore_ascii_case(GROUP));
    let name = begins.then(|| text[GROUP.len()..].trim())?;
    let number = i64::from_text(name);
    let of_number = catalog.groups().iter().find(|group| Some(i64::from(group.id)) == number);
    if let Some(group) = of_number {
        return Some(vec![Arc::clone(group)]);
    }
    let name = folded(name);
    Some(catalog.groups().iter().filter(|group| folded(&group.name) == name).cloned().collect())
}

/// The groups with a text in their names.
pub fn groups_like<'c>(catalog: &'c Catalog, text: &str) -> impl Iterator<Item = &'c Arc<Group>> {
    let text = folded(text.strip_prefix(GROUP).unwrap_or(text));
    catalog.groups().iter().filter(move |group| !text.is_empty() && folded(&group.name).contains(&text))
}
