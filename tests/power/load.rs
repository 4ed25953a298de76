//! Clients that change all that can be changed, each after the answer to the last.

use std::thread;

use serde_json::{Value, json};

use super::ledger::{Change, Ledger, State};
use crate::support::forum::{SECRET, delivery, post, with};
use crate::support::{EVENTS, Reply, Server};

/// The day of all events.
const DAY: &str = "2023-04-14";

/// A client with a name of its own, and users of its own.
pub struct Client<'s> {
    server: &'s Server,
    name: String,
    user: i64,
    turn: usize,
    /// The ids of its events, with their descriptions.
    events: Vec<(i64, String)>,
    pub changes: Vec<Change>,
}

impl<'s> Client<'s> {
    pub fn new(server: &'s Server, name: &str, user: i64) -> Client<'s> {
        Client { server, name: name.to_owned(), user, turn: 0, events: Vec::new(), changes: Vec::new() }
    }

    /// The next request: the id under which its answer is known.
    fn next(&mut self) -> String {
        self.turn += 1;
        format!("{}-{}", self.name, self.turn)
    }

    fn send(&self, method: &str, path: &str, id: &str, body: &Value) -> Reply {
        let request = self.server.request(method, path).header("X-Request-Id", id).header("Idempotency-Key", id);
        let reply = request.json(body).send();
        assert_eq!(reply.status, 200, "{id}: {reply:?}");
        assert_eq!(reply.header("X-Request-Id"), Some(id));
        reply
    }

    pub fn create(&mut self, filler: &str) {
        let id = self.next();
        let (token, points) = (format!("{id} {filler}"), self.turn as i64);
        self.changes.push(Change::of_one(&id, &token, Some((self.user, points))));
        let event = json!({"user_id": self.user, "date": DAY, "points": points, "description": token});
        let stored = self.send("POST", EVENTS, &id, &event).json()["id"].as_i64().expect("an id");
        self.events.push((stored, token));
    }

    fn correct(&mut self) {
        let Some((event, token)) = self.events.last().cloned() else { return };
        let id = self.next();
        let points = self.turn as i64;
        self.changes.push(Change::of_one(&id, &token, Some((self.user, points))));
        self.send("PUT", EVENTS, &id, &json!({"id": event, "points": points}));
    }

    fn delete(&mut self) {
        let Some((event, token)) = self.events.pop() else { return };
        let id = self.next();
        self.changes.push(Change::of_one(&id, &token, None));
        self.send("DELETE", &format!("{EVENTS}/{event}"), &id, &json!({}));
    }

    /// So many events at once.
    pub fn batch(&mut self, count: i64, filler: &str) {
        let id = self.next();
        let tokens: Vec<String> = (0..count).map(|number| format!("{id}/{number} {filler}")).collect();
        let event = |(number, token): (usize, &String)| json!({"user_id": self.user, "date": DAY, "points": number + 1, "description": token});
        let events: Vec<Value> = tokens.iter().enumerate().map(event).collect();
        let state = |number: usize| -> State { Some((self.user, number as i64 + 1)) };
        let parts = tokens.iter().enumerate().map(|(number, token)| (token.clone(), state(number))).collect();
        self.changes.push(Change { id: id.clone(), parts, is_whole: true });
        self.send("POST", &format!("{EVENTS}/batch"), &id, &json!({"events": events}));
    }

    /// A post in the forum, which gives two points; it may be taken back.
    fn tell(&mut self) {
        let number = self.turn as i64 + 1;
        let first = if self.name.starts_with('a') { 0 } else { 1_000_000 };
        let post = post(first + self.user * 1_000 + number, self.user);
        let post = with(post, "post", &json!({"topic_slug": self.name, "post_number": number}));
        let token = format!("post_created: /t/{}/7/{number}", self.name);
        let told: &[(&str, State)] = match number % 2 {
            0 => &[("post_created", Some((self.user, 2)))],
            _ => &[("post_created", Some((self.user, 2))), ("post_destroyed", None)],
        };
        for (event, state) in told {
            let id = self.next();
            self.changes.push(Change::of_one(&id, &token, *state));
            let body = post.to_string();
            let request = delivery(self.server, SECRET, event, body.as_bytes()).header("X-Request-Id", &id);
            let reply = request.send();
            assert_eq!((reply.status, reply.header("X-Request-Id")), (200, Some(id.as_str())), "{reply:?}");
        }
    }

    /// Moves all that another user has to one that has nothing, or has what came before.
    fn merge(&mut self) {
        let (from, into) = (self.user + 1, self.user + 2);
        let mut tokens = Vec::new();
        for _ in 0..3 {
            let id = self.next();
            let points = self.turn as i64;
            self.changes.push(Change::of_one(&id, &id, Some((from, points))));
            let event = json!({"user_id": from, "date": DAY, "points": points, "description": id});
            self.send("POST", EVENTS, &id, &event);
            tokens.push((id, points));
        }
        let id = self.next();
        let parts = tokens.into_iter().map(|(token, points)| (token, Some((into, points)))).collect();
        self.changes.push(Change { id: id.clone(), parts, is_whole: false });
        self.send("POST", "/admin/users/merge", &id, &json!({"from_id": from, "into_id": into}));
    }

    /// Does what the turn says.
    pub fn work(&mut self, turn: usize) {
        match turn % 8 {
            2 => self.correct(),
            3 => self.batch(5, ""),
            4 => self.tell(),
            5 => self.delete(),
            7 => self.merge(),
            _ => self.create(""),
        }
    }
}

/// Four clients work side by side, each so many turns.
pub fn work(server: &Server, name: &str, turns: usize) -> Ledger {
    let clients = (0..4_i64).map(|number| Client::new(server, &format!("{name}{number}"), 10 * number + 10));
    let mut clients: Vec<Client<'_>> = clients.collect();
    thread::scope(|scope| {
        for (number, client) in clients.iter_mut().enumerate() {
            scope.spawn(move || (0..turns).for_each(|turn| client.work(turn + number * 2)));
        }
    });
    Ledger(clients.into_iter().flat_map(|client| client.changes).collect())
}
