//! Requests about the rules that give points for deeds.

use crate::domain::{CategoryId, DailyLimit, Points, Rule, RuleChange};
use crate::web::error::ApiError;
use crate::web::request::request;

request! {
    /// A change of a rule. What is absent stays as it is.
    pub struct ChangeRule {
        /// How many points a deed gives; 0 gives none.
        optional points: Points,
        /// Whether the rule gives points at all.
        optional enabled: bool,
        /// How many of one user's deeds count on a day; null is no limit.
        clearable daily_limit: DailyLimit,
        /// Only deeds in these categories count; an empty list is all.
        optional_list category_ids: CategoryId,
    }
}

impl TryFrom<ChangeRule> for RuleChange {
    type Error = ApiError;

    /// Fails if there are too many categories.
    fn try_from(asked: ChangeRule) -> Result<RuleChange, ApiError> {
        let mut category_ids = asked.category_ids;
        if let Some(ids) = &mut category_ids {
            ids.sort_unstable();
            ids.dedup();
            if ids.len() > Rule::CATEGORIES_MAX {
                return Err(ApiError::invalid("category_ids", "at most 1,000 categories"));
            }
        }
        Ok(RuleChange { points: asked.points, enabled: asked.enabled, daily_limit: asked.daily_limit, category_ids })
    }
}
