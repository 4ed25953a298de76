//! What others do with the same file: SQL, a backfill, an import, a lock.

use std::time::{Duration, Instant};

use chrono::{Days, NaiveDate};
use rusqlite::{Connection, TransactionBehavior, params};
use serde_json::json;

use super::clients::answered;
use super::model::{Award, Event};
use super::restarts::start;
use super::world::{GROUPS, Outcome, USERS, World, done, refused, same};
use crate::support::{EVENTS, RECALCULATE, wait_for};

/// How long a write waits for the lock.
const BUSY: Duration = Duration::from_secs(5);

/// Adds to the score of a user's day, as the program does.
fn add(connection: &Connection, user: i64, date: NaiveDate, points: i64, events: i64) {
    let date = date.to_string();
    let add = "INSERT INTO scores (month, user_id, day, score, events)
        VALUES (replace(substr(?2, 1, 7), '-', ''), ?1, substr(?2, 9), ?3, ?4)
        ON CONFLICT DO UPDATE SET score = score + excluded.score, events = events + excluded.events";
    connection.execute(add, params![user, date, points, events]).expect("a score");
    let remove = "DELETE FROM scores WHERE user_id = ?1 AND date = ?2 AND score = 0 AND events = 0";
    connection.execute(remove, params![user, date]).expect("no score");
}

/// SQL changes an event, with its scores or without; then a rebuild has to follow one day.
pub fn change_events(world: &mut World) -> Outcome {
    let with_scores = world.random.percent(50);
    if !with_scores {
        world.machine.wait_for_rebuild();
    }
    let events = if with_scores { world.model.settled() } else { world.model.events.clone() };
    let before = (!events.is_empty() && world.random.percent(60)).then(|| world.random.pick(&events).clone());
    let after = draw_after(world, before.as_ref());
    let scores = if with_scores { "and its scores" } else { "alone" };
    let shown = |event: &Option<Event>| event.as_ref().map_or("nothing".to_owned(), |event| event.json().to_string());
    world.note(format!("SQL makes {} of {}, {scores}", shown(&after), shown(&before)));
    let mut connection = world.machine.sql();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).expect("a transaction");
    write(&transaction, before.as_ref(), after.as_ref());
    for (event, sign) in [(&before, -1), (&after, 1)] {
        let Some(Event { user, date, points, .. }) = event else { continue };
        world.about = (*user, *date);
        if with_scores {
            add(&transaction, *user, *date, sign * points, sign);
        } else {
            world.model.lack(*user, *date, sign * points, sign);
        }
    }
    transaction.commit().expect("a commit");
    if let Some(before) = before {
        world.model.take(before.id);
    }
    if let Some(after) = after {
        world.model.insert(after);
    }
    Ok(())
}

/// What SQL makes of an event, or of nothing.
fn draw_after(world: &mut World, before: Option<&Event>) -> Option<Event> {
    let now = world.model.calendar.now;
    let (user, date, points) = (world.draw_user(), world.draw_date(), world.draw_points());
    let Some(before) = before else {
        // The next one, one far above, or one that is free below.
        let next = world.model.events.iter().map(|event| event.id).max().unwrap_or_default() + 1;
        let free = (1..next).rev().find(|id| world.model.events.iter().all(|event| event.id != *id)).unwrap_or(next);
        let id = *world.random.pick(&[next, next, next + 40, free]);
        return Some(Event { id, user, date, points, description: None, created_at: now, updated_at: now });
    };
    let before = before.clone();
    match world.random.below(5) {
        0 => None,
        1 => Some(Event { user, ..before }),
        2 => Some(Event { date, ..before }),
        3 => Some(Event { description: Some("by hand".to_owned()), updated_at: now, ..before }),
        _ => Some(Event { points, ..before }),
    }
}

fn write(connection: &Connection, before: Option<&Event>, after: Option<&Event>) {
    match (before, after) {
        (Some(before), None) => {
            connection.execute("DELETE FROM score_events WHERE id = ?1", [before.id]).expect("no event");
        }
        (before, Some(Event { id, user, date, points, description, created_at, updated_at })) => {
            let sql = if before.is_some() {
                "UPDATE score_events SET user_id = ?2, date = ?3, points = ?4, description = ?5, created_at = ?6,
                    updated_at = ?7 WHERE id = ?1"
            } else {
                "INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
            };
            let times = (created_at.timestamp_millis(), updated_at.timestamp_millis());
            connection
                .execute(sql, params![id, user, date.to_string(), points, description, times.0, times.1])
                .expect("an event");
        }
        (None, None) => {}
    }
}

/// SQL changes who is ranked, and on which days of a board.
pub fn change_directory(world: &mut World) -> Outcome {
    let connection = world.machine.sql();
    let user = world.draw_user();
    match world.random.below(3) {
        0 if world.model.names.contains_key(&user) => {
            let suspended = world.random.percent(50);
            world.note(format!("SQL sets suspended = {suspended} of user {user}"));
            connection
                .execute("UPDATE users SET suspended = ?1 WHERE id = ?2", params![suspended, user])
                .expect("a user");
            let all = &mut world.model.suspended;
            let _ = if suspended { all.insert(user) } else { all.remove(&user) };
        }
        1 if !world.model.groups.is_empty() => {
            let groups: Vec<i64> = GROUPS.into_iter().filter(|id| world.model.groups.contains_key(id)).collect();
            let group = *world.random.pick(&groups);
            let members = world.model.groups.get_mut(&group).expect("a group");
            let sql = if members.remove(&user) {
                "DELETE FROM group_members WHERE group_id = ?1 AND user_id = ?2"
            } else {
                members.insert(user);
                "INSERT INTO group_members (group_id, user_id) VALUES (?1, ?2)"
            };
            connection.execute(sql, [group, user]).expect("members");
            world.note(format!("SQL: {sql} ({group}, {user})"));
        }
        _ => {
            let from = world.draw_date();
            let boards: Vec<i64> = world.model.boards.keys().copied().collect();
            let id = *world.random.pick(&boards);
            world.note(format!("SQL sets from_date = {from} of board {id}"));
            connection
                .execute(
                    "UPDATE leaderboards SET from_date = ?1, to_date = NULL WHERE id = ?2",
                    params![from.to_string(), id],
                )
                .expect("a board");
            let board = world.model.boards.get_mut(&id).expect("a board");
            (board.from, board.to) = (Some(from), None);
        }
    }
    Ok(())
}

/// A backfill beside the server, or a recalculation in it.
pub fn rebuild(world: &mut World) -> Outcome {
    let first = world.model.lacking.keys().map(|(_, date)| *date).min();
    let from = first.filter(|_| world.random.percent(70)).unwrap_or_else(|| world.draw_date());
    if let Some((user, date)) = world.model.lacking.keys().next() {
        world.about = (*user, *date);
    }
    if world.random.percent(60) { backfill(world, from) } else { recalculate(world, from) }
}

pub fn backfill(world: &mut World, from: NaiveDate) -> Outcome {
    world.note(format!("--backfill-from {from}"));
    let run = world.machine.run(&["--backfill-from", &from.to_string()]);
    if from > world.model.today() {
        return same("the backfill", (run.code, run.stdout.as_str()), (Some(2), ""));
    }
    same("the backfill", (run.code, run.stdout.starts_with("backfilled ")), (Some(0), true))
        .map_err(|fault| format!("{fault}: {}", run.stderr))?;
    world.model.rebuild(from);
    Ok(())
}

fn recalculate(world: &mut World, from: NaiveDate) -> Outcome {
    world.note(format!("PUT recalculate-scores from {from}"));
    let reply = world.machine.server().put(RECALCULATE, &json!({"from_date": from}));
    if from > world.model.today() {
        return refused(&reply, 400, "invalid_parameters");
    }
    done(&reply)?;
    wait_for("the recalculation", || {
        (world.machine.server().get(RECALCULATE).json()["running"] == json!(false)).then_some(())
    });
    world.model.rebuild(from);
    Ok(())
}

impl World {
    /// Makes all scores right, so that the file as a whole can be checked.
    pub fn settle(&mut self) -> Outcome {
        if !self.model.lacking.is_empty() {
            backfill(self, self.model.calendar.first_day(0))?;
        }
        let check = self.machine.run(&["check"]);
        same("scorekeeper check", (check.code, check.stdout.as_str()), (Some(0), "ok\n"))
            .map_err(|fault| format!("{fault}: {}", check.stderr))
    }
}

/// A file of events, beside the server or while there is none; a bad line, and nothing is stored.
pub fn import(world: &mut World) -> Outcome {
    let is_beside = world.random.percent(50);
    let number = world.number();
    let count = world.random.between(1, 6);
    let (user, is_bad) = (world.draw_user(), world.random.percent(20));
    let mut lines = "user_id,date,points,description\n".to_owned();
    let mut awards = Vec::new();
    for line in 0..count {
        let (date, points) = (world.draw_date(), world.draw_points());
        let user = if line == 0 { user } else { world.draw_user() };
        world.about = (user, date);
        lines.push_str(&format!("{user},{date},{points},line {line} of {number}\n"));
        let description = Some(format!("line {line} of {number}"));
        awards.push(Award { user, date, points, description, minimum: None });
    }
    if is_bad {
        lines.push_str("1,2023-02-29,5,no such day\n");
    }
    let name = format!("{number}.csv");
    std::fs::write(world.machine.folder().join(&name), &lines).expect("a file");
    let where_to = if is_beside { "beside the server" } else { "while there is no server" };
    world.note(format!("import {where_to}: {}", lines.replace('\n', " / ")));
    if !is_beside {
        world.machine.stop();
    }
    let run = world.machine.run(&["import", &name]);
    let again = world.machine.run(&["import", &name]);
    if !is_beside {
        start(world);
    }
    if is_bad {
        return same("an import with a bad line", (run.code, run.stdout.as_str()), (Some(1), ""));
    }
    same("the import", (run.code, run.stdout.starts_with("imported ")), (Some(0), true))
        .map_err(|fault| format!("{fault}: {}", run.stderr))?;
    same("the same import again", again.code, Some(0))?;
    take_in(world, awards)
}

/// The events of a file stand after all others, in its order.
fn take_in(world: &mut World, awards: Vec<Award>) -> Outcome {
    let highest = world.model.highest();
    let listed = world.machine.server().get(&format!("{EVENTS}?after={highest}")).json();
    let events = listed["events"].as_array().cloned().unwrap_or_default();
    same("the number of events that were imported", events.len(), awards.len())?;
    for (award, event) in awards.iter().zip(&events) {
        let id = event["id"].as_i64().unwrap_or_default();
        world.model.store(id, award);
        same("an event that was imported", event, &world.model.event(id).json())?;
    }
    Ok(())
}

/// Another program holds the lock for a moment: reads go on, and a redemption waits and is judged by what the other has done.
pub fn hold_the_lock(world: &mut World) -> Outcome {
    let user = world.draw_user();
    let date = world.model.today() - Days::new(world.random.below(3) as u64);
    world.about = (user, date);
    let now = world.model.calendar.now;
    let id = world.model.events.iter().map(|event| event.id).max().unwrap_or_default() + 1;
    let points = -world.random.between(1, 3);
    let spent = Event { id, user, date, points, description: None, created_at: now, updated_at: now };
    let minimum = Some(world.model.spendable(user) - 2 + world.random.between(-1, 1));
    let award = Award { user, date, points: -1, description: None, minimum };
    let is_long = world.random.percent(2);
    let until = if is_long { "until it is refused" } else { "for a moment" };
    world.note(format!(
        "SQL holds the lock {until}, in which it stores {}, beside POST {}",
        spent.json(),
        award.json()
    ));
    let mut connection = world.machine.sql();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).expect("a transaction");
    write(&transaction, None, Some(&spent));
    add(&transaction, user, date, points, 1);
    let asked = Instant::now();
    let reply = std::thread::scope(|scope| {
        let server = world.machine.server();
        let request = server.request("POST", EVENTS).json(&award.json());
        let waiting = scope.spawn(|| request.send());
        let read = USERS.iter().try_for_each(|user| {
            let path = format!("/users/{user}/days?to_date=0001-01-01");
            same("the status of a read beside a lock", server.get(&path).status, 200)
        });
        let reply = if is_long {
            let reply = waiting.join().expect("a reply");
            transaction.commit().expect("a commit");
            reply
        } else {
            transaction.commit().expect("a commit");
            waiting.join().expect("a reply")
        };
        read.map(|()| reply)
    })?;
    // The lock was held before the request came.
    world.model.insert(spent);
    // On a machine that has much else to do, a moment may be too long as well.
    if is_long || reply.status == 503 && asked.elapsed() >= BUSY {
        return refused(&reply, 503, "unavailable");
    }
    answered(world, &award, &reply)
}
