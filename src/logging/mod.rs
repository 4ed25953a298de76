//! Log lines: to stderr, and to a file if one is set, as text for people or as JSON for programs.
//!
//! A line is a line: control characters, and marks that turn the direction of writing, are escaped. What is secret never
//! gets here: keys have no printable form (see [`crate::domain::PlainKey`]), and queries are not logged.

mod sink;

use std::fmt::{self, Write};
use std::path::Path;

use log::kv::{Error as KvError, Key, Value, VisitSource, VisitValue};
use log::{LevelFilter, Record};

use self::sink::Sink;
use crate::config::LogFormat;
use crate::domain::Timestamp;

/// The target of the line that each request gets.
pub const REQUEST_TARGET: &str = "request";

/// Logging can't begin.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The log file can't be opened for appending.
    #[error("setting log_file: {0} can't be opened: {1}")]
    File(String, std::io::Error),
    /// Something else logs already.
    #[error("logging was started before")]
    Started,
    /// The operating system refuses a thread.
    #[error("{0}")]
    Thread(#[from] std::io::Error),
}

/// Starts logging to stderr, and to `file` if there is one. Once in a process.
pub fn start(file: Option<&Path>, format: LogFormat) -> Result<(), LoggingError> {
    let open = |file: &Path| {
        let fault = |error| LoggingError::File(format!("{:?}", file.display().to_string()), error);
        fern::log_file(file).map_err(fault)
    };
    let sink = Sink::start(file.map(open).transpose()?)?;
    let dispatch = fern::Dispatch::new()
        .format(move |out, _, record| match format {
            LogFormat::Text => out.finish(format_args!("{}", text(record))),
            LogFormat::Json => out.finish(format_args!("{}", json(record))),
        })
        .level(LevelFilter::Info)
        // Rocket's own lines would print queries, and say in five lines what one says better. `_` is how it indents, also
        // in the code that its attributes write into our modules.
        .level_for("rocket", LevelFilter::Off)
        .filter(|metadata| metadata.target() != "_" && !metadata.target().ends_with("::_"))
        .level_for("hyper", LevelFilter::Warn)
        .level_for("refinery_core", LevelFilter::Warn)
        .chain(Box::new(sink) as Box<dyn log::Log>);
    dispatch.apply().map_err(|_| LoggingError::Started)?;
    std::panic::set_hook(Box::new(|panic| log::error!("panic: {panic}")));
    Ok(())
}

/// `2026-11-22T20:10:50.123Z INFO  request: GET /path 200 …`
fn text(record: &Record<'_>) -> String {
    let mut line = format!("{} {:<5} {}: ", now(), record.level(), record.target());
    // Writing to a string can't fail.
    let _ = write!(Escaping(&mut line), "{}", record.args());
    line
}

/// One object with the message and whatever values the record carries.
fn json(record: &Record<'_>) -> String {
    let mut object = serde_json::Map::new();
    object.insert("time".to_owned(), now().to_string().into());
    object.insert("level".to_owned(), record.level().as_str().into());
    object.insert("target".to_owned(), record.target().into());
    object.insert("message".to_owned(), record.args().to_string().into());
    let _ = record.key_values().visit(&mut Fields(&mut object));
    let line = serde_json::Value::Object(object).to_string();
    if !line.contains(disturbs) {
        return line;
    }
    // JSON itself asks for the escape of the lowest control characters only. All that disturb have four digits.
    line.chars().fold(String::new(), |mut line, character| {
        let _ = if disturbs(character) {
            write!(line, "\\u{:04x}", u32::from(character))
        } else {
            line.write_char(character)
        };
        line
    })
}

fn now() -> Timestamp {
    Timestamp::new(chrono::Utc::now())
}

struct Fields<'o>(&'o mut serde_json::Map<String, serde_json::Value>);

impl<'kvs> VisitSource<'kvs> for Fields<'_> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), KvError> {
        let mut json = JsonValue::default();
        value.visit(&mut json)?;
        self.0.insert(key.to_string(), json.0);
        Ok(())
    }
}

/// A value of a record as JSON.
#[derive(Default)]
struct JsonValue(serde_json::Value);

impl<'v> VisitValue<'v> for JsonValue {
    fn visit_any(&mut self, value: Value<'_>) -> Result<(), KvError> {
        self.0 = value.to_string().into();
        Ok(())
    }

    fn visit_null(&mut self) -> Result<(), KvError> {
        self.0 = serde_json::Value::Null;
        Ok(())
    }

    fn visit_i64(&mut self, value: i64) -> Result<(), KvError> {
        self.0 = value.into();
        Ok(())
    }

    fn visit_u64(&mut self, value: u64) -> Result<(), KvError> {
        self.0 = value.into();
        Ok(())
    }

    fn visit_f64(&mut self, value: f64) -> Result<(), KvError> {
        self.0 = value.into();
        Ok(())
    }
}

/// Writes text with what could break or disguise a line replaced by `\u{…}`.
struct Escaping<'s>(&'s mut String);

impl Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            if disturbs(character) {
                write!(self.0, "\\u{{{:x}}}", u32::from(character))?;
            } else {
                self.0.push(character);
            }
        }
        Ok(())
    }
}

/// Control characters, line and paragraph separators, and the marks that set a direction of writing.
fn disturbs(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_a_line() {
        let mut line = String::new();
        write!(Escaping(&mut line), "a\nb\u{1b}[31m\u{202e}c ä").expect("a string takes it");
        assert_eq!(line, "a\\u{a}b\\u{1b}[31m\\u{202e}c ä");
    }
}
