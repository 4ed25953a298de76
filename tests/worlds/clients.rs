//! What clients of the API do.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::clocks;
use super::model::{Answer, Award, KEPT, Model};
use super::world::{Outcome, World, done, refused, same};
use crate::support::{EVENTS, Reply, Server};

/// Stores one event, often with a key, sometimes with a minimum at the edge of what is refused.
pub fn award(world: &mut World) -> Outcome {
    let award = draw_award(world);
    let key = world.random.percent(40).then(|| format!("key-{}", world.number()));
    let with = key.as_ref().map_or(String::new(), |key| format!(" with {key}"));
    world.note(format!("POST {}{with}", award.json()));
    let reply = send(world.machine.server(), EVENTS, &award.json(), key.as_deref());
    answered(world, &award, &reply)?;
    if let Some(key) = key {
        keep(world, key, EVENTS, award.json(), &reply);
    }
    Ok(())
}

pub fn draw_award(world: &mut World) -> Award {
    let (user, date, points) = (world.draw_user(), world.draw_date(), world.draw_points());
    world.about = (user, date);
    let texts = ["", "Karaoke night", "Ärger mit \"Zitaten\" \\ und\nZeilen", "💃🏽"];
    let description = world.random.percent(40).then(|| (*world.random.pick(&texts)).to_owned());
    let after = world.model.spendable(user) + world.model.counts_for(date, points);
    let minimum = world.random.percent(35).then(|| after + world.random.between(-2, 2));
    Award { user, date, points, description, minimum }
}

pub fn send(server: &Server, path: &str, body: &Value, key: Option<&str>) -> Reply {
    let mut request = server.request("POST", path).json(body);
    if let Some(key) = key {
        request = request.header("Idempotency-Key", key);
    }
    request.send()
}

/// Remembers an answer that is given again.
pub fn keep(world: &mut World, key: String, path: &str, body: Value, reply: &Reply) {
    let (at, path, text) = (world.model.calendar.now, path.to_owned(), reply.body.clone());
    world.model.answers.push(Answer { key, path, body, at, status: reply.status, text, was_over: false });
}

/// What a POST was answered must be what the model decides; then the model has it too.
pub fn answered(world: &mut World, award: &Award, reply: &Reply) -> Outcome {
    same("the header of a repeated answer", reply.header("Idempotent-Replayed"), None)?;
    decide(&mut world.model, award, reply)
}

fn decide(model: &mut Model, award: &Award, reply: &Reply) -> Outcome {
    let change = model.counts_for(award.date, award.points);
    if let Some(spendable) = model.refuses(award.user, change, award.minimum) {
        refused(reply, 422, "insufficient_points")?;
        return same("extras", &reply.json()["extras"], &json!({"score": spendable}));
    }
    same("the status of the reply", (reply.status, reply.body.as_str()), (200, reply.body.as_str()))?;
    take_in(model, award, &reply.json())
}

/// The model has an event that the server has answered with.
fn take_in(model: &mut Model, award: &Award, event: &Value) -> Outcome {
    let id = event["id"].as_i64().unwrap_or_default();
    if id <= model.highest() {
        return Err(format!("the new id {id} is not above {}", model.highest()));
    }
    model.store(id, award);
    same("the event that was stored", event, &model.event(id).json())
}

/// The same request again gets the same answer; another one under the same key is refused; later it is a new one.
pub fn ask_again(world: &mut World) -> Outcome {
    let answers: Vec<Answer> = world.model.answers.iter().filter(|answer| answer.path == EVENTS).cloned().collect();
    if answers.is_empty() {
        return Ok(());
    }
    let answer = world.random.pick(&answers).clone();
    // Sometimes when the time is just about to be over, or has just been.
    let edge = answer.at + KEPT + TimeDelta::milliseconds(*world.random.pick(&[-1, 1]));
    if world.random.percent(25) && world.model.calendar.now < edge {
        clocks::jump_to(world, edge)?;
    }
    let Some(is_kept) = world.model.is_kept(&answer) else { return Ok(()) };
    let is_other = is_kept && world.random.percent(30);
    let mut body = answer.body.clone();
    if is_other {
        body["points"] = json!(body["points"].as_i64().unwrap_or_default() + 1);
    }
    world.note(format!("POST {body} again with {}, {}", answer.key, if is_kept { "in time" } else { "too late" }));
    let reply = send(world.machine.server(), EVENTS, &body, Some(&answer.key));
    if is_other {
        return refused(&reply, 422, "idempotency_key_reused");
    }
    if is_kept {
        same("the header of a repeated answer", reply.header("Idempotent-Replayed"), Some("true"))?;
        return same("a repeated answer", (reply.status, &reply.body), (answer.status, &answer.text));
    }
    let award = award_of(&body);
    world.about = (award.user, award.date);
    world.model.answers.retain(|other| other.key != answer.key);
    answered(world, &award, &reply)?;
    keep(world, answer.key, EVENTS, body, &reply);
    Ok(())
}

fn award_of(body: &Value) -> Award {
    Award {
        user: body["user_id"].as_i64().expect("a user"),
        date: body["date"].as_str().and_then(|date| date.parse().ok()).expect("a date"),
        points: body["points"].as_i64().expect("points"),
        description: body["description"].as_str().map(str::to_owned),
        minimum: body["minimum_score"].as_i64(),
    }
}

/// Two redemptions at the same moment: what they are answered fits one after the other.
pub fn redeem_twice_at_once(world: &mut World) -> Outcome {
    let (user, date) = (world.draw_user(), world.model.today());
    world.about = (user, date);
    let spendable = world.model.spendable(user);
    let minimum = if spendable > 0 { 0 } else { spendable - 3 };
    let most = (spendable - minimum).clamp(1, 1 << 31);
    let points = -world.random.between((most / 2).max(1), most);
    let award = Award { user, date, points, description: None, minimum: Some(minimum) };
    world.note(format!("POST {} twice at once", award.json()));
    let server = world.machine.server();
    let (one, other) = std::thread::scope(|scope| {
        let one = scope.spawn(|| send(server, EVENTS, &award.json(), None));
        let other = send(server, EVENTS, &award.json(), None);
        (one.join().expect("a reply"), other)
    });
    let mut model = world.model.clone();
    let first_wins = decide(&mut model, &award, &one).and_then(|()| decide(&mut model, &award, &other));
    if first_wins.is_err() {
        model = world.model.clone();
        decide(&mut model, &award, &other)?;
        decide(&mut model, &award, &one)?;
    }
    world.model = model;
    Ok(())
}

pub fn correct(world: &mut World) -> Outcome {
    let events = world.model.events.clone();
    if events.is_empty() {
        return Ok(());
    }
    let event = world.random.pick(&events).clone();
    world.about = (event.user, event.date);
    let points = world.draw_points();
    let change = world.model.counts_for(event.date, points) - world.model.counts_for(event.date, event.points);
    let minimum = draw_minimum(world, event.user, change);
    let mut body = json!({"id": event.id, "points": points, "minimum_score": minimum});
    let description = world.random.percent(30).then(|| (*world.random.pick(&["", "Keynote"])).to_owned());
    if let Some(description) = &description {
        body["description"] = json!(description);
    }
    world.note(format!("PUT {body}"));
    let reply = world.machine.server().put(EVENTS, &body);
    if let Some(spendable) = world.model.refuses(event.user, change, minimum) {
        refused(&reply, 422, "insufficient_points")?;
        return same("extras", &reply.json()["extras"], &json!({"score": spendable}));
    }
    done(&reply)?;
    let now: DateTime<Utc> = world.model.calendar.now;
    world.model.remembered = world.model.remembered.max(event.id);
    let event = world.model.event(event.id);
    event.points = points;
    event.updated_at = now;
    event.description = description.or_else(|| event.description.take());
    Ok(())
}

fn draw_minimum(world: &mut World, user: i64, change: i64) -> Option<i64> {
    let after = world.model.spendable(user) + change;
    world.random.percent(30).then(|| after + world.random.between(-1, 2))
}

pub fn delete(world: &mut World) -> Outcome {
    let events = world.model.events.clone();
    if events.is_empty() {
        return Ok(());
    }
    let event = world.random.pick(&events).clone();
    world.about = (event.user, event.date);
    let change = -world.model.counts_for(event.date, event.points);
    let minimum = draw_minimum(world, event.user, change);
    let query = minimum.map_or(String::new(), |minimum| format!("?minimum_score={minimum}"));
    world.note(format!("DELETE {}{query}", event.id));
    let reply = world.machine.server().delete(&format!("{EVENTS}/{}{query}", event.id));
    if let Some(spendable) = world.model.refuses(event.user, change, minimum) {
        refused(&reply, 422, "insufficient_points")?;
        return same("extras", &reply.json()["extras"], &json!({"score": spendable}));
    }
    done(&reply)?;
    world.model.remembered = world.model.remembered.max(event.id);
    world.model.take(event.id);
    Ok(())
}

/// Many events at once, all or none, each decided as if those before it were stored.
pub fn batch(world: &mut World) -> Outcome {
    let awards: Vec<Award> = (0..world.random.between(1, 6)).map(|_| draw_award(world)).collect();
    let body = json!({"events": awards.iter().map(Award::json).collect::<Vec<_>>()});
    world.note(format!("POST a batch {body}"));
    let reply = send(world.machine.server(), &format!("{EVENTS}/batch"), &body, None);
    batch_answered(world, &awards, &reply)
}

pub fn batch_answered(world: &mut World, awards: &[Award], reply: &Reply) -> Outcome {
    let mut model = world.model.clone();
    for (award, index) in awards.iter().zip(0..) {
        let change = model.counts_for(award.date, award.points);
        if let Some(score) = model.refuses(award.user, change, award.minimum) {
            refused(reply, 422, "insufficient_points")?;
            return same("extras", &reply.json()["extras"], &json!({"index": index, "score": score}));
        }
        // The ids are not known yet.
        model.store(model.highest() + 1, award);
    }
    same("the status of a batch", (reply.status, reply.body.as_str()), (200, reply.body.as_str()))?;
    let events = reply.json()["events"].as_array().cloned().unwrap_or_default();
    same("the events of a batch", events.len(), awards.len())?;
    for (award, event) in awards.iter().zip(&events) {
        take_in(&mut world.model, award, event)?;
    }
    Ok(())
}

/// What is not there is not changed.
pub fn stray(world: &mut World) -> Outcome {
    let id = world.model.highest() + 1_000;
    world.note(format!("PUT and DELETE {id}"));
    refused(&world.machine.server().put(EVENTS, &json!({"id": id, "points": 1})), 404, "not_found")?;
    refused(&world.machine.server().delete(&format!("{EVENTS}/{id}")), 404, "not_found")
}
