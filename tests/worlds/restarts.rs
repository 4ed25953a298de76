//! The server ends, well or not, and begins again.

use chrono::Days;
use serde_json::json;

use super::clients::{answered, batch_answered, draw_award, keep, send};
use super::outside;
use super::world::{Outcome, World, same};
use crate::support::EVENTS;

/// How many days before today the rebuild begins that every start does (`recent_days`).
const RECENT_DAYS: u64 = 10;

pub fn kill(world: &mut World) -> Outcome {
    world.note("kill -9, and a new start");
    world.machine.kill();
    start(world);
    Ok(())
}

pub fn stop(world: &mut World) -> Outcome {
    world.note("a clean stop, and a new start");
    world.machine.stop();
    start(world);
    Ok(())
}

/// Starts the server, which begins with a rebuild of the recent days.
pub fn start(world: &mut World) {
    world.machine.start();
    let from = world.model.today() - Days::new(RECENT_DAYS);
    let lacking = world.model.lacking.len();
    world.model.rebuild(from);
    if world.model.lacking.len() < lacking {
        world.machine.wait_for_rebuild();
    }
}

/// A kill while a request is under way: it was carried out wholly or not at all, and once when it is sent again.
pub fn kill_in_flight(world: &mut World) -> Outcome {
    // A start makes scores right, so what is decided before it and after it would not be the same.
    if !world.model.lacking.is_empty() {
        outside::backfill(world, world.model.calendar.first_day(0))?;
    }
    let is_batch = world.random.percent(50);
    let awards: Vec<_> = (0..if is_batch { 5 } else { 1 }).map(|_| draw_award(world)).collect();
    let (path, body) = if is_batch {
        (format!("{EVENTS}/batch"), json!({"events": awards.iter().map(|award| award.json()).collect::<Vec<_>>()}))
    } else {
        (EVENTS.to_owned(), awards[0].json())
    };
    let key = format!("key-{}", world.number());
    world.note(format!("POST {body} with {key} to {path} while the server is killed, and again after a new start"));
    let heard = std::thread::scope(|scope| {
        let server = world.machine.server();
        let request = server.request("POST", &path).json(&body).header("Idempotency-Key", &key);
        let request = scope.spawn(|| request.try_send());
        server.signal("KILL");
        request.join().expect("no panic")
    });
    world.machine.kill();
    start(world);
    let mut reply = send(world.machine.server(), &path, &body, Some(&key));
    let is_replayed = reply.header("Idempotent-Replayed") == Some("true");
    if let Ok(heard) = heard {
        same("the header of a repeated answer", is_replayed, true)?;
        same("what is answered again", (heard.status, &heard.body), (reply.status, &reply.body))?;
    }
    // Whether it was carried out before or after the kill, the answer is the same.
    reply.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("Idempotent-Replayed"));
    if is_batch {
        return batch_answered(world, &awards, &reply);
    }
    answered(world, &awards[0], &reply)?;
    keep(world, key, EVENTS, body, &reply);
    Ok(())
}
