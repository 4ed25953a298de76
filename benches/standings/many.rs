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

/// Adds boards to a file.
pub fn prepare(file: &Path, clock: &Clock, scale: &Scale, ranks: Ranks) {
    let (running, _) = Running::start(file, clock);
    let boards = add_boards(&running, scale, ranks);
    running.stop();
    let who = match ranks {
        Ranks::Alike => "all with the same users",
        Ranks::EachItsOwn => "each without another hundredth of the users",
    };
    println!("  {} boards in six periods, {who}:", boards.len());
}

/// Measures the boards of a file.
pub fn measure(file: &Path, clock: &Clock, scale: &Scale) {
    let began = Instant::now();
    let (running, _) = Running::start(file, clock);
    let boards: Vec<LeaderboardId> = running.standings.catalog().boards.iter().map(|board| board.id).collect();
    let keys: Vec<StandingsKey> =
        boards.iter().flat_map(|board| Period::ALL.map(|period| StandingsKey::today(*board, period))).collect();
    running.read_all(&keys, scale.users);
    line("  built from a cold start, and read", began.elapsed(), None);
    let mut random = Random(23);
    for (count, times) in &scale.changes[..2] {
        let mut took = (Vec::new(), Vec::new());
        for _ in 0..*times {
            took.0.push(running.refresh_many(&draw_users(&mut random, scale.users, *count)));
            took.1.push(running.read_all(&keys, scale.users));
        }
        line(&format!("  refresh after {count} changed users"), median(took.0), None);
        line("    then a page and a position of each", median(took.1), None);
    }
    tell_memory("  memory of the process");
    let yesterday: Vec<StandingsKey> = keys.iter().map(|key| key.yesterday()).collect();
    let (count, times) = scale.changes[1];
    let mut took = Vec::new();
    for _ in 0..times {
        running.read_all(&yesterday, scale.users);
        took.push(running.refresh_many(&draw_users(&mut random, scale.users, count)));
        running.read_all(&keys, scale.users);
    }
    line(&format!("  refresh after {count}, with movement asked for on all"), median(took), None);
    tell_memory("  memory of the process with movement");
    running.stop();
}

fn tell_memory(what: &str) {
    println!("  {what:<52} {:>10.1} MB", resident_bytes() as f64 / 1e6);
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

    /// The time from a commit until all that is asked for shows it.
    fn refresh_many(&self, users: &[UserId]) -> Duration {
        self.store_awards(users);
        let began = Instant::now();
        self.runtime.block_on(self.standings.refresh());
        began.elapsed()
    }
}
