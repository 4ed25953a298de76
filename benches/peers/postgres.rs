//! PostgreSQL as Discourse Gamification uses it: events and scores in tables of the same columns and indexes, scores
//! made by deleting and summing again, leaderboards as materialised views. The statements are our own.

use std::fmt::Write;
use std::time::Instant;

use scorekeeper::domain::Period;

use crate::Bench;
use crate::cluster::{Cluster, Pgbench};
use crate::draw::{DAYS, Dates, SPREAD};
use crate::post::CONNECTIONS;
use crate::report::{Table, median, number};
use crate::request;

/// Users on a page.
const PAGE: u64 = 100;
/// Connections of the reads.
const READERS: usize = 64;

/// The tables, and their columns and indexes, are the plugin's; the names are not.
const TABLES: &str = "
    CREATE TABLE score_events (
        id bigserial PRIMARY KEY, user_id integer NOT NULL, date date NOT NULL, points integer NOT NULL,
        description text, created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL);
    CREATE TABLE scores (id bigserial PRIMARY KEY, user_id integer NOT NULL, date date NOT NULL, score integer NOT NULL);
    CREATE TABLE users (id integer PRIMARY KEY, username text NOT NULL, name text)";

const INDEXES: &str = "
    CREATE INDEX ON score_events (user_id, date);
    CREATE INDEX ON score_events (date);
    CREATE UNIQUE INDEX ON scores (user_id, date);
    CREATE INDEX ON scores (date)";

/// The database with a million events that inserts go to, and the one with all of them.
const INSERTS: &str = "inserts";
const HISTORY: &str = "history";

/// Runs the part, or says why not.
pub fn run(bench: &mut Bench) {
    let Some(cluster) = Cluster::start(bench, fill) else {
        println!("\nPostgreSQL is not installed: left out");
        return;
    };
    inserts(bench, &cluster);
    rescoring(bench, &cluster);
    reads(bench, &cluster);
}

/// Fills both databases, with what the other files hold.
fn fill(bench: &Bench, cluster: &Cluster) {
    for (database, events) in [(INSERTS, bench.options.million()), (HISTORY, bench.options.events)] {
        cluster.sql("postgres", &format!("CREATE DATABASE {database}"));
        let users = bench.users.0;
        let last = DAYS - 1;
        let fill = format!(
            "{TABLES};
             INSERT INTO users SELECT n, 'user' || n FROM generate_series(1, {users}) n;
             INSERT INTO score_events (user_id, date, points, description, created_at, updated_at)
             SELECT 1 + rank * {SPREAD} % {users}, current_date - (random() * {last})::integer,
                    1 + (random() * 49)::integer, 'Karaoke night', now(), now()
             FROM (SELECT least(CASE WHEN n < {users} THEN n
                                     ELSE floor(exp(random() * ln({users}::float8)))::bigint - 1 END, {users} - 1) AS rank
                   FROM generate_series(0::bigint, {events} - 1) n) drawn;
             INSERT INTO scores (user_id, date, score)
             SELECT user_id, date, sum(points) FROM score_events GROUP BY 1, 2;
             {INDEXES};
             {}",
            views()
        );
        cluster.sql(database, &fill);
        cluster.sql(database, "VACUUM ANALYZE");
    }
    cluster.sql("postgres", "CHECKPOINT");
}

/// A materialised view for each period.
fn views() -> String {
    let mut views = String::new();
    for period in Period::ALL {
        let (name, window) = (period.name(), period.window(request::today()));
        let (first, last) = (window.start(), window.end());
        write!(
            views,
            "CREATE MATERIALIZED VIEW board_{name} AS
             SELECT user_id, sum(score) AS total_score, dense_rank() OVER (ORDER BY sum(score) DESC) AS position
             FROM scores WHERE date BETWEEN '{first}' AND '{last}' GROUP BY user_id;
             CREATE UNIQUE INDEX ON board_{name} (user_id);"
        )
        .expect("a string takes it");
    }
    views
}

/// Drawing a user by activity, in pgbench's language.
fn draw_user(bench: &Bench) -> String {
    let users = bench.users.0;
    format!(
        "\\set rank least(int(exp(random(0, 999999999) / 1000000000.0 * ln({users}))) - 1, {users} - 1)\n\
         \\set user_id 1 + :rank * {SPREAD} % {users}\n"
    )
}

/// A bare INSERT and its commit.
fn inserts(bench: &mut Bench, cluster: &Cluster) {
    let mut table = Table::new(&["dates", "clients", "INSERT/s", "p99", "scorekeeper's POST/s over it"]);
    for dates in Dates::ALL {
        let age = match dates {
            Dates::Lifelike => format!("CASE WHEN random(1, 10) > 1 THEN 0 ELSE random(0, {}) END", DAYS - 1),
            Dates::Even => format!("random(0, {})", DAYS - 1),
        };
        let script = format!(
            "{}\\set age {age}\n\
             INSERT INTO score_events (user_id, date, points, description, created_at, updated_at) \
             VALUES (:user_id, current_date - :age::integer, 5, 'Karaoke night', now(), now());\n",
            draw_user(bench)
        );
        let mut runs: [Vec<Pgbench>; CONNECTIONS.len()] = Default::default();
        for _ in 0..bench.options.rounds {
            for (clients, runs) in CONNECTIONS.into_iter().zip(&mut runs) {
                runs.push(cluster.pgbench(bench, INSERTS, clients, &script));
            }
        }
        for (clients, runs) in CONNECTIONS.into_iter().zip(runs) {
            let Pgbench { rate, p99_ms } = Pgbench::median(&runs);
            let ratio = bench.facts.get(&format!("post.{}.{clients}", dates.key())).map(|ours| ours / rate);
            bench.facts.note(format!("postgres.insert.{}.{clients}", dates.key()), rate);
            bench.facts.note(format!("postgres.insert.{}.{clients}.p99", dates.key()), p99_ms);
            table.row([
                dates.name().to_owned(),
                clients.to_string(),
                number(rate),
                number(p99_ms),
                ratio.map_or_else(|| "-".to_owned(), number),
            ]);
        }
    }
    table.print(&format!("PostgreSQL: single-row INSERTs on {} stored events", bench.options.million()));
}

/// Scores made anew, and the boards after them.
fn rescoring(bench: &mut Bench, cluster: &Cluster) {
    let since = request::today().minus_days(DAYS + 365);
    let rescore = format!(
        "BEGIN;
         DELETE FROM scores WHERE date >= '{since}';
         INSERT INTO scores (user_id, date, score)
         SELECT user_id, date, sum(points) FROM score_events WHERE date >= '{since}' GROUP BY 1, 2;
         COMMIT"
    );
    let refresh = Period::ALL.map(|period| format!("REFRESH MATERIALIZED VIEW board_{}", period.name())).join("; ");
    let (mut rescored, mut refreshed) = (Vec::new(), Vec::new());
    for _ in 0..bench.options.rounds {
        for (statements, seconds) in [(&rescore, &mut rescored), (&refresh, &mut refreshed)] {
            let began = Instant::now();
            cluster.sql(HISTORY, statements);
            seconds.push(began.elapsed().as_secs_f64());
            // What a delete leaves behind is cleared off the clock.
            cluster.sql(HISTORY, "VACUUM scores; CHECKPOINT");
        }
    }
    let (rescored, refreshed) = (median(rescored), median(refreshed));
    bench.facts.note("postgres.rescore", rescored);
    bench.facts.note("postgres.refresh", refreshed);
    let mut table = Table::new(&["PostgreSQL", "seconds"]);
    table.row(["all scores deleted and summed again".to_owned(), number(rescored)]);
    table.row(["six materialised views refreshed".to_owned(), number(refreshed)]);
    table.print(&format!("PostgreSQL: scores and boards of {} events", bench.options.events));
}

/// A page, and one user's position.
fn reads(bench: &mut Bench, cluster: &Cluster) {
    let pages = bench.users.0.div_ceil(PAGE).max(1);
    let page = format!(
        "\\set offset random(0, {pages} - 1) * {PAGE}\n\
         SELECT users.id, users.username, users.name, board.total_score, board.position \
         FROM board_all_time board JOIN users ON users.id = board.user_id \
         ORDER BY board.position, users.id LIMIT {PAGE} OFFSET :offset;\n"
    );
    // The page is cut out along the index before the names are looked up.
    let indexed = format!(
        "\\set offset random(0, {pages} - 1) * {PAGE}\n\
         SELECT users.id, users.username, users.name, board.total_score, board.position \
         FROM (SELECT user_id, total_score, position FROM board_all_time \
               ORDER BY position, user_id LIMIT {PAGE} OFFSET :offset) board \
         JOIN users ON users.id = board.user_id ORDER BY board.position, users.id;\n"
    );
    let position = format!(
        "\\set user_id random(1, {})\nSELECT total_score, position FROM board_all_time WHERE user_id = :user_id;\n",
        bench.users.0
    );
    const INDEX: &str = "CREATE INDEX IF NOT EXISTS by_position ON board_all_time (position, user_id)";
    const NO_INDEX: &str = "DROP INDEX IF EXISTS by_position";
    let cases = [
        ("a page of 100 at random, as the plugin's view is indexed", "postgres.page", NO_INDEX, &page),
        ("the same along an index on the position", "postgres.page.indexed", INDEX, &indexed),
        ("one user's score and position", "postgres.position", INDEX, &position),
    ];
    let mut runs: [Vec<Pgbench>; 3] = Default::default();
    for _ in 0..bench.options.rounds {
        for ((_, _, index, script), runs) in cases.into_iter().zip(&mut runs) {
            cluster.sql(HISTORY, index);
            runs.push(cluster.pgbench(bench, HISTORY, READERS, script));
        }
    }
    let mut table = Table::new(&["PostgreSQL", "a second", "p99"]);
    for ((name, key, ..), runs) in cases.into_iter().zip(runs) {
        let Pgbench { rate, p99_ms } = Pgbench::median(&runs);
        bench.facts.note(key, rate);
        bench.facts.note(format!("{key}.p99"), p99_ms);
        table.row([name.to_owned(), number(rate), number(p99_ms)]);
    }
    table.print(&format!("PostgreSQL: reading a board at {READERS} clients"));
}
