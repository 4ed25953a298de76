//! `/admin/people`: everybody who has points or a name, and the groups.

mod listing;
pub mod naming;

use std::collections::HashMap;

use askama::Template;
use rocket::{State, get};

use self::listing::{Listing, Order};
use super::field::Field;
use super::form::{Fault, FormRefusal};
use super::frame::{Frame, Tab};
use super::{Layout, encoded};
use crate::domain::{EventDate, Group, GroupId, UserId};
use crate::pages::address::Address;
use crate::pages::browser::Browser;
use crate::pages::error_page::ErrorPage;
use crate::pages::format;
use crate::pages::html::Html;
use crate::pages::person::Person;
use crate::standings::{Catalog, UserFilter, View};
use crate::store::{ReadConnection, directory, last_activity};
use crate::web::App;
use crate::web::caller::need;
use crate::web::kinds::After;
use crate::web::parameters::Parameters;
use crate::web::request::Request;
use crate::web::requests::directory::ListUsers;
use crate::web::signed_in_for::SignedInFor;

/// How many groups a page has.
const GROUPS_MAX: usize = 100;

/// How many people a page has.
const PAGE: usize = 50;

/// How many groups of a person are named.
const GROUPS_NAMED_MAX: usize = 3;

#[derive(Template)]
#[template(path = "admin/people.html")]
struct PeoplePage {
    layout: Layout,
    admin: Frame,
    filter: Field,
    filtered: bool,
    first_page: bool,
    order: Order,
    people: Vec<PersonRow>,
    next: Option<String>,
    /// How many have points, with their noun.
    ranked: String,
    /// How many of those are not in the directory.
    unnamed: String,
    has_unnamed: bool,
    /// Which page of those without a name it is, to come back to it.
    page: usize,
    /// Where the list begins.
    first: &'static str,
    groups: Vec<GroupRow>,
    /// Whether the list of groups begins with the first.
    first_groups: bool,
    /// Where the list of groups goes on.
    next_groups: Option<String>,
    address: Address,
    /// The address of all users that the filter lets through, as CSV.
    download: String,
}

struct PersonRow {
    person: Person,
    suspended: bool,
    score: String,
    negative: bool,
    /// The last day with points, and the same for machines.
    last: Option<(String, String)>,
    groups: String,
    /// What was typed as a name for this person, and why it is refused.
    naming: Option<(String, String)>,
}

struct GroupRow {
    id: i64,
    name: String,
    members: String,
}

impl PeoplePage {
    fn by_score(&self) -> bool {
        self.order == Order::Score
    }

    fn by_name(&self) -> bool {
        self.order == Order::Name
    }

    fn by_activity(&self) -> bool {
        self.order == Order::Activity
    }

    fn is_unnamed(&self) -> bool {
        self.order == Order::Unnamed
    }
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

/// What is read from the database of the people on a page.
type Read = (HashMap<UserId, EventDate>, HashMap<UserId, Vec<GroupId>>);

/// The names of groups in a few words.
fn groups_in_short(catalog: &Catalog, ids: &[GroupId]) -> String {
    let groups = catalog.groups();
    let found = |id: &GroupId| groups.binary_search_by_key(id, |group| group.id).ok().map(|at| &groups[at]);
    let name = |id: &GroupId| {
        let name = found(id).map(|group| format::cut(&format::plain(&group.name), 40)).unwrap_or_default();
        if name.is_empty() { format!("group {}", i64::from(*id)) } else { name }
    };
    let mut names: Vec<String> = ids.iter().take(GROUPS_NAMED_MAX).map(name).collect();
    if ids.len() > GROUPS_NAMED_MAX {
        names.push(format!("{} more", format::number((ids.len() - GROUPS_NAMED_MAX) as i64)));
    }
    names.join(", ")
}

/// The rows of some people.
async fn rows(app: &App, view: &View, ids: Vec<UserId>) -> Result<Vec<PersonRow>, ErrorPage> {
    let today = app.clock.today();
    let asked_for = ids.clone();
    let read = move |connection: &ReadConnection<'_>| -> Result<Read, _> {
        let days = last_activity::last_days(connection, &asked_for, today)?;
        let groups = asked_for.into_iter().map(|id| Ok((id, directory::groups_of(connection, id)?)));
        Ok((days, groups.collect::<Result<_, crate::store::StoreError>>()?))
    };
    let (days, groups) = app.store.read(read).await?;
    let catalog = app.standings.catalog();
    let row = |id: UserId| {
        let score = view.ranked.get(id).map_or(0, |entry| entry.score);
        PersonRow {
            person: Person::in_full(&catalog, id),
            suspended: catalog.suspended.contains(id),
            score: format::number(score),
            negative: score < 0,
            last: days.get(&id).map(|date| (format::short_date(*date), date.to_string())),
            groups: groups_in_short(&catalog, groups.get(&id).map(Vec::as_slice).unwrap_or_default()),
            naming: None,
        }
    };
    Ok(ids.into_iter().map(row).collect())
}

/// The page, with what was typed to name somebody and is refused.
async fn page(
    app: &App,
    admin: Frame,
    address: Address,
    parameters: &Parameters,
    refused: Option<(UserId, &str, &Fault)>,
) -> Result<Html, ErrorPage> {
    let mut wanted = parameters.without_blanks();
    wanted.set("limit", PAGE.to_string());
    let (filter, fault) = match ListUsers::read(&wanted).map(UserFilter::from) {
        Ok(filter) => (Some(filter), None),
        Err(error) => (None, Some(FormRefusal::of(error, "filter").fault()?)),
    };
    let typed = parameters.text("filter").unwrap_or_default().trim();
    let view = listing::standings(app).await?;
    let listing = match filter {
        Some(filter) if admin.may_read() => Listing::read(app, &view, filter, parameters).await?,
        _ => Listing::default(),
    };
    let mut people = rows(app, &view, listing.ids).await?;
    if let Some((id, typed, fault)) = refused {
        for row in people.iter_mut().filter(|row| row.person.id == id) {
            row.naming = Some((typed.to_owned(), fault.sentence.clone()));
        }
    }
    let next = listing.next.map(|rest| {
        let filter = if typed.is_empty() { String::new() } else { format!("filter={}&", encoded(typed)) };
        format!("/admin/people?{filter}{rest}")
    });
    let query = if typed.is_empty() { String::new() } else { format!("?filter={}", encoded(typed)) };
    let catalog = app.standings.catalog();
    let after_group = parameters.optional("after_group").ok().flatten().map_or(0, After::get);
    let groups = &catalog.groups()[catalog.groups().partition_point(|group| i64::from(group.id) <= after_group)..];
    let shown_groups = &groups[..groups.len().min(GROUPS_MAX)];
    let unnamed = view.unnamed().len();
    let status = refused.map_or_else(|| Fault::status_of(fault.as_ref()), |(_, _, fault)| fault.status);
    let template = PeoplePage {
        download: format!("/admin/people.csv{query}"),
        layout: Layout::new(super::Section::Administration),
        admin,
        filter: Field::search("filter", "Find a person")
            .value(typed)
            .placeholder("name or user ID")
            .fault(fault.as_ref()),
        filtered: !typed.is_empty(),
        first_page: listing.is_first,
        order: listing.order,
        people,
        next,
        ranked: format::count(view.ranked.len() as i64, "person has", "people have"),
        unnamed: format::number(unnamed as i64),
        has_unnamed: unnamed > 0,
        page: listing.page,
        first: match listing.order {
            Order::Score => "/admin/people",
            Order::Name => "/admin/people?sort=name",
            Order::Activity => "/admin/people?sort=activity",
            Order::Unnamed => "/admin/people?names=missing",
        },
        groups: shown_groups.iter().map(|group| GroupRow::new(group)).collect(),
        first_groups: after_group == 0,
        next_groups: shown_groups
            .last()
            .filter(|_| shown_groups.len() < groups.len())
            .map(|last| format!("{}?after_group={}#groups", Tab::People.path(), i64::from(last.id))),
        address,
    };
    Ok(Html::new(&template)?.status(status).unkept())
}

/// Shows the people and the groups.
#[get("/admin/people", data = "<parameters>")]
pub async fn list(
    _browser: Browser,
    me: SignedInFor<need::SeePeople>,
    address: Address,
    app: &State<App>,
    parameters: Parameters,
) -> Result<Html, ErrorPage> {
    let admin = Frame::after(Tab::People, &me.0, parameters.text("done"));
    page(app, admin, address, &parameters, None).await
}
