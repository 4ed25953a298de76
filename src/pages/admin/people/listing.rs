//! Who is on a page of people, in which order. No page costs more because there are more people: scores are in the order of
//! the standings, names in that of their index, and the last days with points in that of the index of days.

use std::sync::Arc;

use super::PAGE;
use crate::domain::{EventDate, EventId, LeaderboardId, Period, UserId};
use crate::standings::{Found, StandingsKey, UserFilter, View};
use crate::store::last_activity::{self, Place};
use crate::store::{ReadConnection, StoreError, user_order};
use crate::web::App;
use crate::web::error::ApiError;
use crate::web::kinds::PageNumber;
use crate::web::parameters::Parameters;

/// How many users of the directory are looked at for those without points, at most, and how many at a time.
const EXAMINED_MAX: usize = 20_000;
const PIECE: usize = 1_000;

/// What an address has for the part of the list with those who have no points.
const WITHOUT_POINTS: &str = "points=none";

/// The order of the people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The highest score first; then those of the directory who have no points.
    #[default]
    Score,
    /// By username.
    Name,
    /// Who had points last comes first.
    Activity,
    /// Those with points whom the directory does not know, the highest score first.
    Unnamed,
}

/// A page of people.
#[derive(Debug, Default)]
pub struct Listing {
    /// Who they are.
    pub ids: Vec<UserId>,
    /// Their order.
    pub order: Order,
    /// Whether the list begins with them.
    pub is_first: bool,
    /// What an address has to say for the page that follows.
    pub next: Option<String>,
    /// Which page of those without a name it is.
    pub page: usize,
}

impl Order {
    fn of(parameters: &Parameters) -> Order {
        match (parameters.text("names"), parameters.text("sort")) {
            (Some("missing"), _) => Order::Unnamed,
            (_, Some("name")) => Order::Name,
            (_, Some("activity")) => Order::Activity,
            _ => Order::Score,
        }
    }
}

/// The scores of everybody, with all that was just stored.
///
/// # Errors
/// They are still being built.
pub async fn standings(app: &App) -> Result<Arc<View>, ApiError> {
    let key = StandingsKey::today(LeaderboardId::EVERYONE, Period::AllTime);
    app.standings.view_now(key).await.ok_or(ApiError::Unavailable)
}

impl Listing {
    /// The page that an address asks for.
    pub async fn read(
        app: &App,
        view: &Arc<View>,
        filter: UserFilter,
        parameters: &Parameters,
    ) -> Result<Listing, StoreError> {
        if filter.text.is_some() {
            return Listing::found(app, filter).await;
        }
        let order = Order::of(parameters);
        let page = parameters.optional::<PageNumber>("page").ok().flatten().map_or(0, PageNumber::get);
        match order {
            Order::Name => Listing::by_username(app, filter.after).await,
            Order::Activity => Listing::by_activity(app, place(parameters)).await,
            Order::Unnamed => Ok(Listing::unnamed(view, page)),
            Order::Score if parameters.text("points") == Some("none") => {
                Listing::unranked(app, view, filter.after).await
            }
            Order::Score => Listing::by_score(app, view, page).await,
        }
    }

    /// Those whose names hold what is searched for, and the one of that number, who needs no name.
    async fn found(app: &App, filter: UserFilter) -> Result<Listing, StoreError> {
        let is_first = filter.after == 0;
        let text = filter.text.clone().unwrap_or_default();
        let (users, more) = app.people.list_users(filter).await?;
        let mut ids: Vec<UserId> = users.iter().map(|user| user.id).collect();
        let next = ids.last().filter(|_| more).map(|last| format!("after={last}"));
        if is_first
            && let Found::One(id) = app.people.find(&text, 1).await?
            && !ids.contains(&id)
        {
            ids.insert(0, id);
        }
        Ok(Listing { ids, is_first, next, ..Listing::default() })
    }

    async fn by_score(app: &App, view: &Arc<View>, page: usize) -> Result<Listing, StoreError> {
        let entries = view.ranked.page(page.saturating_mul(PAGE), PAGE);
        let mut ids: Vec<UserId> = entries.iter().map(|entry| entry.user_id).collect();
        let mut next = (page.saturating_add(1).saturating_mul(PAGE) < view.ranked.len())
            .then(|| format!("page={}", page.saturating_add(1)));
        if next.is_none() && ids.len() < PAGE {
            let (others, more) = without_points(app, view, 0, PAGE - ids.len()).await?;
            ids.extend(others);
            next = more;
        } else if next.is_none() && !without_points(app, view, 0, 1).await?.0.is_empty() {
            next = Some(format!("{WITHOUT_POINTS}&after=0"));
        }
        Ok(Listing { ids, is_first: page == 0, next, ..Listing::default() })
    }

    async fn unranked(app: &App, view: &Arc<View>, after: i64) -> Result<Listing, StoreError> {
        let (ids, next) = without_points(app, view, after, PAGE).await?;
        Ok(Listing { ids, next, ..Listing::default() })
    }

    async fn by_username(app: &App, after: i64) -> Result<Listing, StoreError> {
        let read = move |connection: &ReadConnection<'_>| user_order::by_username(connection, after, PAGE + 1);
        let mut ids = app.store.read(read).await?;
        let more = ids.len() > PAGE;
        ids.truncate(PAGE);
        let next = ids.last().filter(|_| more).map(|last| format!("sort=name&after={last}"));
        Ok(Listing { ids, order: Order::Name, is_first: after == 0, next, page: 0 })
    }

    async fn by_activity(app: &App, after: Option<Place>) -> Result<Listing, StoreError> {
        let today = app.clock.today();
        let page = app.store.read(move |connection| last_activity::lately(connection, after, today, PAGE)).await?;
        let address = |place: Place| format!("sort=activity&date={}&before={}", place.date, place.id);
        Ok(Listing {
            ids: page.users.iter().map(|(id, _)| *id).collect(),
            order: Order::Activity,
            is_first: after.is_none(),
            next: page.next.map(address),
            page: 0,
        })
    }

    fn unnamed(view: &View, page: usize) -> Listing {
        let all = view.unnamed();
        // Whoever got a name is on no such page any more, so the last page may be gone.
        let page = page.min(all.len().saturating_sub(1) / PAGE);
        let rest = &all[page * PAGE..];
        let ids = rest[..rest.len().min(PAGE)].to_vec();
        let next = (rest.len() > PAGE).then(|| format!("names=missing&page={}", page + 1));
        Listing { ids, order: Order::Unnamed, is_first: page == 0, next, page }
    }
}

/// Where the list of who had points lately goes on.
fn place(parameters: &Parameters) -> Option<Place> {
    let date = parameters.optional::<EventDate>("date").ok().flatten()?;
    let id = parameters.optional::<EventId>("before").ok().flatten()?;
    Some(Place { date, id })
}

/// The users of the directory after a number who have no points, at most `limit`, and what an address has to say for those
/// that follow.
async fn without_points(
    app: &App,
    view: &Arc<View>,
    after: i64,
    limit: usize,
) -> Result<(Vec<UserId>, Option<String>), StoreError> {
    let view = Arc::clone(view);
    let read = move |connection: &ReadConnection<'_>| {
        let (mut found, mut after, mut examined) = (Vec::new(), after, 0);
        while examined < EXAMINED_MAX {
            let ids = user_order::by_number(connection, after, PIECE)?;
            let is_last = ids.len() < PIECE;
            for id in ids {
                if !view.ranked.holds(id) {
                    if found.len() == limit {
                        return Ok((found, Some(after)));
                    }
                    found.push(id);
                }
                after = id.into();
                examined += 1;
            }
            if is_last {
                return Ok((found, None));
            }
        }
        Ok((found, Some(after)))
    };
    let (found, next) = app.store.read(read).await?;
    Ok((found, next.map(|after| format!("{WITHOUT_POINTS}&after={after}"))))
}
