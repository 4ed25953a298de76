//! A ranking is what sorting all eligible users gives, however often the sheet under it has changed.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::standings::id_set::IdSet;
use crate::standings::totals::{Sum, Totals};

fn user(id: i64) -> UserId {
    UserId::try_from(id).expect("a user id")
}

fn sheet(scores: &BTreeMap<i64, i64>) -> Arc<Sheet> {
    let mut totals = Totals::default();
    totals.merge(&scores.iter().map(|(id, score)| (user(*id), Sum { score: *score, days: 1 })).collect::<Vec<_>>());
    Arc::new(Sheet::of(&totals))
}

fn ranked(scores: &[(i64, i64)], ranking: Ranking) -> Ranked {
    Ranked::new(ranking, Arc::default(), sheet(&scores.iter().copied().collect()), None)
}

/// What is right: all users sorted, with positions that are counted one by one.
fn by_sorting(scores: &BTreeMap<i64, i64>, eligible: &Eligible, ranking: Ranking) -> Vec<Entry> {
    let mut sorted: Vec<(i64, i64)> = scores.iter().map(|(id, score)| (-score, *id)).collect();
    sorted.retain(|(_, id)| eligible.holds(user(*id)));
    sorted.sort_unstable();
    let mut entries: Vec<Entry> = Vec::new();
    for (number, (score, id)) in (1..).zip(sorted) {
        let last = entries.last().copied();
        let position = match (ranking, last) {
            (Ranking::Rank | Ranking::DenseRank, Some(last)) if last.score == -score => last.position,
            (Ranking::DenseRank, last) => last.map_or(0, |last| last.position) + 1,
            (Ranking::Rank | Ranking::RowNumber, _) => number,
        };
        entries.push(Entry { score: -score, user_id: user(id), position });
    }
    entries
}

/// Holds a ranking against what is right, in all ways in which it is read.
fn expect_same(ranked: &Ranked, want: &[Entry]) {
    assert_eq!(ranked.entries(), want);
    assert_eq!((ranked.len(), ranked.is_empty()), (want.len(), want.is_empty()));
    // Of many, only some: the ends, and some between.
    for index in (0..want.len()).filter(|index| *index < 3 || index % 97 == 0 || index + 3 > want.len()) {
        let entry = want[index];
        assert_eq!(ranked.index(entry.user_id), Some(index));
        assert_eq!(ranked.get(entry.user_id), Some(entry));
        assert!(ranked.holds(entry.user_id));
        assert_eq!(ranked.around(entry.user_id, 2), want[index.saturating_sub(2)..want.len().min(index + 3)]);
        assert_eq!(ranked.page(index, 100), want[index..want.len().min(index + 100)]);
    }
    assert_eq!(ranked.page(want.len(), 100), []);
}

#[test]
fn positions_by_ranking() {
    let scores = [(1, 10), (2, 20), (3, 20), (4, -5), (5, 10)];
    for (ranking, expected) in [
        (Ranking::DenseRank, [(2, 1), (3, 1), (1, 2), (5, 2), (4, 3)]),
        (Ranking::Rank, [(2, 1), (3, 1), (1, 3), (5, 3), (4, 5)]),
        (Ranking::RowNumber, [(2, 1), (3, 2), (1, 3), (5, 4), (4, 5)]),
    ] {
        let entries = ranked(&scores, ranking).entries();
        let positions: Vec<_> = entries.iter().map(|entry| (i64::from(entry.user_id), entry.position)).collect();
        assert_eq!(positions, expected, "{ranking:?}");
    }
}

#[test]
fn neighbours_stop_at_the_ends() {
    let ranked = ranked(&[(1, 50), (2, 40), (3, 30), (4, 20), (5, 10)], Ranking::DenseRank);
    let around =
        |id, radius| -> Vec<i64> { ranked.around(user(id), radius).iter().map(|entry| entry.user_id.into()).collect() };
    assert_eq!(around(3, 1), [2, 3, 4]);
    assert_eq!(around(1, 2), [1, 2, 3]);
    assert_eq!(around(5, usize::MAX), [1, 2, 3, 4, 5]);
    assert_eq!(around(6, 5), [] as [i64; 0]);
    assert_eq!(ranked.page(4, 100).len(), 1);
    assert_eq!(ranked.page(usize::MAX, 100).len(), 0);
}

#[test]
fn a_ranking_of_few_holds_no_old_sheet() {
    let before = sheet(&(1..1000).map(|id| (id, id)).collect());
    let few = Eligible { admitted: Some(Arc::new([user(7)].into_iter().collect())), barred: Arc::default() };
    let ranked = Ranked::new(Ranking::DenseRank, Arc::new(few), Arc::clone(&before), None);
    assert_eq!(ranked.len(), 1);
    ranked.rest_on(&sheet(&(1..1001).map(|id| (id, id)).collect()));
    assert_eq!(Arc::strong_count(&before), 1);
    assert_eq!(ranked.len(), 1);
}

fn rankings() -> impl Strategy<Value = Ranking> {
    prop_oneof![Just(Ranking::DenseRank), Just(Ranking::Rank), Just(Ranking::RowNumber)]
}

/// What happens to some users: the first one, how far the next one is, how many, and what each gets; nothing takes them out.
type Step = (i64, usize, usize, Option<i64>);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (1..4000_i64, 1..40_usize, 1..30_usize, proptest::option::weighted(0.8, -9..9_i64));
    proptest::collection::vec(step, 1..10)
}

/// Who is ranked: all, all but some, or some, perhaps very few.
fn eligible() -> impl Strategy<Value = Eligible> {
    let every = |step: usize| (1..4000_i64).step_by(step).map(user).collect::<IdSet>();
    let some = move |step: usize| Some(Arc::new(every(step)));
    prop_oneof![
        Just(Eligible::default()),
        (2..9_usize).prop_map(move |step| Eligible { admitted: None, barred: Arc::new(every(step)) }),
        (2..9_usize).prop_map(move |step| Eligible { admitted: some(step), barred: Arc::new(every(5)) }),
        (200..900_usize).prop_map(move |step| Eligible { admitted: some(step), barred: Arc::default() }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_ranking_that_follows_is_one_that_is_sorted_anew(
        users in 0..3000_i64,
        spread in 1..200_i64,
        eligible in eligible(),
        ranking in rankings(),
        steps in steps(),
        reads in any::<u32>(),
    ) {
        let mut scores: BTreeMap<i64, i64> = (1..=users).map(|id| (id, id * 7919 % spread - spread / 3)).collect();
        let eligible = Arc::new(eligible);
        let mut sheet = sheet(&scores);
        let mut ranked = Ranked::new(ranking, Arc::clone(&eligible), Arc::clone(&sheet), None);
        for (number, (first, step, count, added)) in steps.into_iter().enumerate() {
            let before = by_sorting(&scores, &eligible, ranking);
            let mut changes = Vec::new();
            for id in (first..).step_by(step).take(count) {
                let now = added.map(|added| scores.get(&id).copied().unwrap_or_default() + added);
                match now {
                    Some(now) => scores.insert(id, now),
                    None => scores.remove(&id),
                };
                changes.push((user(id), now.map(|score| Sum { score, days: 1 })));
            }
            let moved = Arc::make_mut(&mut sheet).set(&changes);
            // Sometimes nobody reads a ranking before the next one follows.
            let is_read = reads >> number & 1 == 1;
            if is_read {
                expect_same(&ranked, &before);
            }
            if moved.iter().any(|id| eligible.holds(*id)) {
                ranked = Ranked::new(ranking, Arc::clone(&eligible), Arc::clone(&sheet), Some(&ranked));
            } else {
                prop_assert_eq!(&before, &by_sorting(&scores, &eligible, ranking));
                ranked.rest_on(&sheet);
            }
        }
        expect_same(&ranked, &by_sorting(&scores, &eligible, ranking));
    }

    #[test]
    fn what_is_read_anew_is_as_what_followed(
        before in proptest::collection::btree_map(1..60_i64, -9..9_i64, 0..40),
        after in proptest::collection::btree_map(1..60_i64, -9..9_i64, 0..40),
    ) {
        let mut totals = Totals::default();
        totals.merge(&after.iter().map(|(id, score)| (user(*id), Sum { score: *score, days: 1 })).collect::<Vec<_>>());
        let mut followed = Sheet::clone(&sheet(&before));
        let differing = followed.set(&followed.until(&totals));
        let want: Vec<UserId> =
            (1..60).filter(|id| before.get(id) != after.get(id)).map(user).collect();
        prop_assert_eq!(differing, want);
        prop_assert!(followed.until(&totals).is_empty());
        let ranked = Ranked::new(Ranking::Rank, Arc::default(), Arc::new(followed), None);
        expect_same(&ranked, &by_sorting(&after, &Eligible::default(), Ranking::Rank));
    }

    #[test]
    fn the_next_place_is_reached_with_what_it_takes_and_not_with_less(
        scores in proptest::collection::btree_map(1..20_i64, -9..9_i64, 1..20),
        ranking in rankings(),
    ) {
        let before = Ranked::new(ranking, Arc::default(), sheet(&scores), None);
        for (id, score) in &scores {
            let position = |score: i64| {
                let mut changed = scores.clone();
                changed.insert(*id, score);
                Ranked::new(ranking, Arc::default(), sheet(&changed), None).get(user(*id)).map(|entry| entry.position)
            };
            let own = position(*score);
            match before.next_place(user(*id)) {
                None => prop_assert_eq!(own, Some(1)),
                Some(next) => {
                    prop_assert_eq!(position(score + next.points), Some(next.position));
                    prop_assert!(Some(next.position) < own && next.points > 0);
                    prop_assert!(position(score + next.points - 1) >= own);
                }
            }
        }
    }
}
