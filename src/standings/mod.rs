//! Standings: the ranked users of each board and period in use, in memory.
//!
//! One thread follows what the writer commits and keeps, for each window of days in use, every user's sum. Out of these it
//! makes a ranking for each board and period that somebody asks for: an immutable snapshot, swapped in whole. Readers take
//! the snapshot and never wait; no request runs SQL.
//!
//! The cost of a refresh follows what changed and who is ranked, not the length of history. Only what the thread has not
//! seen (a period that is asked for first, a change by another process) is read from the file.

mod catalog;
mod coverage;
mod follower;
mod handle;
mod kept;
mod key;
mod ranked;
mod rankings;
mod shared;
mod snapshots;
mod subscription;
mod sums;
mod supervise;
mod totals;
mod users;
mod view;
mod window;

pub use catalog::Catalog;
pub use handle::{Standings, StandingsOptions, StandingsThread};
pub use kept::RenderingKey;
pub use key::{AsOf, StandingsKey};
pub use ranked::{Entry, Ranked};
pub use subscription::Subscription;
pub use totals::{Sum, Totals};
pub use users::Users;
pub use view::View;
pub use window::{Window, sum_windows};
