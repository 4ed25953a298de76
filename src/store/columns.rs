//! How the types of the domain are written to a column of the file, and read from it.

use std::str::FromStr;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use crate::domain::{
    CategoryId, DailyLimit, Description, EventDate, EventId, GroupId, LeaderboardId, LeaderboardName, Networks, Period,
    Permissions, Points, RuleName, Timestamp, UserId, Username, WebhookSecret,
};

/// A type that is an integer in the file. The integer is checked when it is read, since it may be out of the type's
/// range.
macro_rules! checked_integer {
    ($type:ty) => {
        impl ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(i64::from(*self).into())
            }
        }

        impl FromSql for $type {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                <$type>::try_from(value.as_i64()?).map_err(FromSqlError::other)
            }
        }
    };
}

checked_integer!(UserId);
checked_integer!(GroupId);
checked_integer!(Points);
checked_integer!(DailyLimit);

/// A type that is an integer in the file. It may be any integer, so nothing is checked.
macro_rules! plain_integer {
    ($type:ident) => {
        impl ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.0.into())
            }
        }

        impl FromSql for $type {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                value.as_i64().map($type)
            }
        }
    };
}

plain_integer!(EventId);
plain_integer!(LeaderboardId);

impl ToSql for Timestamp {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.millis().into())
    }
}

impl FromSql for Timestamp {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Timestamp> {
        value.as_i64().map(Timestamp::from_millis)
    }
}

impl ToSql for Description {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for Description {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Description> {
        Ok(Description::stored(value.as_str()?.to_owned()))
    }
}

impl ToSql for Username {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for Username {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Username> {
        Lossy::column_result(value).map(|Lossy(text)| Username::stored(text))
    }
}

/// A text that other programs may have written too, in which a sign stands for whatever is not UTF-8.
pub(super) struct Lossy(pub String);

impl FromSql for Lossy {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Lossy> {
        value.as_bytes().map(|bytes| Lossy(String::from_utf8_lossy(bytes).into_owned()))
    }
}

impl ToSql for LeaderboardName {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for LeaderboardName {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<LeaderboardName> {
        LeaderboardName::try_from(value.as_str()?.to_owned()).map_err(FromSqlError::other)
    }
}

impl ToSql for Period {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.number().into())
    }
}

impl FromSql for Period {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Period> {
        let number = value.as_i64()?;
        Period::from_number(number).ok_or(FromSqlError::OutOfRange(number))
    }
}

/// A type whose text form stands in the file, and is read as any text of that form is.
macro_rules! text {
    ($type:ty) => {
        impl ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.to_string().into())
            }
        }

        impl FromSql for $type {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                <$type>::from_str(value.as_str()?).map_err(FromSqlError::other)
            }
        }
    };
}

text!(EventDate);
text!(Networks);
text!(Permissions);
text!(RuleName);

impl FromSql for WebhookSecret {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<WebhookSecret> {
        value.as_str()?.parse().map_err(FromSqlError::other)
    }
}

/// A list of groups, which stands in the file as a JSON array.
pub(super) struct GroupIds(pub Vec<GroupId>);

impl ToSql for GroupIds {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(serde_json::to_string(&self.0).expect("numbers have a JSON form").into())
    }
}

impl FromSql for GroupIds {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<GroupIds> {
        serde_json::from_str(value.as_str()?).map(GroupIds).map_err(FromSqlError::other)
    }
}

/// A list of categories, which stands in the file as a JSON array.
pub(super) struct CategoryIds(pub Vec<CategoryId>);

impl ToSql for CategoryIds {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(serde_json::to_string(&self.0).expect("numbers have a JSON form").into())
    }
}

impl FromSql for CategoryIds {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<CategoryIds> {
        let numbers: Vec<i64> = serde_json::from_str(value.as_str()?).map_err(FromSqlError::other)?;
        let ids = numbers.into_iter().map(CategoryId::try_from);
        ids.collect::<Result<_, _>>().map(CategoryIds).map_err(FromSqlError::other)
    }
}
