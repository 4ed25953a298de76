//! What the award's form asks for: whose points, how many, and which of the three ways of giving and taking.

use rocket::http::Status;

use super::people::{self, Doubts, NoPeople, People};
use crate::domain::{Award, Points, Scope, UserId};
use crate::pages::admin::form::{Fault, Form, FormRefusal};
use crate::web::App;
use crate::web::kinds::Parameter;
use crate::web::request::{RECORDS_MAX, Request};
use crate::web::requests::events::NewEvent;
use crate::web::session::SignedIn;

/// The field of the preview that holds the user IDs of all whom the lines named, so that what is stored is what was looked
/// at, whatever happens to a group meanwhile.
pub const IDS: &str = "ids";

/// What is done with points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Points are given.
    Award,
    /// Points are taken, but only those that are there.
    Redeem,
    /// Points are taken, whether or not they are there.
    Take,
}

/// What a form asks for.
pub struct Asked {
    /// Whose points.
    pub people: People,
    /// What each of them gets. The user is a stand-in.
    each: Award,
    /// How.
    pub way: Way,
}

/// Why a form can't be done as it is.
pub enum NotAsked {
    /// A field is not right, or the database can't be asked.
    Refusal(FormRefusal),
    /// It is not clear who is meant.
    Doubts(Doubts),
}

impl<E: Into<FormRefusal>> From<E> for NotAsked {
    fn from(refusal: E) -> NotAsked {
        NotAsked::Refusal(refusal.into())
    }
}

impl Way {
    /// The way that a form names; an award where it names none.
    pub fn of(kind: &str) -> Way {
        match kind {
            "redeem" => Way::Redeem,
            "take" => Way::Take,
            _ => Way::Award,
        }
    }

    /// The word that a form has for it.
    pub fn kind(self) -> &'static str {
        match self {
            Way::Award => "award",
            Way::Redeem => "redeem",
            Way::Take => "take",
        }
    }

    /// The way in which an award goes that is stored.
    pub fn of_award(award: &Award) -> Way {
        match (award.minimum_score, i64::from(award.points) < 0) {
            (Some(_), _) => Way::Redeem,
            (None, true) => Way::Take,
            (None, false) => Way::Award,
        }
    }

    /// What a button says that does it.
    pub fn verb(self) -> &'static str {
        match self {
            Way::Award => "Award",
            Way::Redeem => "Redeem",
            Way::Take => "Take away",
        }
    }
}

impl Asked {
    /// What each of the people gets.
    pub fn each(&self) -> &Award {
        &self.each
    }

    /// One award for each of the people.
    pub fn awards(&self) -> impl Iterator<Item = Award> {
        self.people.ids.iter().map(|id| Award { user_id: *id, ..self.each.clone() })
    }
}

/// Reads what a form asks for, in the API's words: points are typed without a sign, and taking makes them negative.
pub async fn read(app: &App, me: &SignedIn, form: &mut Form) -> Result<Asked, NotAsked> {
    people::take_choices(form);
    let people = match form.filled(IDS) {
        Some(ids) => People { ids: listed(ids)?, repeated: 0 },
        None => {
            let may_read = me.actor.require(Scope::EventsRead).is_ok();
            match people::named(app, form.typed(people::FIELD), may_read).await {
                Ok(people) => people,
                Err(NoPeople::Doubts(doubts)) => return Err(NotAsked::Doubts(doubts)),
                Err(NoPeople::Refusal(refusal)) => return Err(NotAsked::Refusal(refusal)),
            }
        }
    };
    let way = Way::of(form.typed("kind"));
    let may_take = me.actor.require(Scope::EventsDeduct).is_ok();
    let each = read_award(form, way, may_take)?;
    let scope = each.scope();
    let sentence = if scope == Scope::EventsDeduct {
        "Your key may give points, and take none."
    } else {
        "Your key may take points, and give none."
    };
    let lacks = |_| Fault { field: "points", sentence: sentence.to_owned(), status: Status::Forbidden };
    me.actor.require(scope).map_err(lacks)?;
    Ok(Asked { people, each, way })
}

/// The user IDs that a preview has put into its form.
fn listed(ids: &str) -> Result<Vec<UserId>, Fault> {
    let ids: Option<Vec<UserId>> = ids.split(',').map(UserId::from_text).collect();
    let ids = ids.filter(|ids| ids.len() <= RECORDS_MAX);
    ids.ok_or_else(|| Fault::new(people::FIELD, "Enter whose points these are once more."))
}

fn read_award(form: &mut Form, way: Way, may_take: bool) -> Result<Award, FormRefusal> {
    /// Stands for each of the people.
    const STAND_IN: &str = "1";
    form.unify_lines("description");
    let mut parameters = form.filled_parameters();
    parameters.set("user_id", STAND_IN);
    let award = NewEvent::read(&parameters).map(Award::from).map_err(|error| FormRefusal::of(error, ""))?;
    let typed = i64::from(award.points);
    if way == Way::Award {
        let sentence = match may_take {
            true => "Enter 0 or more. To take points, choose “Redeem” or “Take points away” above.",
            false => "Enter 0 or more.",
        };
        let given = (typed >= 0).then_some(Award { minimum_score: None, ..award });
        return given.ok_or_else(|| Fault::new("points", sentence).into());
    }
    let points = Some(-typed).filter(|points| *points < 0).and_then(|points| Points::try_from(points).ok());
    let sentence = "Enter how many points are taken: more than 0, without a minus.";
    let points = points.ok_or_else(|| Fault::new("points", sentence))?;
    let minimum_score = (way == Way::Redeem).then(|| award.minimum_score.unwrap_or(0));
    Ok(Award { points, minimum_score, ..award })
}
