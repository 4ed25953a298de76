//! Standings: the ranked users of each board and period in use, in memory.
//!
//! One thread follows what the writer commits. It keeps every user's sum for each window of days in use. From these
//! sums it makes a ranking for each board and period that somebody asks for. A ranking is an immutable snapshot, which
//! the thread replaces as a whole. Readers take the snapshot and never wait; no request runs SQL.
//!
//! How much a refresh costs depends on what has changed and on who is ranked, not on the length of history. The thread
//! reads from the file only what it has not seen: a period that somebody asks for first, or a change by another
//! process.

mod catalog;
mod chunked;
mod coverage;
mod eligible;
mod entry;
mod find;
mod follower;
mod handle;
mod holding;
mod id_set;
mod kept;
mod key;
mod names;
mod people;
mod ranked;
mod rankings;
mod shape;
mod shared;
mod sheet;
mod snapshots;
mod subscription;
mod supervise;
mod totals;
mod users;
mod view;
mod window;
mod windows;

pub use catalog::Catalog;
pub use entry::{Entry, NextPlace};
pub use handle::{Standings, StandingsOptions, StandingsThread};
pub use kept::RenderingKey;
pub use key::{AsOf, StandingsKey};
pub use people::{Found, Meant, People, UserFilter};
pub use ranked::Ranked;
pub use subscription::Subscription;
pub use users::Users;
pub use view::View;
pub use window::Window;
