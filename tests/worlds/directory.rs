//! What becomes of users, groups and boards.

use chrono::{Days, NaiveDate};
use serde_json::json;

use super::calendar::PERIODS;
use super::model::Board;
use super::outside;
use super::world::{FOREVER, GROUPS, Outcome, USERS, World, done, refused, same};

const BOARDS: &str = "/admin/plugins/gamification/leaderboard";
/// More boards than these are not made.
const BOARDS_MAX: usize = 4;

/// All that one user has becomes the other's.
pub fn merge(world: &mut World) -> Outcome {
    let (from, into) = (world.draw_user(), world.draw_user());
    if from == into {
        return Ok(());
    }
    if world.model.lacking.keys().any(|(user, _)| *user == from || *user == into) {
        outside::backfill(world, world.model.calendar.first_day(0))?;
    }
    world.about.0 = into;
    world.note(format!("merge user {from} into {into}"));
    let reply = world.machine.server().post("/admin/users/merge", &json!({"from_id": from, "into_id": into}));
    let model = &mut world.model;
    let mut found = model.names.remove(&from).is_some();
    found |= model.suspended.remove(&from);
    for event in model.events.iter_mut().filter(|event| event.user == from) {
        event.user = into;
        found = true;
    }
    for members in model.groups.values_mut() {
        if members.remove(&from) {
            members.insert(into);
            found = true;
        }
    }
    if found { done(&reply) } else { refused(&reply, 404, "not_found") }
}

/// A user gets a name, is suspended, or is no longer.
pub fn change_user(world: &mut World) -> Outcome {
    let user = world.draw_user();
    let taken: Vec<String> =
        world.model.names.iter().filter(|(id, _)| **id != user).map(|(_, name)| name.to_uppercase()).collect();
    let is_taken = !taken.is_empty() && world.random.percent(10);
    let name = if is_taken { world.random.pick(&taken).clone() } else { format!("dancer-{user}-{}", world.number()) };
    let suspended = world.random.percent(70).then(|| world.random.percent(55));
    let mut body = json!({"username": name});
    if let Some(suspended) = suspended {
        body["suspended"] = json!(suspended);
    }
    world.about.0 = user;
    world.note(format!("PUT user {user} {body}"));
    let reply = world.machine.server().put(&format!("/admin/users/{user}"), &body);
    if is_taken {
        return refused(&reply, 422, "name_taken");
    }
    done(&reply)?;
    world.model.names.insert(user, name);
    match suspended {
        Some(true) => drop(world.model.suspended.insert(user)),
        Some(false) => drop(world.model.suspended.remove(&user)),
        None => {}
    }
    Ok(())
}

/// The names are forgotten; a suspension stays.
pub fn forget_user(world: &mut World) -> Outcome {
    let user = world.draw_user();
    world.note(format!("DELETE user {user}"));
    let reply = world.machine.server().delete(&format!("/admin/users/{user}"));
    if world.model.names.remove(&user).is_some() { done(&reply) } else { refused(&reply, 404, "not_found") }
}

pub fn change_group(world: &mut World) -> Outcome {
    let group = *world.random.pick(&GROUPS);
    let members = world.draw_some(&USERS, 40);
    let body = json!({"name": format!("group {group}"), "user_ids": members});
    world.note(format!("PUT group {group} {body}"));
    done(&world.machine.server().put(&format!("/admin/groups/{group}"), &body))?;
    world.model.groups.insert(group, members.into_iter().collect());
    Ok(())
}

pub fn remove_group(world: &mut World) -> Outcome {
    let group = *world.random.pick(&GROUPS);
    world.note(format!("DELETE group {group}"));
    let reply = world.machine.server().delete(&format!("/admin/groups/{group}"));
    if world.model.groups.remove(&group).is_some() { done(&reply) } else { refused(&reply, 404, "not_found") }
}

fn draw_board(world: &mut World, name: String) -> Board {
    let day = |world: &mut World| -> Option<NaiveDate> { world.random.percent(40).then(|| world.draw_date()) };
    let (from, mut to) = (day(world), day(world));
    // The wrong way round is refused; sometimes is enough.
    if from > to && to.is_some() && world.random.percent(80) {
        to = from.map(|from| (from + Days::new(20)).min(FOREVER));
    }
    let groups = |world: &mut World, percent| {
        if world.random.percent(percent) { world.draw_some(&GROUPS, 50) } else { Vec::new() }
    };
    Board {
        name,
        from,
        to,
        visible_to: groups(world, 15),
        included: groups(world, 40),
        excluded: groups(world, 40),
        default_period: world.random.below(PERIODS.len()),
        default_only: world.random.percent(15),
    }
}

fn is_reversed(board: &Board) -> bool {
    matches!((board.from, board.to), (Some(from), Some(to)) if from > to)
}

pub fn create_board(world: &mut World) -> Outcome {
    if world.model.boards.len() == BOARDS_MAX {
        return Ok(());
    }
    let name = format!("board {}", world.number());
    let board = draw_board(world, name);
    let mut body = board.json();
    body["created_by_id"] = json!(-1);
    world.note(format!("POST board {body}"));
    let reply = world.machine.server().post(BOARDS, &body);
    if is_reversed(&board) {
        return refused(&reply, 422, "dates_reversed");
    }
    same("the status of the reply", (reply.status, reply.body.as_str()), (200, reply.body.as_str()))?;
    let id = reply.json()["id"].as_i64().unwrap_or_default();
    same("whether there was such a board", world.model.boards.insert(id, board), None)
}

pub fn change_board(world: &mut World) -> Outcome {
    let boards: Vec<i64> = world.model.boards.keys().copied().collect();
    let id = *world.random.pick(&boards);
    let name = world.model.boards[&id].name.clone();
    let board = draw_board(world, name);
    let body = board.json();
    world.note(format!("PUT board {id} {body}"));
    let reply = world.machine.server().put(&format!("{BOARDS}/{id}"), &body);
    if is_reversed(&board) {
        return refused(&reply, 422, "dates_reversed");
    }
    done(&reply)?;
    world.model.boards.insert(id, board);
    Ok(())
}

pub fn remove_board(world: &mut World) -> Outcome {
    let boards: Vec<i64> = world.model.boards.keys().copied().collect();
    let id = *world.random.pick(&boards);
    world.note(format!("DELETE board {id}"));
    let reply = world.machine.server().delete(&format!("{BOARDS}/{id}"));
    if id == 1 {
        return refused(&reply, 422, "leaderboard_protected");
    }
    done(&reply)?;
    world.model.boards.remove(&id);
    refused(&world.machine.server().get(&format!("/leaderboard/{id}")), 404, "not_found")
}
