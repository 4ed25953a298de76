//! Two small servers to hold scorekeeper against, both Rocket with the same settings: one that does nothing but read
//! requests and answer, which is the most that any handler can reach; and the design that one would write first.

use std::io::Cursor;
use std::path::Path;
use std::time::Duration;

use r2d2_sqlite::SqliteConnectionManager;
use rocket::data::{Data, ToByteUnit};
use rocket::fairing::AdHoc;
use rocket::http::{ContentType, Status};
use rocket::response::{self, Responder, Response};
use rocket::{Build, Rocket, State, get, post, routes};
use rusqlite::params;
use scorekeeper::config;
use scorekeeper::domain::EventDate;
use serde::{Deserialize, Serialize};

type Pool = r2d2::Pool<SqliteConnectionManager>;

/// The body of a POST.
#[derive(Deserialize)]
struct Award {
    user_id: i64,
    date: String,
    points: i64,
    description: Option<String>,
}

/// The reply to it, as long as scorekeeper's.
#[derive(Serialize)]
struct Event {
    id: i64,
    user_id: i64,
    date: String,
    points: i64,
    description: Option<String>,
    created_at: &'static str,
    updated_at: &'static str,
}

/// A reply in one piece, as scorekeeper sends its own: Rocket alone would cut it into pieces of 4 KiB.
struct Json(Vec<u8>);

impl<'r> Responder<'r, 'static> for Json {
    fn respond_to(self, _: &'r rocket::Request<'_>) -> response::Result<'static> {
        let mut response = Response::new();
        response.set_header(ContentType::JSON);
        response.set_max_chunk_size((self.0.len() + 1).min(64 << 10));
        response.set_sized_body(self.0.len(), Cursor::new(self.0));
        Ok(response)
    }
}

impl Event {
    fn reply(id: i64, award: Award) -> Json {
        const AT: &str = "2026-03-31T12:00:00.000Z";
        let Award { user_id, date, points, description } = award;
        let event = Event { id, user_id, date, points, description, created_at: AT, updated_at: AT };
        Json(serde_json::to_vec(&event).expect("plain data has a JSON form"))
    }
}

async fn read_award(data: Data<'_>) -> Result<Award, Status> {
    let body = data.open(1.mebibytes()).into_bytes().await.map_err(|_| Status::BadRequest)?;
    serde_json::from_slice(&body).map_err(|_| Status::BadRequest)
}

#[post("/admin/plugins/gamification/score_events", data = "<data>")]
async fn post_empty(data: Data<'_>) -> Result<Json, Status> {
    Ok(Event::reply(12_345_678, read_award(data).await?))
}

#[get("/small")]
fn small() -> Json {
    Json(
        br#"{"user_id":12345,"username":"user12345","period":"all_time","total_score":98765,"position":4321}"#.to_vec(),
    )
}

#[get("/bytes/<count>")]
fn bytes(count: usize) -> Json {
    Json(vec![b' '; count])
}

#[post("/admin/plugins/gamification/score_events", data = "<data>")]
async fn post_naive(pool: &State<Pool>, data: Data<'_>) -> Result<Json, Status> {
    let award = read_award(data).await?;
    let date: EventDate = award.date.parse().map_err(|_| Status::BadRequest)?;
    let pool = Pool::clone(pool);
    let stored = tokio::task::spawn_blocking(move || {
        let connection = pool.get().map_err(|error| error.to_string())?;
        let mut insert = connection
            .prepare_cached("INSERT INTO score_events (user_id, date, points, description) VALUES (?1, ?2, ?3, ?4)")
            .map_err(|error| error.to_string())?;
        let id = insert.insert(params![award.user_id, date, award.points, award.description]);
        Ok::<_, String>(Event::reply(id.map_err(|error| error.to_string())?, award))
    });
    stored.await.map_err(|error| error.to_string()).flatten().map_err(|error| {
        eprintln!("{error}");
        Status::InternalServerError
    })
}

/// Serves nothing.
pub fn serve_empty() {
    launch(rocket::custom(config::figment()).mount("/", routes![post_empty, small, bytes]));
}

/// Serves from the tables of a file that scorekeeper made, keeping no score: a pooled connection for each request, and a
/// transaction of its own for each INSERT.
pub fn serve_naive(file: &Path) {
    let manager = SqliteConnectionManager::file(file).with_init(|connection| {
        connection.busy_timeout(Duration::from_secs(60))?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")
    });
    let pool = Pool::builder().connection_timeout(Duration::from_secs(60)).build(manager).expect("a pool");
    launch(rocket::custom(config::figment()).manage(pool).mount("/", routes![post_naive]));
}

fn launch(rocket: Rocket<Build>) {
    let announce = AdHoc::on_liftoff("Announce", |rocket| {
        let port = rocket.config().port;
        Box::pin(async move { eprintln!("listening on http://127.0.0.1:{port} ") })
    });
    rocket::execute(rocket.attach(announce).launch()).expect("a server that goes on");
}
