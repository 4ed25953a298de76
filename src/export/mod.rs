//! Whole tables as text: events, scores, users and leaderboards.
//!
//! An export is made page by page. Each page is a short read, and whoever asks for it passes it on before the next one is
//! read. So memory is bounded, and a reader that is slow keeps nothing waiting. The command line and the API use this.

use std::ops::ControlFlow;

use crate::domain::{EventDate, GroupId, Leaderboard, LeaderboardId, User, drawn_avatar};
use crate::store::directory;
use crate::store::event_list::EventFilter;
use crate::store::export::{self, ExportedEvent, ExportedScore, ScoreFilter};
use crate::store::{ReadConnection, StoreError, leaderboards};
use crate::tables::{Field, Form, TableWriter};

/// A page is complete when it has this many bytes.
const PAGE_BYTES: usize = 256 << 10;

/// How many users or leaderboards are read at once.
const DIRECTORY_PAGE: usize = 1000;

/// Which table is exported, and what of it.
#[derive(Debug, Clone)]
pub enum Table {
    /// The events that the filter wants. Its limit does not count.
    Events(EventFilter),
    /// The scores of users on days.
    Scores(ScoreFilter),
    /// All users of the directory, by number.
    Users,
    /// All leaderboards, by number.
    Boards,
}

/// The columns of a table of events.
pub const EVENTS: &[&str] =
    &["id", "user_id", "username", "date", "points", "description", "created_at", "updated_at", "created_by"];
const SCORES: &[&str] = &["user_id", "username", "date", "score"];
const USERS: &[&str] = &["id", "username", "name", "avatar_template", "suspended"];
const BOARDS: &[&str] = &[
    "id",
    "name",
    "created_by_id",
    "from_date",
    "to_date",
    "visible_to_groups_ids",
    "included_groups_ids",
    "excluded_groups_ids",
    "default_period",
    "updated_at",
    "period_filter_disabled",
];

/// An export that is under way.
#[derive(Debug)]
pub struct Export {
    table: Table,
    /// The last user or leaderboard that is written.
    last: i64,
    writer: TableWriter,
    is_done: bool,
}

impl Export {
    /// An export of a table, of which nothing is read yet.
    pub fn new(table: Table, form: Form) -> Export {
        let columns = match table {
            Table::Events(_) => EVENTS,
            Table::Scores(_) => SCORES,
            Table::Users => USERS,
            Table::Boards => BOARDS,
        };
        Export { table, last: i64::MIN, writer: TableWriter::new(form, columns), is_done: false }
    }

    /// Whether all is written.
    pub fn is_done(&self) -> bool {
        self.is_done
    }

    /// Reads the next page and returns it. It is empty only if nothing is left.
    ///
    /// # Errors
    /// The database failed.
    pub fn page(&mut self, connection: &ReadConnection) -> Result<Vec<u8>, StoreError> {
        if !self.is_done {
            self.is_done = self.read(connection)?;
        }
        Ok(self.writer.take())
    }

    /// Reads the next page. `true`: it was the last.
    fn read(&mut self, connection: &ReadConnection) -> Result<bool, StoreError> {
        let writer = &mut self.writer;
        match &mut self.table {
            Table::Events(filter) => {
                let next = export::events(connection, filter, |event| {
                    write_event(writer, event);
                    flow(writer)
                })?;
                filter.after = next.or(filter.after);
                Ok(next.is_none())
            }
            Table::Scores(filter) => {
                let next = export::scores(connection, filter, |score| {
                    write_score(writer, score);
                    flow(writer)
                })?;
                filter.after = next.or(filter.after);
                Ok(next.is_none())
            }
            Table::Users => {
                let (users, more) = directory::list_users(connection, self.last, DIRECTORY_PAGE)?;
                users.iter().for_each(|user| write_user(writer, user));
                self.last = users.last().map_or(self.last, |user| user.id.into());
                Ok(!more)
            }
            Table::Boards => {
                let (boards, more) = leaderboards::page(connection, self.last, DIRECTORY_PAGE)?;
                boards.iter().for_each(|board| write_board(writer, board));
                self.last = boards.last().map_or(self.last, |Leaderboard { id: LeaderboardId(id), .. }| *id);
                Ok(!more)
            }
        }
    }
}

/// Whether the page takes another row.
fn flow(writer: &TableWriter) -> ControlFlow<()> {
    if writer.len() < PAGE_BYTES { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
}

fn text(text: Option<&str>) -> Field<'_> {
    text.map_or(Field::None, Field::Text)
}

/// Writes an event as a row of [`EVENTS`].
pub fn write_event(writer: &mut TableWriter, event: &ExportedEvent<'_>) {
    writer.row(&[
        Field::Number(event.id),
        Field::Number(event.user_id),
        text(event.username.as_deref()),
        Field::Date(event.date),
        Field::Number(event.points),
        text(event.description),
        Field::Moment(event.created_at),
        Field::Moment(event.updated_at),
        Field::Text(event.created_by),
    ]);
}

fn write_score(writer: &mut TableWriter, score: &ExportedScore<'_>) {
    let ExportedScore { user_id, ref username, date, score } = *score;
    writer.row(&[
        Field::Number(user_id.into()),
        text(username.as_deref()),
        Field::Date(&date.to_string()),
        Field::Number(score),
    ]);
}

fn write_user(writer: &mut TableWriter, user: &User) {
    // The picture that the server itself draws is no address that anybody has given.
    let avatar = Some(user.avatar_template.as_str()).filter(|avatar| *avatar != drawn_avatar(user.id));
    writer.row(&[
        Field::Number(user.id.into()),
        Field::Text(user.username.as_str()),
        text(user.name.as_deref()),
        text(avatar),
        Field::Flag(user.suspended),
    ]);
}

fn write_board(writer: &mut TableWriter, board: &Leaderboard) {
    let list = |ids: &[GroupId]| serde_json::to_string(ids).expect("numbers have a JSON form");
    let day = |date: Option<EventDate>| date.map(|date| date.to_string());
    let (from, to) = (day(board.from_date), day(board.to_date));
    let groups =
        [&board.visible_to_groups_ids, &board.included_groups_ids, &board.excluded_groups_ids].map(|ids| list(ids));
    writer.row(&[
        Field::Number(board.id.0),
        Field::Text(board.name.as_str()),
        Field::Number(board.created_by_id),
        from.as_deref().map_or(Field::None, Field::Date),
        to.as_deref().map_or(Field::None, Field::Date),
        Field::List(&groups[0]),
        Field::List(&groups[1]),
        Field::List(&groups[2]),
        Field::Number(board.default_period.number().into()),
        Field::Moment(board.updated_at),
        Field::Flag(board.period_filter_disabled),
    ]);
}
