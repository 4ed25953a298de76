//! A client who believes what it hears.

use serde_json::{Value, json};

use crate::power::cuts::Known;
use crate::power::ledger::{Change, Ledger, State};
use crate::support::{EVENTS, Reply, Server};

const DAY: &str = "2023-04-14";

/// What a client has asked for, and what it heard.
#[derive(Default, Clone)]
pub struct Heard {
    /// What may be stored. What the server said is not stored does not stand in it.
    pub ledger: Ledger,
    /// What the server said is stored.
    pub known: Known,
    /// Each answer in a few words.
    pub told: Vec<String>,
    turn: usize,
}

/// What an answer means.
enum Answer {
    Done(Reply),
    Refused,
    Unknown,
}

impl Heard {
    /// Asks for a change.
    fn ask(&mut self, server: &Server, method: &str, path: &str, body: &Value, change: Change) -> Answer {
        let id = change.id.clone();
        let request =
            server.request(method, path).header("Idempotency-Key", &id).header("X-Request-Id", &id).json(body);
        let answer = match request.try_send() {
            Err(_) => Answer::Unknown,
            Ok(reply) if reply.status == 200 => Answer::Done(reply),
            Ok(reply) => {
                let kind = reply.error_type();
                assert_eq!(reply.status, 503, "{id}: {reply:?}");
                assert!(reply.header("Retry-After").is_some(), "{id}: {reply:?}");
                match kind.as_str() {
                    "outcome_unknown" => Answer::Unknown,
                    "unavailable" => Answer::Refused,
                    other => panic!("{id}: {other}"),
                }
            }
        };
        self.told.push(format!(
            "{id}: {}",
            match &answer {
                Answer::Done(_) => "done",
                Answer::Refused => "refused",
                Answer::Unknown => "unknown",
            }
        ));
        if !matches!(answer, Answer::Refused) {
            self.ledger.0.push(change);
        }
        if matches!(answer, Answer::Done(_)) {
            self.known.insert(id);
        }
        answer
    }

    fn next(&mut self, user: i64) -> (String, State) {
        self.turn += 1;
        (format!("turn {}", self.turn), Some((user, self.turn as i64)))
    }

    /// Stores an event. Returns its id if that is known.
    fn create(&mut self, server: &Server, user: i64) -> Option<(i64, String)> {
        let (token, state) = self.next(user);
        let body = json!({"user_id": user, "date": DAY, "points": self.turn, "description": token});
        let change = Change::of_one(&token.replace(' ', "-"), &token, state);
        match self.ask(server, "POST", EVENTS, &body, change) {
            Answer::Done(reply) => Some((reply.json()["id"].as_i64().expect("an id"), token)),
            _ => None,
        }
    }

    /// Stores an event; whether that is known to be done.
    pub fn store(&mut self, server: &Server) -> bool {
        self.create(server, 1).is_some()
    }

    fn correct(&mut self, server: &Server, event: Option<(i64, String)>) {
        let Some((id, token)) = event else { return };
        let (name, state) = self.next(1);
        let change = Change::of_one(&name.replace(' ', "-"), &token, state);
        let body = json!({"id": id, "points": self.turn});
        self.ask(server, "PUT", EVENTS, &body, change);
    }

    fn delete(&mut self, server: &Server, event: Option<(i64, String)>) {
        let Some((id, token)) = event else { return };
        let (name, _) = self.next(1);
        let change = Change::of_one(&name.replace(' ', "-"), &token, None);
        self.ask(server, "DELETE", &format!("{EVENTS}/{id}"), &json!({}), change);
    }

    fn batch(&mut self, server: &Server) {
        self.store_many(server, 8, "");
    }

    /// Stores so many events at once.
    pub fn store_many(&mut self, server: &Server, count: i64, filler: &str) {
        let (name, _) = self.next(2);
        let token = |number: i64| format!("{name}/{number} {filler}");
        let event = |number| json!({"user_id": 2, "date": DAY, "points": number, "description": token(number)});
        let events: Vec<Value> = (1..=count).map(event).collect();
        let parts = (1..=count).map(|number| (token(number), Some((2, number)))).collect();
        let change = Change { id: name.replace(' ', "-"), parts, is_whole: true };
        self.ask(server, "POST", &format!("{EVENTS}/batch"), &json!({"events": events}), change);
    }

    fn merge(&mut self, server: &Server, from: i64, into: i64) {
        let moved = |ledger: &Ledger| -> Vec<(String, State)> {
            let parts = ledger.0.iter().flat_map(|change| &change.parts);
            parts
                .filter_map(|(token, state)| Some((token.clone(), Some((into, state.filter(|of| of.0 == from)?.1)))))
                .collect()
        };
        let (name, _) = self.next(from);
        // What is not known to be there may have nothing to be moved.
        let parts = moved(&self.ledger).into_iter().filter(|(token, _)| self.known.contains(&token.replace(' ', "-")));
        let change = Change { id: name.replace(' ', "-"), parts: parts.collect(), is_whole: false };
        let body = json!({"from_id": from, "into_id": into});
        self.ask(server, "POST", "/admin/users/merge", &body, change);
    }

    fn read(&mut self, server: &Server, path: &str) {
        let Ok(reply) = server.request("GET", path).try_send() else { return };
        assert!([200, 202, 503].contains(&reply.status), "{path}: {reply:?}");
        self.told.push(format!("{path}: {}", reply.status));
    }

    /// A little of everything.
    pub fn work(&mut self, server: &Server) {
        let first = self.create(server, 1);
        let second = self.create(server, 1);
        self.read(server, EVENTS);
        self.correct(server, first);
        self.batch(server);
        self.delete(server, second);
        self.read(server, "/users/1/score");
        if self.create(server, 3).is_some() {
            self.merge(server, 3, 4);
        }
        self.read(server, "/leaderboard/1");
        self.create(server, 1);
    }
}
