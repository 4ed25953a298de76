//! A client who does a little of everything, at an even rate, and believes what it hears.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::{Days, NaiveDate, Utc};
use serde_json::{Value, json};

use super::heard::Heard;
use super::world::{Count, World};
use crate::power::ledger::{Change, State};
use crate::support::random::Random;
use crate::support::{EVENTS, Reply};

/// How many users of its own a client has. Nobody else changes their points.
const USERS: i64 = 20;
/// Users whose points all clients give and take.
const SHARED: [i64; 4] = [1, 2, 3, 4];
/// From one request to the next, on average.
const PACE: Duration = Duration::from_millis(55);

/// An event as the client knows it.
struct Event {
    token: String,
    points: i64,
    /// Whether the client may correct and delete it.
    is_free: bool,
}

/// How a change came out.
enum Outcome {
    Done(Reply),
    Refused,
    /// The run is over, or the answer was none that there may be.
    Nothing,
}

/// One client, its users, and their events by id.
pub struct Client<'w> {
    world: &'w World,
    heard: &'w Heard,
    number: i64,
    random: Random,
    turn: usize,
    guests: i64,
    users: Vec<BTreeMap<i64, Event>>,
}

impl<'w> Client<'w> {
    pub fn new(world: &'w World, heard: &'w Heard, number: i64, seed: u64) -> Client<'w> {
        let users = (0..USERS).map(|_| BTreeMap::new()).collect();
        let random = Random::new(seed.wrapping_mul(1_000) + number as u64);
        Client { world, heard, number, random, turn: 0, guests: 0, users }
    }

    fn user_id(&self, user: usize) -> i64 {
        10_000 * (self.number + 1) + user as i64
    }

    fn balance(&self, user: usize) -> i64 {
        self.users[user].values().map(|event| event.points).sum()
    }

    fn any_user(&mut self) -> usize {
        self.random.below(USERS as usize)
    }

    fn any_day(&mut self) -> NaiveDate {
        let ago = [1, 3, 40, 500][self.random.below(4)];
        Utc::now().date_naive() - Days::new(self.random.below(ago) as u64)
    }

    /// Works until the run is over, and until its last change is answered.
    pub fn work(&mut self) {
        let mut next = Instant::now();
        while !self.world.is_over() {
            self.act();
            next += PACE.mul_f64(0.5 + self.random.below(100) as f64 / 100.0);
            let now = Instant::now();
            match next.checked_duration_since(now) {
                Some(rest) => drop(self.world.pause(rest)),
                // What was missed while there was no server is not made up for.
                None => next = now,
            }
        }
    }

    fn act(&mut self) {
        let user = self.any_user();
        match self.random.below(100) {
            0..34 => self.create(user),
            34..42 => self.correct(user),
            42..48 => self.delete(user),
            48..56 => self.redeem(user),
            56..62 => self.share(),
            62..64 => self.batch(user),
            64..65 => self.merge(user),
            _ => self.read(user),
        }
    }

    fn next(&mut self) -> String {
        self.turn += 1;
        format!("c{}-{}", self.number, self.turn)
    }

    /// Asks for a change until it is answered.
    fn ask(&mut self, method: &str, path: &str, body: &Value, change: Change) -> Outcome {
        let id = change.id.clone();
        self.heard.asks(change);
        let began = Instant::now();
        let mut is_repeated = false;
        // The last change of a run is asked for until it is answered, too.
        while began.elapsed() < Duration::from_secs(300) {
            let Some(server) = self.world.server() else {
                std::thread::sleep(Duration::from_millis(5));
                continue;
            };
            let request = server.request(method, path).header("Idempotency-Key", &id).header("X-Request-Id", &id);
            let answer = request.json(body).try_send();
            drop(server);
            match answer {
                Err(ureq::Error::Timeout(which)) => self.world.fault(&format!("{method} {path} {id}: {which}")),
                Err(_) => self.world.count(Count::Broken, 1),
                Ok(reply) if reply.status == 200 => {
                    self.world.count(Count::Replayed, u64::from(reply.header("Idempotent-Replayed").is_some()));
                    self.heard.is_done();
                    if path.starts_with(EVENTS) && method == "POST" && self.random.percent(3) {
                        self.repeat(path, body, &id, &reply);
                    }
                    return Outcome::Done(reply);
                }
                Ok(reply) if reply.status == 422 && reply.error_type() == "insufficient_points" => {
                    self.heard.is_refused();
                    return Outcome::Refused;
                }
                // What the request that broke off has deleted, or merged, is not found again.
                Ok(reply) if reply.status == 404 && is_repeated && (method == "DELETE" || path.ends_with("merge")) => {
                    self.heard.is_done();
                    return Outcome::Done(reply);
                }
                Ok(reply) if reply.status == 503 && reply.header("Retry-After").is_some() => {
                    let kind = reply.error_type();
                    match kind.as_str() {
                        "unavailable" => self.world.count(Count::Unavailable, 1),
                        "outcome_unknown" => self.world.count(Count::Unknown, 1),
                        other => self.world.fault(&format!("{method} {path} {id}: 503 {other}")),
                    }
                    if !self.world.is_full() {
                        self.world.note(&format!("503 {kind} while the disk is not full: {}", reply.error()));
                    }
                    self.wait_and_read();
                }
                Ok(reply) => {
                    self.world.fault(&format!("{method} {path} {id} {body}: {reply:?}"));
                    return Outcome::Nothing;
                }
            }
            is_repeated = true;
        }
        self.world.fault(&format!("{method} {path} {id} was not answered for five minutes"));
        Outcome::Nothing
    }

    /// Some clients send again what was answered: they hear the first answer again.
    fn repeat(&self, path: &str, body: &Value, id: &str, first: &Reply) {
        let Some(server) = self.world.server() else { return };
        match server.request("POST", path).header("Idempotency-Key", id).json(body).try_send() {
            Err(_) => self.world.count(Count::Broken, 1),
            Ok(again) if again.status == 503 && self.world.is_full() => self.world.count(Count::Unavailable, 1),
            Ok(again) if (again.status, &again.body) == (200, &first.body) => self.world.count(Count::Replayed, 1),
            Ok(again) => self.world.fault(&format!("{id} was answered {first:?}, and when repeated {again:?}")),
        }
    }

    /// Where writes are refused, reads go on.
    fn wait_and_read(&mut self) {
        std::thread::sleep(Duration::from_millis(200));
        let user = self.any_user();
        let path = format!("{EVENTS}?user_id={}&limit=1", self.user_id(user));
        self.get(&path);
    }

    /// The fields of a new event, and by what it is known: its first word is the change, its second the day.
    fn event(&mut self, user_id: i64, points: i64, id: &str) -> (Value, String) {
        let day = self.any_day();
        let token = format!("{id} {day} for an evening like others");
        (json!({"user_id": user_id, "date": day, "points": points, "description": token}), token)
    }

    fn keep(&mut self, user: usize, reply: &Value, token: String, is_free: bool) {
        let (id, points) = (reply["id"].as_i64().expect("an id"), reply["points"].as_i64().expect("points"));
        self.world.count(Count::Events, 1);
        self.users[user].insert(id, Event { token, points, is_free });
    }

    fn create(&mut self, user: usize) {
        let id = self.next();
        let points = self.random.below(60) as i64 - 10;
        let (body, token) = self.event(self.user_id(user), points, &id);
        let change = Change::of_one(&id, &token, Some((self.user_id(user), points)));
        if let Outcome::Done(reply) = self.ask("POST", EVENTS, &body, change) {
            self.keep(user, &reply.json(), token, true);
        }
    }

    /// One of the last events of a user that may be changed.
    fn one_of(&mut self, user: usize) -> Option<(i64, String)> {
        let free = self.users[user].iter().rev().filter(|(_, event)| event.is_free).take(50);
        let free: Vec<_> = free.map(|(id, event)| (*id, event.token.clone())).collect();
        (!free.is_empty()).then(|| free[self.random.below(free.len())].clone())
    }

    fn correct(&mut self, user: usize) {
        let Some((event, token)) = self.one_of(user) else { return };
        let (id, points) = (self.next(), self.random.below(100) as i64 - 20);
        let change = Change::of_one(&id, &token, Some((self.user_id(user), points)));
        if let Outcome::Done(_) = self.ask("PUT", EVENTS, &json!({"id": event, "points": points}), change) {
            self.users[user].get_mut(&event).expect("it is known").points = points;
            self.world.count(Count::Corrections, 1);
        }
    }

    fn delete(&mut self, user: usize) {
        let Some((event, token)) = self.one_of(user) else { return };
        let id = self.next();
        let change = Change::of_one(&id, &token, None);
        if let Outcome::Done(_) = self.ask("DELETE", &format!("{EVENTS}/{event}"), &json!({}), change) {
            self.users[user].remove(&event);
            self.world.count(Count::Corrections, 1);
        }
    }

    /// Takes points of a user of its own; the client knows beforehand whether there are enough.
    fn redeem(&mut self, user: usize) {
        let balance = self.balance(user);
        let points = 1 + self.random.below((balance.max(0) + 20) as usize) as i64;
        let is_enough = balance >= points;
        let id = self.next();
        let (mut body, token) = self.event(self.user_id(user), -points, &id);
        body["minimum_score"] = json!(0);
        let change = Change::of_one(&id, &token, Some((self.user_id(user), -points)));
        match self.ask("POST", EVENTS, &body, change) {
            Outcome::Done(reply) => {
                self.keep(user, &reply.json(), token, false);
                if !is_enough {
                    self.world.fault(&format!("{id}: {points} points were taken of {balance}"));
                }
            }
            Outcome::Refused => {
                self.world.count(Count::Redemptions, 1);
                if is_enough {
                    self.world.fault(&format!("{id}: {points} points of {balance} were refused"));
                }
            }
            Outcome::Nothing => {}
        }
    }

    /// Gives to, or takes from, a user of whom others take too.
    fn share(&mut self) {
        let user = SHARED[self.random.below(SHARED.len())];
        let (id, amount) = (self.next(), 1 + self.random.below(9) as i64);
        let points = if self.random.percent(50) { amount } else { -amount };
        let (mut body, token) = self.event(user, points, &id);
        body["minimum_score"] = json!(0);
        let change = Change::of_one(&id, &token, Some((user, points)));
        match self.ask("POST", EVENTS, &body, change) {
            Outcome::Done(_) => self.world.count(Count::Events, 1),
            Outcome::Refused => self.world.count(Count::Redemptions, 1),
            Outcome::Nothing => {}
        }
    }

    fn batch(&mut self, user: usize) {
        let id = self.next();
        let user_id = self.user_id(user);
        let count = 2 + self.random.below(9);
        let made: Vec<_> = (0..count).map(|n| self.event(user_id, n as i64 + 1, &format!("{id}/{n}"))).collect();
        let parts = made
            .iter()
            .enumerate()
            .map(|(n, (_, token))| -> (String, State) { (token.clone(), Some((user_id, n as i64 + 1))) });
        let change = Change { id: id.clone(), parts: parts.collect(), is_whole: true };
        let events: Vec<&Value> = made.iter().map(|(event, _)| event).collect();
        if let Outcome::Done(reply) = self.ask("POST", &format!("{EVENTS}/batch"), &json!({"events": events}), change) {
            let stored = reply.json()["events"].as_array().expect("events").clone();
            if stored.len() != count {
                self.world.fault(&format!("{id}: {} events of {count}", stored.len()));
            }
            for (event, (_, token)) in stored.iter().zip(made) {
                self.keep(user, event, token, false);
            }
        }
    }

    /// A guest gets points, and turns out to be one of the users.
    fn merge(&mut self, user: usize) {
        self.guests += 1;
        let (guest, into) = (100_000 * (self.number + 10) + self.guests, self.user_id(user));
        let mut had = Vec::new();
        for points in 1..=3 {
            let id = self.next();
            let (body, token) = self.event(guest, points, &id);
            let change = Change::of_one(&id, &token, Some((guest, points)));
            let Outcome::Done(reply) = self.ask("POST", EVENTS, &body, change) else { return };
            had.push((reply.json(), token, points));
        }
        let id = self.next();
        let parts = had.iter().map(|(_, token, points)| (token.clone(), Some((into, *points)))).collect();
        let change = Change { id, parts, is_whole: false };
        let body = json!({"from_id": guest, "into_id": into});
        if let Outcome::Done(_) = self.ask("POST", "/admin/users/merge", &body, change) {
            self.world.count(Count::Merges, 1);
            had.into_iter().for_each(|(event, token, _)| self.keep(user, &event, token, true));
        }
    }

    /// A read that is answered. Boards may not be ready right after a start.
    fn get(&mut self, path: &str) -> Option<Value> {
        let server = self.world.server()?;
        match server.request("GET", path).try_send() {
            Err(ureq::Error::Timeout(which)) => self.world.fault(&format!("GET {path}: {which}")),
            Err(_) => self.world.count(Count::Broken, 1),
            Ok(reply) if reply.status == 200 => {
                self.world.count(Count::Reads, 1);
                return Some(reply.json());
            }
            Ok(reply) if reply.status == 202 && path.starts_with("/leaderboard") => {}
            Ok(reply) => self.world.fault(&format!("GET {path}: {reply:?}")),
        }
        None
    }

    fn read(&mut self, user: usize) {
        match self.random.below(4) {
            0 | 1 => self.read_score(user),
            2 => self.read_list(user),
            _ => self.read_board(),
        }
    }

    /// The score is the sum of all that was answered, in the moment after the answer.
    fn read_score(&mut self, user: usize) {
        let Some(score) = self.get(&format!("/users/{}/score", self.user_id(user))) else { return };
        let balance = self.balance(user);
        if score["total_score"].as_i64() != Some(balance) {
            self.world.fault(&format!("user {} has {score}, which should be {balance}", self.user_id(user)));
        }
    }

    /// The newest events are those that were answered last.
    fn read_list(&mut self, user: usize) {
        let path = format!("{EVENTS}?user_id={}&order=desc&limit=40", self.user_id(user));
        let Some(list) = self.get(&path) else { return };
        let told = list["events"].as_array().expect("a list").iter().map(|event| {
            (event["id"].as_i64(), event["points"].as_i64(), event["description"].as_str().map(str::to_owned))
        });
        let told: Vec<_> = told.collect();
        let known = self.users[user].iter().rev().take(40);
        let known: Vec<_> =
            known.map(|(id, event)| (Some(*id), Some(event.points), Some(event.token.clone()))).collect();
        if told != known {
            self.world.fault(&format!("user {} lists {told:?}, which should be {known:?}", self.user_id(user)));
        }
    }

    fn read_board(&mut self) {
        let period = super::sums::PERIODS[self.random.below(super::sums::PERIODS.len())];
        let page = self.random.below(2);
        let Some(board) = self.get(&format!("/leaderboard/1?period={period}&page={page}")) else { return };
        let scores = board["users"].as_array().expect("users").iter().map(|user| user["total_score"].as_i64());
        if !scores.is_sorted_by(|first, second| first >= second) {
            self.world.fault(&format!("the board of {period} is not in order: {board}"));
        }
    }
}
