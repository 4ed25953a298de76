//! `/admin/award/stored`: what a form has stored, with the way to take it back and to the next award.

use std::sync::Arc;
use std::time::Instant;

use askama::Template;
use rocket::{State, get, post};

use crate::domain::{Award, EventDate, EventId, UserId};
use crate::pages::admin::Layout;
use crate::pages::admin::form::SentForm;
use crate::pages::admin::frame::{Frame, Tab};
use crate::pages::browser::Browser;
use crate::pages::error_page::ErrorPage;
use crate::pages::format;
use crate::pages::html::Html;
use crate::pages::person::Person;
use crate::store::{BUSY_LIMIT, ReadConnection, scores};
use crate::web::App;
use crate::web::caller::need;
use crate::web::error::ApiError;
use crate::web::kinds::Parameter;
use crate::web::parameters::Parameters;
use crate::web::session::SignedIn;
use crate::web::signed_in_for::SignedInFor;
use crate::web::stored_forms::StoredForm;

#[derive(Template)]
#[template(path = "admin/award_stored.html")]
struct StoredPage {
    layout: Layout,
    admin: Frame,
    first: EventId,
    /// Whose points they are, if that is one person.
    person: Option<Person>,
    sentence: String,
    /// What was stored, in a few words.
    facts: Vec<String>,
    undone: bool,
    may_undo: bool,
    /// Where the events are shown, if the key may look at them.
    events: Option<String>,
}

/// Notes what a form of this session has stored, and leads to the page that tells of it. `each` is what everybody got,
/// where all got the same.
pub fn noted(app: &App, me: &SignedIn, first: EventId, awards: &[Award], each: Option<Arc<Award>>) -> Html {
    let mut people: Vec<UserId> = awards.iter().map(|award| award.user_id).collect();
    let Some(user_id) = people.first().copied() else { return Html::moved(Tab::Award.path()) };
    people.sort_unstable();
    people.dedup();
    let each = each.filter(|_| people.len() == awards.len());
    let stored = StoredForm { first, count: awards.len(), user_id, people: people.len(), each, undone: false };
    app.stored_forms.note(me.csrf(), stored);
    Html::moved(format!("/admin/award/stored?first={first}"))
}

/// What has become of those who got points.
async fn sentence(app: &App, stored: &StoredForm, shows_score: bool) -> Result<(Option<Person>, String), ErrorPage> {
    let events = format::count(stored.count as i64, "event is", "events are");
    let person = (stored.people == 1).then(|| Person::in_full(&app.standings.catalog(), stored.user_id));
    if stored.undone {
        return Ok((person, format!("Undone: {events} deleted.")));
    }
    let today = app.clock.today();
    match &stored.each {
        Some(each) if each.date > today => {
            let change = format::signed(each.points.into());
            let day = format::date(each.date);
            let who = if person.is_some() { String::new() } else { format!("{} ", people(stored)) };
            Ok((person, format!("{who}will have {change} on {day}")))
        }
        _ if person.is_some() && shows_score => {
            let id = stored.user_id;
            let read = move |connection: &ReadConnection<'_>| scores::total(connection, id, &(EventDate::MIN..=today));
            let score = app.store.read(read).await?;
            Ok((person, format!("has {} now", format::points(score))))
        }
        Some(each) if person.is_none() => {
            let points = i64::from(each.points);
            let more = if points < 0 { "less" } else { "more" };
            let noun = if points.abs() == 1 { "point" } else { "points" };
            Ok((None, format!("{} have {} {more} {noun} now", people(stored), format::number(points.abs()))))
        }
        _ => Ok((None, format!("{events} stored."))),
    }
}

fn people(stored: &StoredForm) -> String {
    format::count(stored.people as i64, "person", "people")
}

/// Tells what the form with that first event has stored.
#[get("/admin/award/stored", data = "<parameters>")]
pub async fn show(
    _browser: Browser,
    editor: SignedInFor<need::StoreEvents>,
    app: &State<App>,
    parameters: Parameters,
) -> Result<Html, ErrorPage> {
    let me = editor.0;
    let first = parameters.text("first").and_then(EventId::from_text);
    let stored = first.and_then(|first| app.stored_forms.find(me.csrf(), first));
    // Another session has stored it, or it is long ago.
    let Some(stored) = stored else { return Ok(Html::moved(Tab::Award.path())) };
    let admin = Frame::new(Tab::Award, &me);
    let (person, sentence) = sentence(app, &stored, app.public || admin.may_read()).await?;
    let events = match stored.count {
        1 => format!("/admin/events/{}", stored.first),
        _ => Tab::Events.path().to_owned(),
    };
    let template = StoredPage {
        layout: admin.layout(),
        first: stored.first,
        person,
        sentence,
        facts: stored.each.as_deref().map(facts).unwrap_or_default(),
        undone: stored.undone,
        may_undo: admin.may_correct() && !stored.undone,
        events: admin.may_read().then_some(events),
        admin,
    };
    Ok(Html::new(&template)?.unkept())
}

/// What each of them got, in a few words.
fn facts(each: &Award) -> Vec<String> {
    let description = each.description.as_ref().map(|text| format::plain(text.as_str()).into_owned());
    let description = description.filter(|text| !text.trim().is_empty()).map(|text| format::cut(&text, 120));
    [Some(format::signed(each.points.into())), Some(format::date(each.date)), description]
        .into_iter()
        .flatten()
        .collect()
}

/// Takes back all that the form with that first event has stored, and nothing else. Sent again, it finds nothing more.
#[post("/admin/award/undo", data = "<form>")]
pub async fn undo(
    _browser: Browser,
    corrector: SignedInFor<need::CorrectEvents>,
    app: &State<App>,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    let me = corrector.0;
    let form = form.of(&me)?;
    let first = EventId::from_text(form.typed("first"));
    let stored = first.and_then(|first| app.stored_forms.find(me.csrf(), first)).ok_or(ApiError::NotFound)?;
    if !stored.undone {
        app.actions.take_back(&me.actor, stored.ids(), Instant::now() + BUSY_LIMIT).await?;
        app.stored_forms.undone(me.csrf(), stored.first);
    }
    Ok(Html::moved(format!("/admin/award/stored?first={}", stored.first)))
}
