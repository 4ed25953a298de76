//! The terms of scorekeeper as types: what an event, a day or a period is, and which values each may have.
//!
//! A value of one of these types is always valid, because no other value can be made. So ranges are checked once, where
//! input is read, and nowhere else. Nothing here reads a clock, a file or a socket, except [`Clock`], which is the one
//! place that asks what day it is.

mod api_key;
mod author;
mod clock;
mod date;
mod deed;
mod directory;
mod folded;
mod idempotency_key;
mod leaderboard;
mod networks;
mod origins;
mod path_prefix;
mod period;
mod permissions;
mod ranking;
mod rule;
mod score_event;
mod server_address;
mod timestamp;
mod unacceptable;
mod unseen;
mod username;
mod webhook_secret;
mod whole_number;

pub use api_key::{KeyDigest, KeyRef, PlainKey, random_token};
pub use author::Author;
pub use clock::Clock;
pub use date::EventDate;
pub use deed::{Deed, NaturalKey, News, Source, Told};
pub use directory::{Group, GroupId, User, drawn_avatar, fallback_username};
pub use folded::folded;
pub use idempotency_key::IdempotencyKey;
pub use leaderboard::{Leaderboard, LeaderboardId, LeaderboardName, LeaderboardSettings};
pub use networks::{Networks, Sender};
pub use origins::{Origins, WebOrigin};
pub use path_prefix::PathPrefix;
pub use period::Period;
pub use permissions::{Permissions, Scope};
pub use ranking::Ranking;
pub use rule::{CategoryId, DailyLimit, Rule, RuleChange, RuleName};
pub use score_event::{
    Award, Correction, Deletion, Description, EventId, Points, Revision, RevisionAction, ScoreEvent, UserId,
};
pub use server_address::ServerAddress;
pub use timestamp::Timestamp;
pub use unacceptable::Unacceptable;
pub use unseen::{is_unseen, misleads};
pub use username::Username;
pub use webhook_secret::WebhookSecret;
pub use whole_number::{whole_of_json, whole_of_text};
