use super::*;
use crate::domain::{Award, Clock, Correction, Points};
use crate::store::{OpenMode, OpenOptions, Store, score_events};

fn points(points: i64) -> Points {
    points.try_into().expect("points")
}

/// Ten users and five days in turn, ids 1 to `count`; each tenth event is a deduction, each seventh says "Karaoke".
fn with_events(count: i64, test: impl FnOnce(&Store)) {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let clock = Clock::fixed(chrono_tz::UTC, Timestamp::from_millis(1_700_000_000_000));
    let file = folder.path().join("scores.db");
    let (store, writer) = Store::open(&file, OpenOptions::new(OpenMode::Create, clock)).expect("a new database");
    let stored = store.writer().write_blocking(move |write| {
        for id in 1..=count {
            let award = Award {
                user_id: (id % 10 + 1).try_into().expect("a user id"),
                date: format!("2023-04-{:02}", 10 + id % 5).parse().expect("a date"),
                points: points(if id % 10 == 0 { -5 } else { 5 }),
                description: (id % 7 == 0).then(|| "Karaoke Ärger".to_owned().try_into().expect("short")),
                minimum_score: None,
            };
            score_events::award(write, &award, &"ana".parse::<Username>().expect("a username"))?;
        }
        let correction = Correction { id: EventId(3), points: points(6), description: None, minimum_score: None };
        score_events::correct(write, &correction, &"Bob".parse().expect("a username"))
    });
    assert_eq!(stored.expect("stored"), score_events::Revised::Done);
    test(&store);
    writer.stop();
}

fn ids(page: &SearchPage) -> Vec<i64> {
    page.events.iter().map(|found| found.event.id.0).collect()
}

/// Everything that a search finds, page by page, and how many pages that took. `examined_max` is how many events
/// are looked at for each page.
fn all(store: &Store, wanted: &EventSearch, examined_max: usize) -> (Vec<i64>, usize) {
    let (mut found, mut pages, mut wanted) = (Vec::new(), 0, wanted.clone());
    loop {
        let page = store.read_blocking(|connection| search_within(connection, &wanted, examined_max));
        let page = page.expect("a page");
        found.extend(ids(&page));
        pages += 1;
        wanted.before = match page.end {
            SearchEnd::Exhausted => return (found, pages),
            SearchEnd::Full(before) | SearchEnd::Paused(before, _) => Some(before),
        };
    }
}

#[test]
fn every_filter_finds_what_fits_whatever_the_pages() {
    with_events(300, |store| {
        let any = EventSearch { limit: 7, ..EventSearch::default() };
        let day = |text: &str| Some(text.parse().expect("a date"));
        let user = |id: i64| Some(id.try_into().expect("a user id"));
        let one_day = EventSearch { user_id: user(1), from_date: day("2023-04-10"), ..any.clone() };
        type Fits = fn(i64) -> bool;
        let cases: [(EventSearch, Fits); 9] = [
            (any.clone(), |_| true),
            (EventSearch { user_id: user(4), ..any.clone() }, |id| id % 10 == 3),
            (EventSearch { from_date: day("2023-04-13"), ..any.clone() }, |id| id % 5 >= 3),
            (EventSearch { to_date: day("2023-04-10"), ..any.clone() }, |id| id % 5 == 0),
            (EventSearch { to_date: day("2023-04-10"), ..one_day }, |id| id % 10 == 0),
            (EventSearch { sign: Some(Sign::Deduction), ..any.clone() }, |id| id % 10 == 0),
            (EventSearch { sign: Some(Sign::Award), ..any.clone() }, |id| id % 10 != 0),
            (EventSearch { text: Some("karaoke äR".to_owned()), ..any.clone() }, |id| id % 7 == 0),
            (EventSearch { by: Some("bOB".parse().expect("a username")), ..any.clone() }, |id| id == 3),
        ];
        for (wanted, fits) in cases {
            let want: Vec<i64> = (1..=300).rev().filter(|id| fits(*id)).collect();
            for examined_max in [1, 10, 299, 300, 301, 20_000] {
                assert_eq!(all(store, &wanted, examined_max).0, want, "{wanted:?} {examined_max}");
            }
        }
        let none = EventSearch { from_date: day("2023-04-12"), to_date: day("2023-04-11"), ..any };
        assert_eq!(all(store, &none, 10), (Vec::new(), 1));
    });
}

#[test]
fn a_request_looks_at_so_many_and_says_how_far_it_came() {
    with_events(300, |store| {
        let wanted = EventSearch { by: Some("bob".parse().expect("a username")), limit: 7, ..EventSearch::default() };
        let page = store.read_blocking(|connection| search_within(connection, &wanted, 100)).expect("a page");
        let stored_at = Timestamp::from_millis(1_700_000_000_000);
        assert_eq!(
            page,
            SearchPage { events: Vec::new(), end: SearchEnd::Paused(EventId(201), stored_at), totals: None }
        );
        assert_eq!(all(store, &wanted, 100), (vec![3], 4));
        let plain = EventSearch { limit: 7, ..EventSearch::default() };
        let page = store.read_blocking(|connection| search_within(connection, &plain, 100)).expect("a page");
        assert_eq!((ids(&page), page.end), ((294..=300).rev().collect(), SearchEnd::Full(EventId(294))));
    });
}
