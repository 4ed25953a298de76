//! `/admin/people`: users and groups.

use askama::Template;
use rocket::{State, get};

use super::field::Field;
use super::form::{Fault, FormRefusal};
use super::frame::{Frame, Tab};
use super::{Layout, encoded};
use crate::domain::Group;
use crate::pages::address::Address;
use crate::pages::browser::Browser;
use crate::pages::error_page::ErrorPage;
use crate::pages::format;
use crate::pages::html::Html;
use crate::pages::person::Person;
use crate::standings::UserFilter;
use crate::web::App;
use crate::web::caller::need;
use crate::web::kinds::After;
use crate::web::parameters::Parameters;
use crate::web::request::Request;
use crate::web::requests::directory::ListUsers;
use crate::web::signed_in_for::SignedInFor;

/// How many groups a page has.
const GROUPS_MAX: usize = 100;

/// How many users a page has.
const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "admin/people.html")]
struct PeoplePage {
    layout: Layout,
    admin: Frame,
    filter: Field,
    filtered: bool,
    first_page: bool,
    users: Vec<UserRow>,
    next: Option<String>,
    groups: Vec<GroupRow>,
    /// Whether the list of groups begins with the first.
    first_groups: bool,
    /// Where the list of groups goes on.
    next_groups: Option<String>,
    address: Address,
    /// The address of all users that the filter lets through, as CSV.
    download: String,
}

struct UserRow {
    person: Person,
    suspended: bool,
}

struct GroupRow {
    id: i64,
    name: String,
    members: String,
}

impl GroupRow {
    fn new(group: &Group) -> GroupRow {
        GroupRow {
            id: group.id.into(),
            name: format::cut(&format::plain(&group.name), 80),
            members: format::count(group.user_ids.len() as i64, "member", "members"),
        }
    }
}

/// Shows both lists.
#[get("/admin/people", data = "<parameters>")]
pub async fn list(
    _browser: Browser,
    me: SignedInFor<need::SeePeople>,
    address: Address,
    app: &State<App>,
    parameters: Parameters,
) -> Result<Html, ErrorPage> {
    let mut wanted = parameters.without_blanks();
    wanted.set("limit", PAGE.to_string());
    let (filter, fault) = match ListUsers::read(&wanted).map(UserFilter::from) {
        Ok(filter) => (Some(filter), None),
        Err(error) => (None, Some(FormRefusal::of(error, "filter").fault()?)),
    };
    let first_page = filter.as_ref().is_none_or(|filter| filter.after == 0);
    let (users, more) = match filter {
        Some(filter) => app.people.list_users(filter).await?,
        None => (Vec::new(), false),
    };
    let typed = parameters.text("filter").unwrap_or_default().trim();
    let next = users.last().filter(|_| more).map(|last| {
        let filter = if typed.is_empty() { String::new() } else { format!("filter={}&", encoded(typed)) };
        format!("/admin/people?{filter}after={}", last.id)
    });
    let query = if typed.is_empty() { String::new() } else { format!("?filter={}", encoded(typed)) };
    let catalog = app.standings.catalog();
    let after_group = parameters.optional("after_group").ok().flatten().map_or(0, After::get);
    let groups = &catalog.groups()[catalog.groups().partition_point(|group| i64::from(group.id) <= after_group)..];
    let shown_groups = &groups[..groups.len().min(GROUPS_MAX)];
    let template = PeoplePage {
        download: format!("/admin/people.csv{query}"),
        layout: Layout::new(super::Section::Administration),
        admin: Frame::after(Tab::People, &me.0, parameters.text("done")),
        filter: Field::search("filter", "Find a user").value(typed).placeholder("part of a name").fault(fault.as_ref()),
        filtered: !typed.is_empty(),
        first_page,
        users: users
            .iter()
            .map(|user| UserRow { person: Person::listed(&catalog, user.id), suspended: user.suspended })
            .collect(),
        next,
        groups: shown_groups.iter().map(|group| GroupRow::new(group)).collect(),
        first_groups: after_group == 0,
        next_groups: shown_groups
            .last()
            .filter(|_| shown_groups.len() < groups.len())
            .map(|last| format!("{}?after_group={}#groups", Tab::People.path(), i64::from(last.id))),
        address,
    };
    Ok(Html::new(&template)?.status(Fault::status_of(fault.as_ref())).unkept())
}
