//! What an award would change, before it is stored: for one person on a card, for several in a table.

use std::collections::HashMap;

use askama::Template;

use super::asked::{Asked, IDS, Way};
use super::people;
use crate::domain::{EventDate, UserId};
use crate::pages::admin::Layout;
use crate::pages::admin::form::{Form, minted_key};
use crate::pages::admin::frame::{Frame, Tab};
use crate::pages::error_page::ErrorPage;
use crate::pages::format;
use crate::pages::html::Html;
use crate::pages::person::Person;
use crate::store::scores;
use crate::web::App;
use crate::web::session::SignedIn;

/// What is typed into the form, and is sent again by the preview.
const FIELDS: [&str; 6] = ["kind", people::FIELD, "points", "date", "description", "minimum_score"];

/// How many people the preview shows. All of them are checked.
const SHOWN_MAX: usize = 100;

#[derive(Template)]
#[template(path = "admin/award_preview.html")]
struct PreviewPage {
    layout: Layout,
    admin: Frame,
    verb: &'static str,
    /// Who gets points, if it is one person.
    one: Option<Row>,
    /// The first of those who get points, if they are several.
    rows: Vec<Row>,
    more: Option<String>,
    /// How many they are, with their noun and without.
    people: String,
    count: String,
    /// What all of them get together.
    in_all: String,
    /// How many of them nobody has named and never had points.
    unknown: Option<String>,
    repeated: Option<String>,
    change: String,
    amount: String,
    negative: bool,
    shows_score: bool,
    date: String,
    /// Whether the events count only from a later day on.
    later: bool,
    description: String,
    /// What has to remain.
    minimum: Option<String>,
    /// All that was typed, to be sent again.
    hidden: Vec<(&'static str, String)>,
    key: String,
}

/// What becomes of one person.
struct Row {
    person: Person,
    suspended: bool,
    /// Nobody has named this person, who never had points either.
    unknown: bool,
    before: String,
    after: String,
    /// Whether the score is below zero afterwards.
    below_zero: bool,
}

/// The preview.
pub async fn page(app: &App, me: &SignedIn, form: &Form, asked: &Asked) -> Result<Html, ErrorPage> {
    let ids = &asked.people.ids;
    let catalog = app.standings.catalog();
    let unknown = app.people.unheard_of(ids.clone()).await?;
    let shown: Vec<UserId> = ids.iter().copied().take(SHOWN_MAX).collect();
    let today = app.clock.today();
    let asked_for = shown.clone();
    let totals = app.store.read(move |connection| {
        let snapshot = connection.unchecked_transaction()?;
        let total = |id| Ok((id, scores::total(&snapshot, id, &(EventDate::MIN..=today))?));
        asked_for.into_iter().map(total).collect::<Result<HashMap<UserId, i64>, _>>()
    });
    let totals = totals.await?;
    let each = asked.each();
    let points = i64::from(each.points);
    let row = |id: &UserId| {
        let before = totals.get(id).copied().unwrap_or_default();
        let after = before.saturating_add(points);
        Row {
            person: Person::in_full(&catalog, *id),
            suspended: catalog.suspended.contains(*id),
            unknown: unknown.contains(id),
            before: format::number(before),
            after: format::number(after),
            below_zero: after < 0,
        }
    };
    let mut rows: Vec<Row> = shown.iter().map(row).collect();
    let one = if ids.len() == 1 { rows.pop() } else { None };
    let count = |count: usize, one, many| (count > 0).then(|| format::count(count as i64, one, many));
    let admin = Frame::new(Tab::Award, me);
    let description = each.description.as_ref().map(|description| description.as_str()).unwrap_or_default();
    let mut hidden: Vec<(&'static str, String)> = FIELDS.map(|name| (name, form.typed(name).to_owned())).into();
    hidden.push((IDS, ids.iter().map(UserId::to_string).collect::<Vec<_>>().join(",")));
    let template = PreviewPage {
        layout: admin.layout(),
        shows_score: app.public || admin.may_read(),
        admin,
        verb: asked.way.verb(),
        one,
        more: count(ids.len() - shown.len(), "more", "more").map(|more| format!("and {more}")),
        rows,
        people: format::count(ids.len() as i64, "person", "people"),
        count: format::number(ids.len() as i64),
        in_all: format::signed(points.saturating_mul(ids.len() as i64)),
        unknown: count(unknown.len(), "of them is", "of them are"),
        repeated: count(asked.people.repeated, "line names", "lines name"),
        change: format::signed(points),
        amount: format::points(points.abs()),
        negative: points < 0,
        date: format::date(each.date),
        later: each.date > today,
        description: format::plain(description).into_owned(),
        minimum: (asked.way == Way::Redeem).then(|| format::number(each.minimum_score.unwrap_or(0))),
        hidden,
        key: minted_key()?,
    };
    Ok(Html::new(&template)?.unkept())
}
