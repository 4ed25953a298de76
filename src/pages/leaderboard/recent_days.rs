//! The points of the last days, for the users on a page. They are read once for each view, whoever looks at it.

use std::sync::Arc;

use rocket::tokio::sync::{Mutex, MutexGuard};

use crate::domain::{EventDate, UserId};
use crate::pages::chart::SPARK_DAYS;
use crate::standings::{RenderingKey, View};
use crate::store::{StoreError, scores};
use crate::web::App;
use crate::web::requests::leaderboard::PAGE_MAX;

/// How many bytes the points of a user take.
const USER_BYTES: usize = SPARK_DAYS as usize * size_of::<i64>();

/// How many pages may be read at the same time.
const TURNS: usize = 8;

/// Lets only one at a time read the days of a page. So if many ask for a new view at once, the days are read once.
#[derive(Default)]
pub struct Turns([Mutex<()>; TURNS]);

impl Turns {
    async fn take(&self, view: &View, page: usize) -> MutexGuard<'_, ()> {
        let board = usize::try_from(view.board.id.0).unwrap_or_default();
        self.0[board.wrapping_add(page) % TURNS].lock().await
    }
}

/// Points of the last days, of each user on a page.
pub struct RecentDays(Arc<[u8]>);

impl RecentDays {
    /// Reads the points, unless they are kept with the view. `variant` stands for what they depend on apart from the
    /// view.
    ///
    /// # Errors
    /// The database failed.
    pub async fn of(
        app: &App,
        turns: &Turns,
        view: &View,
        page: usize,
        today: EventDate,
        variant: u64,
    ) -> Result<RecentDays, StoreError> {
        let key = RenderingKey { form: "days", page, variant, compressed: false };
        if let Some(kept) = view.find_kept(key) {
            return Ok(RecentDays(kept));
        }
        let _turn = turns.take(view, page).await;
        if let Some(kept) = view.find_kept(key) {
            return Ok(RecentDays(kept));
        }
        let users: Vec<UserId> = view.page(page, PAGE_MAX).iter().map(|entry| entry.user_id).collect();
        let read = read(app, users, today).await?;
        Ok(RecentDays(view.kept(key, || read)))
    }

    /// The points of all users on the page.
    pub fn all(&self) -> Vec<i64> {
        points(&self.0)
    }

    /// The points of the user in that row of the page, the oldest day first.
    pub fn of_row(&self, row: usize) -> Vec<i64> {
        points(self.0.chunks_exact(USER_BYTES).nth(row).unwrap_or_default())
    }
}

fn points(bytes: &[u8]) -> Vec<i64> {
    let (points, _) = bytes.as_chunks();
    points.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect()
}

/// The points of each user on each of the last days, one after the other.
async fn read(app: &App, users: Vec<UserId>, today: EventDate) -> Result<Vec<u8>, StoreError> {
    let first = today.minus_days(SPARK_DAYS - 1);
    let read = app.store.read(move |connection| {
        let mut bytes = Vec::with_capacity(users.len() * USER_BYTES);
        for user in users {
            let mut points = [0; SPARK_DAYS as usize];
            for day in scores::days(connection, user, &(first..=today))? {
                if let Some(slot) = usize::try_from(day.date.days_since(first)).ok().and_then(|at| points.get_mut(at)) {
                    *slot = day.score;
                }
            }
            bytes.extend(points.into_iter().flat_map(i64::to_le_bytes));
        }
        Ok(bytes)
    });
    read.await
}
