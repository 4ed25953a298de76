//! Whom the lines of the award's form name: by user ID, username or full name, or a whole group.
//!
//! A line that names nobody, or more than one, is a doubt. The form shows each with those who may be meant, and the one
//! who is chosen takes the place of the line when the form is sent again.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rocket::http::Status;

use crate::domain::{Group, UserId};
use crate::pages::admin::form::{Fault, Form, FormRefusal};
use crate::pages::admin::who::{self, Choice};
use crate::pages::format;
use crate::standings::{Catalog, Meant};
use crate::web::App;
use crate::web::error::ApiError;
use crate::web::request::RECORDS_MAX;

/// The field with the lines.
pub const FIELD: &str = "user_id";

/// How many doubts are shown with choices.
const DOUBTS_MAX: usize = 20;

/// How many people or groups are offered for a line.
const CHOICES_MAX: usize = 8;

/// What leaves a line out, where somebody else would be chosen.
const LEAVE_OUT: &str = "-";

/// The people whom the lines name, each once, in the order of the lines.
#[derive(Debug, Clone, Default)]
pub struct People {
    /// Who they are.
    pub ids: Vec<UserId>,
    /// How many of them were named more than once.
    pub repeated: usize,
}

/// The lines that leave a doubt.
#[derive(Debug, Clone)]
pub struct Doubts {
    /// The first of them.
    pub shown: Vec<Doubt>,
    /// How many more there are.
    pub more: Option<String>,
}

impl Doubts {
    /// The fault of the field that holds the lines.
    pub fn fault(&self) -> Fault {
        let sentence = match &self.shown[..] {
            [doubt] => doubt.sentence.clone(),
            _ => "Some lines are not clear.".to_owned(),
        };
        Fault { field: FIELD, sentence, status: Status::BadRequest }
    }

    /// Whether the fault of the field says all of it.
    pub fn is_one(&self) -> bool {
        self.shown.len() == 1
    }
}

/// A line that names nobody, or more than one.
#[derive(Debug, Clone)]
pub struct Doubt {
    /// Its number among the doubts, for the names of its fields.
    pub number: usize,
    /// The line.
    pub line: String,
    /// What is wrong with it, and who may be meant.
    pub sentence: String,
    /// What is wrong with it, where those who may be meant stand below.
    pub short: String,
    /// Who may be meant.
    pub choices: Vec<Choice>,
}

/// Why the lines name nobody.
pub enum NoPeople {
    /// The field as a whole is wrong, or the database can't be asked.
    Refusal(FormRefusal),
    /// Some lines leave a doubt.
    Doubts(Doubts),
}

impl<E: Into<FormRefusal>> From<E> for NoPeople {
    fn from(refusal: E) -> NoPeople {
        NoPeople::Refusal(refusal.into())
    }
}

/// Whom a line names.
enum Named {
    Person(UserId),
    Group(Arc<Group>),
    /// No group of that name, or several.
    Groups(Vec<Arc<Group>>),
    Unclear(Meant),
}

/// Puts what was chosen for lines that left a doubt in the place of these lines.
pub fn take_choices(form: &mut Form) {
    form.unify_lines(FIELD);
    let chosen: HashMap<String, String> = (0..DOUBTS_MAX)
        .filter_map(|number| {
            let line = form.filled(&format!("line_{number}"))?.to_owned();
            Some((line, form.filled(&format!("choice_{number}"))?.to_owned()))
        })
        .collect();
    if chosen.is_empty() {
        return;
    }
    let lines = form.typed(FIELD).lines().map(str::trim);
    let lines = lines.map(|line| chosen.get(line).map_or(line, String::as_str)).filter(|line| *line != LEAVE_OUT);
    let text = lines.collect::<Vec<_>>().join("\n");
    form.set(FIELD, text);
}

/// Finds the people whom the lines of the field name. Only who may read the directory is told who may be meant.
pub async fn named(app: &App, text: &str, may_read: bool) -> Result<People, NoPeople> {
    let lines: Vec<String> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    if lines.is_empty() {
        return Err(FormRefusal::of(ApiError::Missing(FIELD), "").into());
    }
    if lines.len() > RECORDS_MAX {
        return Err(too_many().into());
    }
    let catalog = app.standings.catalog();
    let found = look_up(app, &catalog, &lines).await?;
    let (mut people, mut seen, mut doubts) = (People::default(), HashSet::new(), Vec::new());
    for (line, named) in lines.iter().zip(found) {
        let ids = match named {
            Named::Person(id) => vec![id],
            Named::Group(group) => group.user_ids.clone(),
            doubt => {
                if !doubts.iter().any(|(known, _): &(&String, Named)| *known == line) {
                    doubts.push((line, doubt));
                }
                continue;
            }
        };
        for id in ids {
            if seen.insert(id) {
                people.ids.push(id);
            } else {
                people.repeated += 1;
            }
        }
    }
    if !doubts.is_empty() {
        return Err(NoPeople::Doubts(told(&catalog, doubts, may_read)));
    }
    if people.ids.is_empty() {
        return Err(Fault::new(FIELD, "Nobody is in this group.").into());
    }
    if people.ids.len() > RECORDS_MAX { Err(too_many().into()) } else { Ok(people) }
}

fn too_many() -> Fault {
    const SENTENCE: &str = "These are more than 10,000 people. The command “scorekeeper import” takes any number.";
    Fault::new(FIELD, SENTENCE)
}

/// Whom each line names.
async fn look_up(app: &App, catalog: &Catalog, lines: &[String]) -> Result<Vec<Named>, FormRefusal> {
    let meant = app.people.meant(lines.to_vec()).await?;
    let named = |(line, meant): (&String, Meant)| match (meant, who::groups_of_text(catalog, line)) {
        (Meant::User(id), _) => Named::Person(id),
        (_, Some(mut found)) if found.len() == 1 => Named::Group(found.remove(0)),
        (_, Some(found)) => Named::Groups(found),
        (doubt, None) => Named::Unclear(doubt),
    };
    Ok(lines.iter().zip(meant).map(named).collect())
}

/// The doubts as they are shown.
fn told(catalog: &Catalog, doubts: Vec<(&String, Named)>, may_read: bool) -> Doubts {
    let count = doubts.len();
    let people =
        |ids: &[UserId]| -> Vec<Choice> { ids.iter().take(CHOICES_MAX).map(|id| Choice::of(catalog, *id)).collect() };
    let groups = |groups: &[Arc<Group>]| groups.iter().take(CHOICES_MAX).map(|group| Choice::of_group(group)).collect();
    let doubt = |(number, (line, doubt)): (usize, (&String, Named))| {
        let quoted = format::cut(&format::plain(line), 80);
        let nobody = format!("Nobody is called “{quoted}”.");
        let several = format!("Several people are called “{quoted}”.");
        let (short, sentence, choices) = match doubt {
            Named::Groups(found) if found.is_empty() => (format!("No group is called “{quoted}”."), None, Vec::new()),
            Named::Groups(found) => (format!("Several groups are called “{quoted}”."), None, groups(&found)),
            Named::Unclear(Meant::Nobody(similar)) => {
                let mut choices: Vec<Choice> = people(&similar);
                choices.extend(who::groups_like(catalog, line).take(2).map(|group| Choice::of_group(group)));
                (nobody, who::sentence(catalog, line, Meant::Nobody(similar)).err(), choices)
            }
            Named::Unclear(Meant::Several(ids)) => {
                let choices = people(&ids);
                (several, who::sentence(catalog, line, Meant::Several(ids)).err(), choices)
            }
            // Whoever is clear is no doubt.
            Named::Person(_) | Named::Group(_) | Named::Unclear(Meant::User(_)) => (several, None, Vec::new()),
        };
        let (sentence, choices) = if may_read { (sentence, choices) } else { (None, Vec::new()) };
        Doubt { number, line: line.clone(), sentence: sentence.unwrap_or_else(|| short.clone()), short, choices }
    };
    let shown: Vec<Doubt> = doubts.into_iter().take(DOUBTS_MAX).enumerate().map(doubt).collect();
    let more = count - shown.len();
    let more = (more > 0).then(|| format!("and {}", format::count(more as i64, "more line", "more lines")));
    Doubts { shown, more }
}
