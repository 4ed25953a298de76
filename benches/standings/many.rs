//! A hundred boards in all six periods, and what they cost together: alike ones, which share their rankings, and ones that
//! each leave another group out, so that no two rank the same users.

use scorekeeper::domain::{GroupId, LeaderboardName, LeaderboardSettings};
use scorekeeper::store::directory::{self, GroupChange};
use scorekeeper::store::leaderboards::{self, Changed};

use super::*;

/// Who is ranked on the boards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ranks {
    /// The same users on all.
    Alike,
    /// On each all but a hundredth.
    EachItsOwn,
}

/// Measures boards that are added to those of a file.
pub fn measure(file: &Path, clock: &Clock, scale: &Scale, ranks: Ranks) {
    let (running, _) = Running::start(file, clock);
    let boards = add_boards(&running, scale, ranks);
    running.stop();
    let before = resident_bytes();
    let began = Instant::now();
    let (running, _) = Running::start(file, clock);
    let keys: Vec<StandingsKey> =
        boards.iter().flat_map(|board| Period::ALL.map(|period| StandingsKey::today(*board, period))).collect();
    running.read_all(&keys, scale.users);
    let built = began.elapsed();
    let grown = resident_bytes().saturating_sub(before);
    let mut random = Random(23);
    println!(
        "  {} boards in six periods, {}:",
        boards.len(),
        match ranks {
            Ranks::Alike => "all with the same users",
            Ranks::EachItsOwn => "each without another hundredth of the users",
        }
    );
    line("  built from a cold start, and read", built, None);
    for (count, times) in &scale.changes[..2] {
        let mut took = (Vec::new(), Vec::new());
        for _ in 0..*times {
            let users = draw_users(&mut random, scale.users, *count);
            running.store_awards(&users);
            let began = Instant::now();
            running.runtime.block_on(running.standings.refresh());
            took.0.push(began.elapsed());
            took.1.push(running.read_all(&keys, scale.users));
        }
        line(&format!("  refresh after {count} changed users"), median(took.0), None);
        line("    then a page and a position of each", median(took.1), None);
    }
    println!("  {:<52} {:>10.1} MB", "  memory that the process grew by", grown as f64 / 1e6);
    let yesterday: Vec<StandingsKey> = keys.iter().map(|key| key.yesterday()).collect();
    running.read_all(&yesterday, scale.users);
    let users = draw_users(&mut random, scale.users, scale.changes[1].0);
    running.store_awards(&users);
    let began = Instant::now();
    running.runtime.block_on(running.standings.refresh());
    line("  the same refresh with movement asked for on all", began.elapsed(), None);
    running.read_all(&keys, scale.users);
    running.read_all(&yesterday, scale.users);
    let grown = resident_bytes().saturating_sub(before);
    println!("  {:<52} {:>10.1} MB", "  memory with that", grown as f64 / 1e6);
    running.remove_boards(&boards);
    running.stop();
}

/// Adds boards, and groups that they leave out. Returns the numbers of all boards.
fn add_boards(running: &Running, scale: &Scale, ranks: Ranks) -> Vec<LeaderboardId> {
    const BOARDS: i64 = 100;
    let (users, mut boards) = (scale.users as i64, vec![LeaderboardId::GLOBAL]);
    for number in 1..BOARDS {
        let add = move |write: &store::Write<'_>| {
            let name = LeaderboardName::try_from(format!("Board {number}")).expect("a name");
            let Changed::Done(board) = leaderboards::create(write, &name, -1)? else {
                unreachable!("a name of its own")
            };
            if ranks == Ranks::EachItsOwn {
                let group = GroupId::try_from(number).expect("a group id");
                let members = (1..=users).filter(|id| id % BOARDS == number).map(user).collect();
                let change = GroupChange { name: Some(format!("Group {number}")), user_ids: Some(members) };
                directory::put_group(write, group, change)?;
                let settings =
                    LeaderboardSettings { excluded_groups_ids: vec![group], ..LeaderboardSettings::named(name) };
                leaderboards::update(write, board.id, settings)?;
            }
            Ok(board.id)
        };
        boards.push(running.store.writer().write_blocking(add).expect("stored"));
    }
    boards
}

impl Running {
    /// Reads a page and a position of each, as requests do.
    fn read_all(&self, keys: &[StandingsKey], users: usize) -> Duration {
        let mut random = Random(29);
        let began = Instant::now();
        for key in keys {
            let view = self.runtime.block_on(self.standings.view_within(*key, PATIENCE)).expect("standings");
            let id = user(1 + random.below(users as u64) as i64);
            black_box((view.page(0, PAGE), view.ranked.get(id)));
        }
        began.elapsed()
    }

    fn remove_boards(&self, boards: &[LeaderboardId]) {
        let boards = boards.to_vec();
        let remove = move |write: &store::Write<'_>| {
            for board in boards.into_iter().filter(|board| *board != LeaderboardId::GLOBAL) {
                leaderboards::delete(write, board)?;
            }
            Ok(())
        };
        self.store.writer().write_blocking(remove).expect("removed");
    }
}
