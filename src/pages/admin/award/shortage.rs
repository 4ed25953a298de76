//! Those who have fewer points than would be redeemed.

use super::asked::Asked;
use crate::domain::Award;
use crate::pages::format;
use crate::pages::person::Person;
use crate::standings::Catalog;
use crate::store::{ReadConnection, StoreError, event_batches};
use crate::web::App;

/// How many of them are named.
const NAMED_MAX: usize = 20;

/// Those who have too few points, and what would be redeemed of each.
pub struct Shortage {
    /// The first of them.
    pub people: Vec<Short>,
    /// How many more there are.
    pub more: Option<String>,
    /// How many points would be redeemed.
    pub wanted: String,
    /// What has to remain, unless that is nothing.
    pub minimum: Option<String>,
}

/// Somebody who has too few points.
pub struct Short {
    /// Who it is.
    pub person: Person,
    /// What the person can spend, with its noun.
    pub score: String,
}

impl Shortage {
    /// Those who have too few points now, if there are any.
    pub async fn of(app: &App, asked: &Asked) -> Result<Option<Shortage>, StoreError> {
        if asked.each().minimum_score.is_none() {
            return Ok(None);
        }
        let awards: Vec<Award> = asked.awards().collect();
        let today = app.clock.today();
        let found = move |connection: &ReadConnection<'_>| {
            let lacking = event_batches::all_lacking(connection, &awards, today)?;
            Ok(lacking.into_iter().map(|(index, score)| (awards[index].clone(), score)).collect::<Vec<_>>())
        };
        let lacking = app.store.read(found).await?;
        let is_any = !lacking.is_empty();
        Ok(is_any.then(|| Shortage::told(&app.standings.catalog(), asked, &lacking)))
    }

    /// Those who have too few points, after it was tried to store the award and the one at `index` had `score` points to
    /// spend. The others are found as they are now.
    pub async fn of_stored(app: &App, asked: &Asked, index: usize, score: i64) -> Result<Shortage, StoreError> {
        if let Some(found) = Shortage::of(app, asked).await? {
            return Ok(found);
        }
        // The answer is an earlier one, or somebody has been given points meanwhile.
        let first: Vec<(Award, i64)> = asked.awards().nth(index).map(|award| (award, score)).into_iter().collect();
        Ok(Shortage::told(&app.standings.catalog(), asked, &first))
    }

    fn told(catalog: &Catalog, asked: &Asked, lacking: &[(Award, i64)]) -> Shortage {
        let each = asked.each();
        let minimum = each.minimum_score.filter(|minimum| *minimum != 0);
        let short = |(award, score): &(Award, i64)| Short {
            person: Person::in_full(catalog, award.user_id),
            score: format::points(*score),
        };
        let more = lacking.len().saturating_sub(NAMED_MAX);
        Shortage {
            people: lacking.iter().take(NAMED_MAX).map(short).collect(),
            more: (more > 0).then(|| format!("and {}", format::count(more as i64, "other", "others"))),
            wanted: format::number(-i64::from(each.points)),
            minimum: minimum.map(format::number),
        }
    }
}
