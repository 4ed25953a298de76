//! What the document says of rules, and of what a forum tells.

use crate::api::discourse::{self, OUTCOME, Signed, Taken};
use crate::api::rules::{self, Rules};
use crate::domain::{CategoryId, DailyLimit, Points, RuleName};
use crate::web::document::{
    Access, Answer, Answers, Argument, Of, Operation, Shaped, Signature, Takes, operation, shape,
};
use crate::web::error::ApiError;
use crate::web::kinds::Parameter;
use crate::web::reply::Success;

/// The names of all rules.
const NAMES: [&str; RuleName::ALL.len()] = {
    let mut names = [""; RuleName::ALL.len()];
    let mut index = 0;
    // A `for` loop can't run in a constant yet.
    while index < names.len() {
        names[index] = RuleName::ALL[index].name();
        index += 1;
    }
    names
};

shape! {
    /// What gives points by itself, and how many.
    static RULE = "Rule" {
        /// What it counts.
        name: Of::Word(&NAMES),
        /// How many points a deed gives; 0 gives none.
        points: Of::Like(&Of::Kind(Points::KIND), "3"),
        /// Whether it gives points at all.
        enabled: Of::Flag(true),
        /// How many of one user's deeds count on a day; null is no limit.
        daily_limit: Of::Nullable(&Of::Like(&Of::Kind(DailyLimit::KIND), "10")),
        /// Only deeds in these categories count; an empty list is all.
        category_ids: Of::Like(&Of::List(&Of::Kind(CategoryId::KIND)), "[4, 9]"),
    }
}

shape! {
    /// All rules.
    static RULES = "Rules" {
        /// The rules, always in the same order.
        rules: Of::List(&Of::Shape(&RULE)),
    }
}

impl Shaped for Rules {
    const OF: Of = Of::Shape(&RULES);
}

impl Argument for Signed {
    fn describe(signature: &mut Signature) {
        signature.access = Access::Signed;
        signature.takes = Takes::Foreign;
    }
}

impl Answers for Taken {
    fn describe(signature: &mut Signature) {
        signature
            .answers
            .push(Answer::json(Success::OF).with_header(OUTCOME, "What became of it, in words for people."));
    }
}

/// The operations.
pub fn operations() -> Vec<Operation> {
    vec![
        operation!(rules::list, "list_rules", "List what gives points by itself in the forum"),
        operation!(rules::update, "change_rule", "Change a rule")
            .details("What is left out stays. A changed rule counts from then on, and what was counted stays.")
            .part("name", "The name of a rule.", "post_created")
            .sample(r#"{"points": 3, "daily_limit": 10, "category_ids": [4, 9]}"#),
        operation!(discourse::take_in, "take_in_delivery", "Take in what a forum tells")
            .details("For webhooks of Discourse: X-Discourse-Event says what it is about, and X-Discourse-Event-Signature (sha256= and the HMAC-SHA256 of the body, in hexadecimal digits) signs the body. Without a secret it is a 404. What is well signed and counts for nothing is a 200, too.")
            .refuses([ApiError::NotFound, ApiError::Missing("post.user_id")]),
    ]
}
