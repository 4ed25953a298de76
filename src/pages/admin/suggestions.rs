//! `/admin/people/suggestions`: who may be meant while a name is being typed, for the script of the forms.

use rocket::{State, get};
use serde::Serialize;

use super::who::{self, Choice};
use crate::standings::Found;
use crate::web::App;
use crate::web::caller::need;
use crate::web::error::ApiError;
use crate::web::kinds::FullName;
use crate::web::reply::Json;
use crate::web::request::Sent;
use crate::web::requests::directory::Suggest;
use crate::web::signed_in_for::SignedInFor;

/// How many people are suggested.
const PEOPLE_MAX: usize = 8;

/// How many groups are suggested.
const GROUPS_MAX: usize = 3;

/// `{"people":[…],"groups":[…]}`
#[derive(Debug, Serialize)]
pub struct Suggestions {
    people: Vec<Suggestion>,
    groups: Vec<Suggestion>,
}

/// Somebody who may be meant, or a group.
#[derive(Debug, Serialize)]
struct Suggestion {
    /// What to put into the field.
    value: String,
    /// The name that is read first.
    title: String,
    /// What tells it from others.
    detail: String,
}

impl From<Choice> for Suggestion {
    fn from(choice: Choice) -> Suggestion {
        let Choice { value, title, detail } = choice;
        Suggestion { value, title, detail }
    }
}

/// Suggests people, and groups whose names have the text in them.
#[get("/admin/people/suggestions", data = "<asked>")]
pub async fn suggest(
    _me: SignedInFor<need::ReadEvents>,
    app: &State<App>,
    asked: Sent<Suggest>,
) -> Result<Json<Suggestions>, ApiError> {
    let FullName(text) = asked.read()?.text;
    let catalog = app.standings.catalog();
    let people = match app.people.find(&text, PEOPLE_MAX).await? {
        Found::One(id) => vec![id],
        Found::Like(ids) => ids,
    };
    let groups = who::groups_like(&catalog, &text).take(GROUPS_MAX);
    Ok(Json(Suggestions {
        people: people.into_iter().map(|id| Choice::of(&catalog, id).into()).collect(),
        groups: groups.map(|group| Choice::of_group(group).into()).collect(),
    }))
}
