//! The tables that set everyone side by side, with what each does less or more.

use crate::Bench;
use crate::draw::Dates;
use crate::options::MILLION;
use crate::report::{Table, number};

/// Prints a table for each thing that was measured with at least one peer.
pub fn run(bench: &Bench) {
    println!("\n## Side by side");
    storing(bench);
    reading(bench);
    scoring(bench);
}

fn storing(bench: &Bench) {
    let facts = &bench.facts;
    for dates in Dates::ALL {
        let date = dates.key();
        let Some(ours) = facts.get(&format!("post.{date}.64")) else { continue };
        let mut table =
            Table::new(&["storing points", "at 1", "at 8", "at 64", "p99 at 64", "of scorekeeper", "for each"]);
        let mut add = |name: &str, key: &str, work: &str| {
            let at = |connections: usize| facts.get(&format!("{key}.{connections}"));
            if let Some(rate) = at(64) {
                table.row([
                    name.to_owned(),
                    or_dash(at(1)),
                    or_dash(at(8)),
                    number(rate),
                    or_dash(facts.get(&format!("{key}.64.p99"))),
                    number(rate / ours),
                    work.to_owned(),
                ]);
            }
        };
        let key = |server: &str| format!("{server}.{date}");
        add("scorekeeper", &key("post"), "HTTP, key, log line, checks; the event and its score on disk; standings");
        add("empty handler", &key("empty"), "HTTP and the body parsed; nothing stored");
        add("naive", &key("naive"), "HTTP; the event on disk; no key, no log, no score");
        add("PostgreSQL", &key("postgres.insert"), "no HTTP, no checks; the event on disk; no score");
        for members in [bench.users.0, MILLION] {
            for (fsync, when) in
                [("always", "on disk"), ("everysec", "on disk within about a second, after the answer")]
            {
                add(
                    &format!("Redis, {members} members, {fsync}"),
                    &format!("redis.{fsync}.{members}"),
                    &format!("no HTTP, no event; a sum and its rank, {when}"),
                );
            }
        }
        let (events, dates) = (bench.options.million(), dates.name());
        table.print(&format!("Storing points, a second, by connections; {events} stored events, dates {dates}"));
    }
}

fn reading(bench: &Bench) {
    let facts = &bench.facts;
    let add_to = |table: &mut Table, ours: f64, name: &str, key: &str, work: &str| {
        if let Some(rate) = facts.get(key) {
            let p99 = or_dash(facts.get(&format!("{key}.p99")));
            table.row([name.to_owned(), number(rate), p99, number(rate / ours), work.to_owned()]);
        }
    };
    if let Some(ours) = facts.get("page.random") {
        let mut table = Table::new(&["a page of 100", "a second", "p99", "of scorekeeper", "for each"]);
        let mut add = |name: &str, key: &str, work: &str| add_to(&mut table, ours, name, key, work);
        add("scorekeeper, any page", "page.random", "HTTP, log line; at most a second old");
        add("scorekeeper, any page, 2,000 POST/s beside it", "page.random.writes", "the same");
        add("empty handler of as many bytes", "page.empty", "HTTP");
        add(
            "PostgreSQL, as the plugin's view is indexed",
            "postgres.page",
            "no HTTP, no JSON; as old as the last refresh",
        );
        add("PostgreSQL, along an index on the position", "postgres.page.indexed", "the same");
        for members in [bench.users.0, MILLION] {
            let name = format!("Redis, {members} members, the first page");
            add(&name, &format!("redis.range.{members}"), "no HTTP, no JSON, no names, no equal positions; never old");
        }
        table.print("Reading a page of a leaderboard, at 64 connections");
    }
    if let Some(ours) = facts.get("get.score") {
        let mut table = Table::new(&["one user", "a second", "p99", "of scorekeeper", "for each"]);
        let mut add = |name: &str, key: &str, work: &str| add_to(&mut table, ours, name, key, work);
        add("scorekeeper", "get.score", "HTTP, log line; score and position; never older than the caller's own write");
        add("empty handler", "get.empty", "HTTP");
        add("PostgreSQL", "postgres.position", "no HTTP; score and position, as old as the last refresh");
        for members in [bench.users.0, MILLION] {
            let name = format!("Redis, {members} members");
            add(&name, &format!("redis.rank.{members}"), "no HTTP; the position alone; never old");
        }
        table.print("Reading one user's place, at 64 connections");
    }
}

fn scoring(bench: &Bench) {
    let facts = &bench.facts;
    let mut table = Table::new(&["scoring", "seconds", "times scorekeeper's", "how"]);
    let mut add = |ours: f64, name: &str, key: &str, how: &str| {
        if let Some(seconds) = facts.get(key) {
            table.row([name.to_owned(), number(seconds), number(seconds / ours), how.to_owned()]);
        }
    };
    if let Some(ours) = facts.get("backfill.wrong") {
        add(ours, "scorekeeper, all scores wrong", "backfill.wrong", "in short transactions, writes go on");
        add(ours, "scorekeeper, no scores", "backfill.none", "the same");
        add(ours, "scorekeeper, all scores right", "backfill.healthy", "reads only");
        add(ours, "SQLite", "backfill.sqlite", "one transaction, writes wait for it");
        add(ours, "PostgreSQL", "postgres.rescore", "one transaction, writes go on");
    }
    if let Some(ours) = facts.get("start.all") {
        add(ours, "scorekeeper, six boards from a cold start", "start.all", "the start of the process is in it");
        add(ours, "PostgreSQL, six views refreshed", "postgres.refresh", "from scores; readers wait");
    }
    if !table.is_empty() {
        table.print(&format!("Scoring {} events over two years anew, and ranking", bench.options.events));
    }
}

fn or_dash(figure: Option<f64>) -> String {
    figure.map_or_else(|| "-".to_owned(), number)
}
