//! After each step: what can be read is what the model says.

use std::time::{Duration, Instant};

use chrono::Days;
use serde_json::{Value, json};

use super::calendar::PERIODS;
use super::model::{Board, Event, Row};
use super::world::{Outcome, USERS, World, same};
use crate::support::EVENTS;

/// How long something may take to show that need not show at once: standings, and a clock that was set.
const SOON: Duration = Duration::from_secs(15);

/// Asks again until it is right.
pub fn soon(mut is_right: impl FnMut() -> Outcome) -> Outcome {
    let deadline = Instant::now() + SOON;
    loop {
        match is_right() {
            Err(_) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(3)),
            outcome => return outcome,
        }
    }
}

impl World {
    /// What one step may have changed: everyone's score over one period, one user's over all, each board over one, the lists that
    /// it was about.
    pub fn compare_some(&mut self) -> Outcome {
        let (user, date) = self.about;
        let whole = self.random.below(PERIODS.len());
        for period in 0..PERIODS.len() {
            let users = if period == whole { USERS.to_vec() } else { vec![user] };
            self.compare_scores(period, &users)?;
        }
        let boards: Vec<i64> = self.model.boards.keys().copied().collect();
        for id in boards {
            let period = self.random.below(PERIODS.len());
            self.compare_board(id, period, user)?;
            if self.random.percent(30) {
                self.compare_around(id, period, user)?;
            }
        }
        self.compare_list(&format!("user_id={user}"), |event| event.user == user)?;
        self.compare_list(&format!("date={date}"), |event| event.date == date)?;
        self.compare_days(user)
    }

    /// All that can be read.
    pub fn compare_all(&mut self) -> Outcome {
        for period in 0..PERIODS.len() {
            self.compare_scores(period, &USERS)?;
        }
        let boards: Vec<i64> = self.model.boards.keys().copied().collect();
        for id in boards {
            for period in 0..PERIODS.len() {
                let user = self.draw_user();
                self.compare_board(id, period, user)?;
                self.compare_around(id, period, user)?;
            }
        }
        let today = self.model.today();
        let early = today - Days::new(8);
        self.compare_list("", |_| true)?;
        self.compare_list(&format!("to_date={today}"), |event| event.date <= today)?;
        for user in USERS {
            self.compare_days(user)?;
            self.compare_list(&format!("user_id={user}&from_date={early}&to_date={today}"), |event| {
                event.user == user && (early..=today).contains(&event.date)
            })?;
        }
        self.compare_list(&format!("date={today}&user_id={}", USERS[0]), |event| {
            event.user == USERS[0] && event.date == today
        })?;
        self.compare_directory()
    }

    fn get(&self, path: &str) -> Result<Value, String> {
        let reply = self.machine.server().get(path);
        if reply.status == 200 { Ok(reply.json()) } else { Err(format!("{path} is {} {}", reply.status, reply.body)) }
    }

    /// Scores are right at once, also those that another program has changed; positions follow these within `standings_every`.
    pub fn compare_scores(&self, period: usize, users: &[i64]) -> Outcome {
        let want = self.model.everyone(period);
        for user in users {
            let row = want.iter().find(|(of, _, _)| of == user);
            let (sum, position) = row.map_or((0, None), |(_, sum, position)| (*sum, Some(*position)));
            let path = format!("/users/{user}/score?period={}", PERIODS[period]);
            let want = json!({"user_id": user, "username": self.model.username(*user), "period": PERIODS[period],
                "total_score": sum, "position": position});
            let got = self.get(&path)?;
            same(&format!("total_score of {path}"), &got["total_score"], &want["total_score"])?;
            if got != want {
                soon(|| same(&path, self.get(&path)?, want.clone()))?;
            }
        }
        Ok(())
    }

    fn compare_board(&self, id: i64, period: usize, user: i64) -> Outcome {
        let board = &self.model.boards[&id];
        let want = self.model.standings(board, period);
        let own = want.iter().find(|(of, _, _)| *of == user).map(|(_, _, position)| *position);
        let path = format!("/leaderboard/{id}?period={}&for_user_id={user}", PERIODS[period]);
        soon(|| {
            let page = self.get(&path)?;
            self.compare_page(&path, &page, board, &want)?;
            same(&format!("the position of user {user} on {path}"), &page["personal"]["position"], &json!(own))
        })
    }

    fn compare_around(&self, id: i64, period: usize, user: i64) -> Outcome {
        let board = &self.model.boards[&id];
        let ranked = self.model.standings(board, period);
        let at = ranked.iter().position(|(of, _, _)| *of == user);
        let want = at.map_or(&[][..], |at| &ranked[at.saturating_sub(2)..ranked.len().min(at + 3)]);
        let path = format!("/leaderboard/{id}/around/{user}?radius=2&period={}", PERIODS[period]);
        soon(|| self.compare_page(&path, &self.get(&path)?, board, want))
    }

    fn compare_page(&self, path: &str, page: &Value, board: &Board, want: &[Row]) -> Outcome {
        let users = page["users"].as_array().ok_or_else(|| format!("{path} has no users"))?;
        let got: Vec<Value> = users
            .iter()
            .map(|user| json!([user["id"], user["username"], user["total_score"], user["position"]]))
            .collect();
        let named = |(user, sum, position): &Row| json!([user, self.model.username(*user), sum, position]);
        same(path, got, want.iter().map(named).collect())?;
        let want = board.json();
        for (field, want) in want.as_object().expect("an object") {
            same(&format!("{field} of {path}"), &page["leaderboard"][field], want)?;
        }
        Ok(())
    }

    /// A list in pages of three, each once, the newest first or last.
    pub fn compare_list(&mut self, filter: &str, is_wanted: impl Fn(&Event) -> bool) -> Outcome {
        let is_descending = self.random.percent(50);
        let mut want: Vec<Value> = self.model.events.iter().filter(|event| is_wanted(event)).map(Event::json).collect();
        if is_descending {
            want.reverse();
        }
        let (order, limit) = (if is_descending { "desc" } else { "asc" }, *self.random.pick(&[3, 100, 100]));
        let path = format!("{EVENTS}?{filter}&order={order}&limit={limit}");
        let (mut got, mut next) = (Vec::new(), Some(path.clone()));
        while let Some(path) = next {
            let reply = self.machine.server().get(&path);
            same(&format!("the status of {path}"), reply.status, 200)?;
            got.extend(reply.json()["events"].as_array().cloned().unwrap_or_default());
            let link = reply.header("Link").and_then(|link| link.strip_prefix('<')?.split_once('>'));
            next = link.map(|(path, _)| path.to_owned());
        }
        same(&path, got, want)
    }

    fn compare_days(&self, user: i64) -> Outcome {
        let want: Vec<Value> =
            self.model.days(user).iter().map(|(date, score)| json!({"date": date, "score": score})).collect();
        let path = format!("/users/{user}/days");
        same(&path, self.get(&path)?, json!({"days": want}))
    }

    fn compare_directory(&self) -> Outcome {
        let users = self.get("/admin/users")?;
        let got: Vec<Value> = users["users"].as_array().cloned().unwrap_or_default();
        let got = got.iter().map(|user| json!([user["id"], user["username"], user["suspended"]])).collect();
        let named = self.model.names.iter();
        let want = named.map(|(id, name)| json!([id, name, self.model.suspended.contains(id)])).collect();
        same("/admin/users", Value::Array(got), Value::Array(want))?;
        let groups = self.get("/admin/groups")?;
        let got = groups["groups"].as_array().cloned().unwrap_or_default();
        let got = got.iter().map(|group| json!([group["id"], group["user_ids"]])).collect();
        let want = self.model.groups.iter().map(|(id, members)| json!([id, members])).collect();
        same("/admin/groups", Value::Array(got), Value::Array(want))?;
        for (id, board) in &self.model.boards {
            let reply = self.machine.server().anonymous("GET", &format!("/leaderboard/{id}")).send();
            same(&format!("whether board {id} is for all"), reply.status != 404, board.visible_to.is_empty())?;
        }
        Ok(())
    }
}
