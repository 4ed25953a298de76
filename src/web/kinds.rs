//! The kinds of parameters: how a value is written in a query, a form or JSON, and what an error or a document says of it.

use std::str::FromStr;

use crate::domain::{
    CategoryId, DailyLimit, Description, EventDate, EventId, GroupId, LeaderboardId, LeaderboardName, Period, Points,
    UserId, Username, whole_of_text,
};
use crate::store::Order;
use crate::store::audit::Kind as AuditKind;

/// What a document of the API says of a kind of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// How it is written in JSON.
    pub json: JsonType,
    /// What is accepted, for a person: words that can follow "Enter".
    pub accepted: &'static str,
    /// A value that is accepted, as it is written in a query.
    pub example: &'static str,
}

/// How a value is written in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonType {
    /// A whole number within a range, both ends included.
    Integer {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// A text with at most this many characters.
    Text {
        /// The most characters.
        characters_max: usize,
        /// What it has to look like.
        form: TextForm,
    },
    /// A date, `YYYY-MM-DD`.
    Date,
    /// One of some words.
    Word(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
    /// A list of objects.
    Objects,
}

/// What a text has to look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextForm {
    /// Anything.
    Any,
    /// Anything; blanks at its ends are taken off, and don't count.
    Trimmed,
    /// The same, and something is left.
    Filled,
    /// A username: some characters, all of which can be seen.
    Username,
    /// A path, a web address, or nothing.
    Address,
}

/// A list of records, each of which is read as a request of its own.
pub const RECORDS: Kind =
    Kind { json: JsonType::Objects, accepted: "a list of 1 to 10,000 objects", example: r#"[{"user_id": 13}]"# };

/// A value that a parameter can be read as.
pub trait Parameter: Sized {
    /// What errors and documents say of it.
    const KIND: Kind;

    /// From a text, in a query, a form or JSON.
    fn from_text(text: &str) -> Option<Self>;

    /// From a whole number in JSON.
    fn from_number(_: i64) -> Option<Self> {
        None
    }

    /// From `true` or `false` in JSON.
    fn from_flag(_: bool) -> Option<Self> {
        None
    }
}

impl Parameter for bool {
    const KIND: Kind = Kind { json: JsonType::Flag, accepted: "true or false", example: "true" };

    fn from_text(text: &str) -> Option<bool> {
        text.parse().ok()
    }

    fn from_flag(flag: bool) -> Option<bool> {
        Some(flag)
    }
}

/// A whole number: in a text it is decimal digits, perhaps after a minus.
impl Parameter for i64 {
    const KIND: Kind =
        Kind { json: JsonType::Integer { min: i64::MIN, max: i64::MAX }, accepted: "a whole number", example: "0" };

    fn from_text(text: &str) -> Option<i64> {
        whole_of_text(text)
    }

    fn from_number(number: i64) -> Option<i64> {
        Some(number)
    }
}

/// A type that is made of a whole number in a range, by a function of the type.
macro_rules! number_parameter {
    ($type:ty, $min:expr, $max:expr, $accepted:literal, $example:literal, $make:expr) => {
        impl Parameter for $type {
            const KIND: Kind =
                Kind { json: JsonType::Integer { min: $min, max: $max }, accepted: $accepted, example: $example };

            fn from_text(text: &str) -> Option<Self> {
                i64::from_text(text).and_then(Self::from_number)
            }

            fn from_number(number: i64) -> Option<Self> {
                let make: fn(i64) -> Option<Self> = $make;
                Some(number).filter(|number| ($min..=$max).contains(number)).and_then(make)
            }
        }
    };
}

number_parameter!(UserId, 1, 2_147_483_647, "a number from 1 to 2147483647", "13", |id| UserId::try_from(id).ok());
number_parameter!(GroupId, 1, 2_147_483_647, "a number from 1 to 2147483647", "10", |id| GroupId::try_from(id).ok());
number_parameter!(EventId, i64::MIN, i64::MAX, "the number of an event", "6", |id| Some(EventId(id)));
number_parameter!(LeaderboardId, i64::MIN, i64::MAX, "the number of a leaderboard", "1", |id| Some(LeaderboardId(id)));
number_parameter!(
    Points,
    -2_147_483_648,
    2_147_483_647,
    "a whole number from −2147483648 to 2147483647",
    "15",
    |points| Points::try_from(points).ok()
);

number_parameter!(CategoryId, 1, 2_147_483_647, "a number from 1 to 2147483647", "7", |id| CategoryId::try_from(id)
    .ok());
number_parameter!(DailyLimit, 0, 2_147_483_647, "a whole number from 0 to 2147483647", "20", |limit| {
    DailyLimit::try_from(limit).ok()
});

/// A number in a range that is a parameter of its own.
macro_rules! bounded {
    ($(#[doc = $doc:literal])+ $name:ident as $as:ty: $min:literal..=$max:expr, $accepted:literal, $example:literal) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name(i64);

        impl $name {
            /// The number.
            pub fn get(self) -> $as {
                // A number that does not fit is replaced by the largest one that does.
                <$as>::try_from(self.0).unwrap_or(<$as>::MAX)
            }
        }

        number_parameter!($name, $min, $max, $accepted, $example, |number| Some($name(number)));
    };
}

bounded!(
    /// How many items a page of a list has at most.
    Limit as usize: 1..=100, "a whole number from 1 to 100", "100"
);
bounded!(
    /// The number of the last item on the page before. The list goes on after it.
    After as i64: 0..=i64::MAX, "a whole number, 0 or more", "6"
);
bounded!(
    /// Which page, from 0.
    PageNumber as usize: 0..=i64::MAX, "a whole number, 0 or more", "0"
);
bounded!(
    /// How many neighbours on each side.
    Radius as usize: 1..=50, "a whole number from 1 to 50", "5"
);
bounded!(
    /// Who made a board: a user, or -1 for the system.
    CreatorId as i64: -1..=2_147_483_647, "a number from −1 to 2147483647", "13"
);

/// A text that is made by a function of the type.
macro_rules! text_parameter {
    ($type:ty, $max:expr, $form:ident, $accepted:literal, $example:literal, $make:expr) => {
        impl Parameter for $type {
            const KIND: Kind = Kind {
                json: JsonType::Text { characters_max: $max, form: TextForm::$form },
                accepted: $accepted,
                example: $example,
            };

            fn from_text(text: &str) -> Option<Self> {
                let make: fn(&str) -> Option<Self> = $make;
                make(text)
            }
        }
    };
}

text_parameter!(Description, Description::CHARACTERS_MAX, Any, "at most 10,000 characters", "Karaoke night", |text| {
    Description::try_from(text.to_owned()).ok()
});
text_parameter!(
    Username,
    Username::CHARACTERS_MAX,
    Username,
    "a username of 1 to 60 characters that can all be seen",
    "ann",
    |text| text.parse().ok()
);
text_parameter!(
    LeaderboardName,
    LeaderboardName::CHARACTERS_MAX,
    Filled,
    "a name of 1 to 255 characters",
    "Season 2023",
    |text| LeaderboardName::try_from(text.to_owned()).ok()
);

/// The name of a person or group, without blanks at its ends: at most 255 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FullName(pub String);

impl FullName {
    /// The longest name, in characters.
    pub const CHARACTERS_MAX: usize = 255;
}

text_parameter!(FullName, FullName::CHARACTERS_MAX, Trimmed, "at most 255 characters", "Ann Example", |text| {
    let text = text.trim();
    (text.chars().count() <= FullName::CHARACTERS_MAX).then(|| FullName(text.to_owned()))
});

/// Where pictures are: a path of this server or a web address, or nothing for the server's own pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvatarTemplate(pub String);

impl AvatarTemplate {
    /// The longest template, in characters.
    pub const CHARACTERS_MAX: usize = 2000;
}

text_parameter!(
    AvatarTemplate,
    AvatarTemplate::CHARACTERS_MAX,
    Address,
    "a path that begins with / or an address that begins with https://, at most 2,000 characters",
    "https://pictures.example/13/{size}.png",
    |text| {
        let text = text.trim();
        let known = text.is_empty() || ["/", "https://", "http://"].iter().any(|start| text.starts_with(start));
        let fits = text.chars().count() <= AvatarTemplate::CHARACTERS_MAX && !text.chars().any(char::is_control);
        (known && fits).then(|| AvatarTemplate(text.to_owned()))
    }
);

impl Parameter for EventDate {
    const KIND: Kind =
        Kind { json: JsonType::Date, accepted: "a day that exists, as YYYY-MM-DD", example: "2023-04-14" };

    fn from_text(text: &str) -> Option<EventDate> {
        EventDate::from_str(text).ok()
    }
}

impl Parameter for Period {
    const KIND: Kind = Kind {
        json: JsonType::Word(&["all_time", "yearly", "quarterly", "monthly", "weekly", "daily"]),
        accepted: "all_time, yearly, quarterly, monthly, weekly or daily",
        example: "weekly",
    };

    fn from_text(text: &str) -> Option<Period> {
        Period::from_str(text).ok()
    }
}

/// A period as its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeriodNumber(pub Period);

number_parameter!(PeriodNumber, 0, 5, "the number of a period, 0 to 5", "0", |number| {
    Period::from_number(number).map(PeriodNumber)
});

impl Parameter for AuditKind {
    const KIND: Kind = Kind {
        json: JsonType::Word(&["key", "board", "group", "user", "rule", "webhook", "recalculation"]),
        accepted: "key, board, group, user, rule, webhook or recalculation",
        example: "key",
    };

    fn from_text(text: &str) -> Option<AuditKind> {
        AuditKind::ALL.into_iter().find(|kind| kind.name() == text)
    }
}

impl Parameter for Order {
    const KIND: Kind = Kind { json: JsonType::Word(&["asc", "desc"]), accepted: "asc or desc", example: "desc" };

    fn from_text(text: &str) -> Option<Order> {
        match text {
            "asc" => Some(Order::Ascending),
            "desc" => Some(Order::Descending),
            _ => None,
        }
    }
}
