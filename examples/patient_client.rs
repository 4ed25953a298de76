//! A client that waits when the server asks it to, and never gives points twice.
//!
//! ```sh
//! URL=http://127.0.0.1:8000 KEY=… cargo run --example patient_client -- 13 2023-04-14 15 'Karaoke night'
//! ```
//!
//! A 429 (too many requests) and a 503 (the database is busy) say in `Retry-After` how long to wait. A connection that
//! breaks says nothing, so the waits get longer by themselves. All attempts carry one `Idempotency-Key`: the server stores
//! the event once, and answers each attempt with it.

use std::error::Error;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

const EVENTS: &str = "/admin/plugins/gamification/score_events";

/// How often a request is sent before it is given up.
const ATTEMPTS: u32 = 8;

/// The longest wait that this program chooses by itself.
const WAIT_MAX: Duration = Duration::from_secs(30);

struct Client {
    agent: ureq::Agent,
    url: String,
    key: String,
}

/// What came of one attempt.
enum Attempt {
    Answered(Value),
    /// Worth another attempt, after the time that the server has named, if it has.
    Again(String, Option<Duration>),
}

impl Client {
    fn from_environment() -> Result<Client, Box<dyn Error>> {
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        let agent = config.timeout_global(Some(Duration::from_secs(30))).build().new_agent();
        Ok(Client { agent, url: std::env::var("URL")?, key: std::env::var("KEY")? })
    }

    /// Stores an event, once, and returns it.
    fn award(&self, event: &Value, idempotency_key: &str) -> Result<Value, Box<dyn Error>> {
        for attempt in 0..ATTEMPTS {
            match self.attempt(event, idempotency_key)? {
                Attempt::Answered(event) => return Ok(event),
                Attempt::Again(reason, wait) => {
                    let wait = wait.unwrap_or_else(|| own_wait(attempt));
                    eprintln!("{reason}; once more in {} ms", wait.as_millis());
                    std::thread::sleep(wait);
                }
            }
        }
        Err(format!("given up after {ATTEMPTS} attempts").into())
    }

    fn attempt(&self, event: &Value, idempotency_key: &str) -> Result<Attempt, Box<dyn Error>> {
        let request = self.agent.post(format!("{}{EVENTS}", self.url));
        let request = request.header("Api-Key", &self.key).header("Api-Username", "system");
        let request = request.header("Content-Type", "application/json").header("Idempotency-Key", idempotency_key);
        let mut reply = match request.send(event.to_string()) {
            Ok(reply) => reply,
            Err(error) => return Ok(Attempt::Again(format!("the connection broke ({error})"), None)),
        };
        let status = reply.status().as_u16();
        let wait = reply.headers().get("Retry-After").and_then(|wait| wait.to_str().ok()?.parse().ok());
        let body = match reply.body_mut().read_to_string() {
            Ok(body) => body,
            Err(error) => return Ok(Attempt::Again(format!("the reply broke off ({error})"), None)),
        };
        match status {
            200 => Ok(Attempt::Answered(serde_json::from_str(&body)?)),
            429 | 500 | 502 | 503 | 504 => {
                Ok(Attempt::Again(format!("the server answered {status}"), wait.map(Duration::from_secs)))
            }
            // Sending the same again would get the same answer again.
            _ => Err(format!("refused: {body}").into()),
        }
    }
}

/// Twice as long at each attempt, and a bit of chance, so that many clients do not come back at the same moment.
fn own_wait(attempt: u32) -> Duration {
    let doubled = Duration::from_millis(200) * 2_u32.pow(attempt);
    let chance = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.subsec_nanos() % 200);
    doubled.min(WAIT_MAX) + Duration::from_millis(chance.into())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [user_id, date, points, description] = arguments.as_slice() else {
        return Err("usage: patient_client USER_ID DATE POINTS DESCRIPTION".into());
    };
    let event = json!({"user_id": user_id, "date": date, "points": points, "description": description});
    // A program that is told what to award by a message or an order takes the number of that.
    let key = format!("patient-{}", SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos());
    println!("{}", Client::from_environment()?.award(&event, &key)?);
    Ok(())
}
