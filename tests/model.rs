//! Promise: whatever is done to it, in whatever order, the service is a plain table of events with sums over it.
//!
//! Random sequences of creations, corrections, deletions, redemptions and retries run over HTTP against a model that
//! fits on a page. Every reply must be the model's; so must the lists, the scores of every window and the positions.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use chrono::{Days, Months, NaiveDate, Utc};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value, json};

use crate::support::{EVENTS, Reply, Server};

/// Users of one sequence.
const USERS: i64 = 3;

type Checked = Result<(), TestCaseError>;

/// What a client may ask for next.
#[derive(Debug, Clone)]
enum Step {
    Post(Award),
    /// Sends one of the posts that had a key again.
    Retry(Index),
    Put {
        which: Index,
        points: i64,
        description: Option<String>,
    },
    Delete(Index),
    /// Corrects and deletes what is not there (any more).
    Stray,
}

/// The parameters of a POST; the user and the day are relative to the sequence's first user and to today.
#[derive(Debug, Clone, PartialEq)]
struct Award {
    user: i64,
    day: i64,
    points: i64,
    description: Option<String>,
    minimum: Option<i64>,
    key: Option<u8>,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => award().prop_map(Step::Post),
        2 => any::<Index>().prop_map(Step::Retry),
        3 => (any::<Index>(), points(), description()).prop_map(|(which, points, description)| Step::Put { which, points, description }),
        2 => any::<Index>().prop_map(Step::Delete),
        1 => Just(Step::Stray),
    ]
}

fn award() -> impl Strategy<Value = Award> {
    let minimum = prop_oneof![8 => -40..=40i64, 1 => select(vec![i64::MIN, i64::MAX])];
    (0..USERS, day(), points(), description(), option::weighted(0.4, minimum), option::weighted(0.4, 0..4u8)).prop_map(
        |(user, day, points, description, minimum, key)| Award { user, day, points, description, minimum, key },
    )
}

/// Days before or after today: near, at the edges of the windows, long ago and in the future.
fn day() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => -9..=1i64,
        2 => select(vec![-28, -29, -30, -31, -32, -89, -90, -91, -92, -93, -364, -365, -366, -367]),
        1 => -3000..-400i64,
        2 => 2..40i64,
    ]
}

fn points() -> impl Strategy<Value = i64> {
    prop_oneof![12 => -30..=40i64, 1 => select(vec![0, i64::from(i32::MIN), i64::from(i32::MAX)])]
}

fn description() -> impl Strategy<Value = Option<String>> {
    let texts = ["", "Karaoke night", "Ärger mit \"Zitaten\" \\ und\nZeilen", "💃🏽"];
    option::of(select(texts.map(str::to_owned).to_vec()))
}

/// An event as the model keeps it.
#[derive(Debug, Clone, PartialEq)]
struct Event {
    id: i64,
    user_id: i64,
    date: NaiveDate,
    points: i64,
    description: Option<String>,
}

impl Event {
    fn of(json: &Value) -> Option<Event> {
        Some(Event {
            id: json["id"].as_i64()?,
            user_id: json["user_id"].as_i64()?,
            date: json["date"].as_str()?.parse().ok()?,
            points: json["points"].as_i64()?,
            description: json["description"].as_str().map(str::to_owned),
        })
    }
}

/// One sequence on its way: the server and what it must hold.
struct Story<'s> {
    server: &'s Server,
    first_user: i64,
    today: NaiveDate,
    events: BTreeMap<i64, Event>,
    /// The highest id seen: ids only grow.
    last_id: i64,
    /// The posts that had a key, as they were first sent, with what was answered, by key.
    answers: HashMap<u8, (Award, Reply)>,
}

impl Story<'_> {
    fn play(&mut self, step: &Step) -> Checked {
        match step {
            Step::Post(award) => self.post(award),
            Step::Retry(which) => {
                let mut keys: Vec<u8> = self.answers.keys().copied().collect();
                keys.sort_unstable();
                if keys.is_empty() {
                    return Ok(());
                }
                let award = self.answers[which.get(&keys)].0.clone();
                self.post(&award)
            }
            Step::Put { which, points, description } => match self.pick(which) {
                Some(id) => self.put(id, *points, description),
                None => Ok(()),
            },
            Step::Delete(which) => match self.pick(which) {
                Some(id) => self.delete(id),
                None => Ok(()),
            },
            Step::Stray => {
                let id = self.last_id + 1_000_000;
                let put = self.server.put(EVENTS, &json!({"id": id, "points": 1}));
                prop_assert_eq!(refusal(&put), (404, "not_found".to_owned()));
                let delete = self.server.delete(&format!("{EVENTS}/{id}"));
                prop_assert_eq!(refusal(&delete), (404, "not_found".to_owned()));
                Ok(())
            }
        }
    }

    fn pick(&self, which: &Index) -> Option<i64> {
        let ids: Vec<i64> = self.events.keys().copied().collect();
        (!ids.is_empty()).then(|| *which.get(&ids))
    }

    fn post(&mut self, award: &Award) -> Checked {
        let user_id = self.first_user + award.user;
        let date = day_from(self.today, award.day);
        let mut body = json!({"user_id": user_id, "date": date, "points": award.points});
        if let Some(description) = &award.description {
            body["description"] = json!(description);
        }
        if let Some(minimum) = award.minimum {
            body["minimum_score"] = json!(minimum);
        }
        let mut request = self.server.request("POST", EVENTS).json(&body);
        if let Some(key) = award.key {
            request = request.header("Idempotency-Key", &format!("story-{}-key-{key}", self.first_user));
        }
        let reply = request.send();

        if let Some((first, answer)) = award.key.and_then(|key| self.answers.get(&key)) {
            if first == award {
                prop_assert_eq!(reply.header("Idempotent-Replayed"), Some("true"));
                prop_assert_eq!((reply.status, &reply.body), (answer.status, &answer.body));
            } else {
                prop_assert_eq!(refusal(&reply), (422, "idempotency_key_reused".to_owned()));
            }
            return self.compare_score(award.user);
        }

        prop_assert_eq!(reply.header("Idempotent-Replayed"), None);
        let spendable = self.spendable(user_id);
        let effect = if date <= self.today { award.points } else { award.points.min(0) };
        if award.minimum.is_none_or(|minimum| spendable + effect >= minimum) {
            prop_assert_eq!(reply.status, 200, "{}", reply.body);
            let Some(event) = Event::of(&reply.json()) else {
                return Err(TestCaseError::fail(format!("not an event: {}", reply.body)));
            };
            prop_assert!(event.id > self.last_id);
            let want =
                Event { id: event.id, user_id, date, points: award.points, description: award.description.clone() };
            prop_assert_eq!(&event, &want);
            self.last_id = event.id;
            self.events.insert(event.id, event);
        } else {
            prop_assert_eq!(refusal(&reply), (422, "insufficient_points".to_owned()));
            prop_assert_eq!(reply.json()["extras"].clone(), json!({"score": spendable}));
        }
        if let Some(key) = award.key {
            self.answers.insert(key, (award.clone(), reply));
        }
        self.compare_score(award.user)
    }

    fn put(&mut self, id: i64, points: i64, description: &Option<String>) -> Checked {
        let mut body = json!({"id": id, "points": points});
        if let Some(description) = description {
            body["description"] = json!(description);
        }
        let reply = self.server.put(EVENTS, &body);
        prop_assert_eq!((reply.status, reply.body.as_str()), (200, r#"{"success":"OK"}"#));
        let event = self.events.get_mut(&id).expect("only events of the model are corrected");
        event.points = points;
        if description.is_some() {
            event.description.clone_from(description);
        }
        let user = event.user_id - self.first_user;
        self.compare_score(user)
    }

    fn delete(&mut self, id: i64) -> Checked {
        let reply = self.server.delete(&format!("{EVENTS}/{id}"));
        prop_assert_eq!((reply.status, reply.body.as_str()), (200, r#"{"success":"OK"}"#));
        prop_assert_eq!(self.server.delete(&format!("{EVENTS}/{id}")).status, 404);
        let event = self.events.remove(&id).expect("only events of the model are deleted");
        self.compare_score(event.user_id - self.first_user)
    }

    /// The score up to today, less every deduction already dated in the future.
    fn spendable(&self, user_id: i64) -> i64 {
        self.sum(|event| event.user_id == user_id && (event.date <= self.today || event.points < 0))
    }

    fn sum(&self, counts: impl Fn(&Event) -> bool) -> i64 {
        self.events.values().filter(|event| counts(event)).map(|event| event.points).sum()
    }

    fn compare_score(&self, user: i64) -> Checked {
        let user_id = self.first_user + user;
        let want = self.sum(|event| event.user_id == user_id && event.date <= self.today);
        prop_assert_eq!(self.server.score(user_id), want);
        Ok(())
    }

    /// Everything that can be read, at the end of the sequence.
    fn compare_all(&self, alone: bool) -> Checked {
        for user_id in self.first_user..self.first_user + USERS {
            self.compare_lists(user_id)?;
            self.compare_days(user_id)?;
            for (period, first) in windows(self.today) {
                let got = self.server.get(&format!("/users/{user_id}/score?period={period}")).json();
                let score =
                    |user: i64| self.sum(|event| event.user_id == user && (first..=self.today).contains(&event.date));
                prop_assert_eq!(&got["total_score"], &json!(score(user_id)), "{} of {}", period, user_id);
                if alone {
                    let ranked = |user: i64| {
                        self.events.values().any(|e| e.user_id == user && (first..=self.today).contains(&e.date))
                    };
                    let others = (self.first_user..self.first_user + USERS).filter(|other| ranked(*other)).map(score);
                    let mut higher: Vec<i64> = others.filter(|other| *other > score(user_id)).collect();
                    higher.sort_unstable();
                    higher.dedup();
                    let position = ranked(user_id).then_some(higher.len() + 1);
                    prop_assert_eq!(&got["position"], &json!(position), "{} of {}", period, user_id);
                }
            }
        }
        if alone {
            self.compare_list("", |_| true)?;
        }
        Ok(())
    }

    fn compare_lists(&self, user_id: i64) -> Checked {
        let of_user = |event: &Event| event.user_id == user_id;
        let (early, late) = (day_from(self.today, -30), day_from(self.today, 1));
        self.compare_list(&format!("user_id={user_id}"), of_user)?;
        self.compare_list(&format!("user_id={user_id}&from_date={early}"), |e| of_user(e) && e.date >= early)?;
        self.compare_list(&format!("user_id={user_id}&from_date={early}&to_date={late}"), |e| {
            of_user(e) && (early..=late).contains(&e.date)
        })?;
        if let Some(some) = self.events.values().find(|event| of_user(event)) {
            let Event { id, date, .. } = *some;
            self.compare_list(&format!("user_id={user_id}&date={date}"), |e| of_user(e) && e.date == date)?;
            self.compare_list(&format!("id={id}"), |event| event.id == id)?;
            let one = self.server.get(&format!("{EVENTS}/{id}"));
            prop_assert_eq!(Event::of(&one.json()), Some(some.clone()));
        }
        Ok(())
    }

    /// Whole and in pages of two, oldest and newest first.
    fn compare_list(&self, filter: &str, counts: impl Fn(&Event) -> bool) -> Checked {
        for (order, limit) in [("asc", 100), ("desc", 2)] {
            let mut want: Vec<&Event> = self.events.values().filter(|event| counts(event)).collect();
            if order == "desc" {
                want.reverse();
            }
            let mut page = Some(format!("{EVENTS}?{filter}&order={order}&limit={limit}"));
            let mut got = Vec::new();
            while let Some(path) = page {
                let reply = self.server.get(&path);
                prop_assert_eq!(reply.status, 200, "{}", reply.body);
                let events = reply.json()["events"].as_array().cloned().unwrap_or_default();
                prop_assert!(events.len() <= limit);
                got.extend(events.iter().filter_map(Event::of));
                page = reply.header("Link").map(next_page);
                prop_assert!(page.is_none() || events.len() == limit, "a page that is not full is the last one");
            }
            prop_assert_eq!(got.iter().collect::<Vec<_>>(), want, "{} {}", filter, order);
        }
        Ok(())
    }

    fn compare_days(&self, user_id: i64) -> Checked {
        let mut days = BTreeMap::new();
        for event in self.events.values().filter(|event| event.user_id == user_id) {
            *days.entry(event.date).or_insert(0) += event.points;
        }
        let to_today = format!("?to_date={}", self.today);
        for (query, last) in [("", NaiveDate::MAX), (to_today.as_str(), self.today)] {
            let days = days.range(..=last).map(|(date, score)| json!({"date": date, "score": score}));
            let want: Vec<Value> = days.collect();
            let got = self.server.get(&format!("/users/{user_id}/days{query}")).json();
            prop_assert_eq!(got, json!({"days": want}));
        }
        Ok(())
    }
}

fn refusal(reply: &Reply) -> (u16, String) {
    (reply.status, reply.error_type())
}

fn next_page(link: &str) -> String {
    let (path, relation) = link.strip_prefix('<').and_then(|link| link.split_once('>')).expect("a Link header");
    assert_eq!(relation, r#"; rel="next""#);
    path.to_owned()
}

fn day_from(today: NaiveDate, days: i64) -> NaiveDate {
    today + chrono::Duration::days(days)
}

/// The periods and the first day of each.
fn windows(today: NaiveDate) -> [(&'static str, NaiveDate); 6] {
    let months = |count| today.checked_sub_months(Months::new(count)).expect("a date");
    [
        ("all_time", NaiveDate::MIN),
        ("yearly", months(12)),
        ("quarterly", months(3)),
        ("monthly", months(1)),
        ("weekly", today - Days::new(7)),
        ("daily", today - Days::new(1)),
    ]
}

/// Runs `cases` random sequences of up to `steps` steps; `story` gets each with a number of its own.
fn play<S: Debug>(cases: u32, steps: impl Strategy<Value = S>, story: impl Fn(i64, S) -> Checked) {
    let config = Config { cases, max_shrink_iters: 300, failure_persistence: None, ..Config::default() };
    let number = Cell::new(0);
    let outcome = TestRunner::new(config).run(&steps, |steps| {
        number.set(number.get() + 1);
        let today = Utc::now().date_naive();
        let outcome = story(number.get(), steps);
        // Midnight in the middle of a sequence moves every window: such a sequence proves nothing.
        if Utc::now().date_naive() == today { outcome } else { Ok(()) }
    });
    if let Err(fault) = outcome {
        panic!("{fault}");
    }
}

fn tell(server: &Server, first_user: i64, steps: &[Step], alone: bool) -> Checked {
    let today = Utc::now().date_naive();
    let (events, answers) = (BTreeMap::new(), HashMap::new());
    let mut story = Story { server, first_user, today, events, last_id: 0, answers };
    for step in steps {
        story.play(step)?;
    }
    story.compare_all(alone)
}

#[test]
fn any_sequence_does_what_the_model_does() {
    let server = Server::start();
    play(64, vec(step(), 1..40), |number, steps| tell(&server, number * 10, &steps, false));
}

#[test]
fn positions_are_the_models_on_a_server_of_its_own() {
    play(8, vec(step(), 10..30), |_, steps| tell(&Server::start(), 1, &steps, true));
}
