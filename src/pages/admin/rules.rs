//! `/admin/rules`: which deeds give points by themselves, and how many; a form for each rule.

use askama::Template;
use rocket::{State, get, post};

use super::form::{Filling, Form, FormRefusal, SentForm};
use super::frame::{Frame, Tab};
use super::{Layout, go};
use crate::domain::{Rule, RuleChange, RuleName};
use crate::pages::browser::Browser;
use crate::pages::error_page::ErrorPage;
use crate::pages::format;
use crate::pages::html::Html;
use crate::store::rules;
use crate::web::App;
use crate::web::caller::need;
use crate::web::parameters::Parameters;
use crate::web::path::RuleNamePath;
use crate::web::requests::rules::ChangeRule;
use crate::web::session::SignedIn;
use crate::web::signed_in_for::SignedInFor;

/// How many days back it is counted how often a rule has counted, today included.
const DAYS: u32 = 30;

#[derive(Template)]
#[template(path = "admin/rules.html")]
struct RulesPage {
    layout: Layout,
    admin: Frame,
    rows: Vec<RuleRow>,
}

struct RuleRow {
    name: &'static str,
    label: &'static str,
    /// What it counts, and who gets points.
    about: &'static str,
    points: String,
    limit: String,
    categories: String,
    enabled: bool,
    counted: String,
    /// What is wrong in its form: the field, and a sentence.
    fault: Option<(&'static str, String)>,
}

impl RuleRow {
    fn new(rule: &Rule, counted: i64, filling: Filling<'_>) -> RuleRow {
        let categories = rule.category_ids.iter().map(|id| i64::from(*id).to_string()).collect::<Vec<_>>().join(", ");
        let limit = rule.daily_limit.map(|limit| i64::from(limit).to_string()).unwrap_or_default();
        let (label, about) = words(rule.name);
        RuleRow {
            name: rule.name.name(),
            label,
            about,
            points: filling.value("points", i64::from(rule.points).to_string()),
            limit: filling.value("daily_limit", limit),
            categories: filling.value("category_ids", categories),
            enabled: filling.flag("enabled", rule.enabled),
            counted: format::number(counted),
            fault: filling.fault().map(|fault| (fault.field, fault.sentence.clone())),
        }
    }

    /// Whether a field of its form is wrong.
    fn is_wrong(&self, field: &str) -> bool {
        self.fault.as_ref().is_some_and(|(wrong, _)| *wrong == field)
    }
}

/// What a rule is called, what it counts and who gets points, for people.
fn words(name: RuleName) -> (&'static str, &'static str) {
    match name {
        RuleName::PostCreated => ("Posts", "Whoever writes one, except the first of a topic."),
        RuleName::TopicCreated => ("Topics", "Whoever begins one."),
        RuleName::LikeGiven => ("Likes given", "Whoever likes a post."),
        RuleName::LikeReceived => ("Likes received", "Whoever wrote the post."),
        RuleName::Solution => ("Solutions", "Whoever wrote it, unless the topic is their own."),
        RuleName::ChatMessageCreated => ("Chat messages", "Whoever writes one in a channel."),
    }
}

/// The rules, with what was sent for one of them, if something was refused.
async fn page(app: &App, admin: Frame, sent: Option<(RuleName, Filling<'_>)>) -> Result<Html, ErrorPage> {
    let today = app.clock.today();
    let (rules, counted) = if admin.may_read() {
        let read = move |connection: &crate::store::ReadConnection<'_>| {
            Ok((rules::list(connection)?, rules::counted(connection, today.minus_days(DAYS - 1), today)?))
        };
        app.store.read(read).await?
    } else {
        (Vec::new(), Vec::new())
    };
    let filling = |name| sent.filter(|(sent, _)| *sent == name).map_or(Filling::Stored, |(_, filling)| filling);
    let rows = rules.iter().zip(counted).map(|(rule, counted)| RuleRow::new(rule, counted, filling(rule.name)));
    let template = RulesPage { layout: admin.layout(), rows: rows.collect(), admin };
    let status = sent.map_or(rocket::http::Status::Ok, |(_, filling)| filling.status());
    Ok(Html::new(&template)?.status(status).unkept())
}

/// Shows all rules.
#[get("/admin/rules", data = "<parameters>")]
pub async fn list(
    _browser: Browser,
    me: SignedInFor<need::SeeBoards>,
    app: &State<App>,
    parameters: Parameters,
) -> Result<Html, ErrorPage> {
    page(app, Frame::after(Tab::Rules, &me.0, parameters.text("done")), None).await
}

/// Stores the change of a rule that a form asks for.
async fn save(app: &App, me: &SignedIn, name: RuleName, form: &mut Form) -> Result<(), FormRefusal> {
    // A browser sends nothing of a box that is not ticked.
    if form.typed("enabled").is_empty() {
        form.set("enabled", "false");
    }
    // People put blanks behind commas.
    let category_ids = form.typed("category_ids").replace(' ', "");
    form.set("category_ids", category_ids);
    let change = form.read::<ChangeRule>().and_then(RuleChange::try_from);
    let change = change.map_err(|error| FormRefusal::of(error, ""))?;
    let saved = app.actions.update_rule(&me.actor, name, change).await;
    saved.map_err(|refusal| FormRefusal::of(refusal, ""))
}

/// Changes a rule.
#[post("/admin/rules/<name>/edit", data = "<form>")]
pub async fn update(
    _browser: Browser,
    editor: SignedInFor<need::SetUpBoards>,
    app: &State<App>,
    name: RuleNamePath,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    let me = editor.0;
    let mut form = form.of(&me)?;
    let name = name.known()?;
    match save(app, &me, name, &mut form).await {
        Ok(()) => Ok(go(Tab::Rules.path(), "rule-saved")),
        Err(refusal) => {
            let fault = refusal.fault()?;
            page(app, Frame::new(Tab::Rules, &me), Some((name, Filling::Refused(&form, &fault)))).await
        }
    }
}
