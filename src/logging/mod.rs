//! Log lines: to stderr, and to a file if one is set, as text for people or as JSON for programs.
//!
//! A record is always one line: control characters, and marks that turn the direction of writing, are escaped. Secrets
//! never get here: keys have no printable form (see [`crate::domain::PlainKey`]), and queries are not logged.

mod file;
mod sink;

use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use log::kv::{Error as KvError, Key, Value, VisitSource, VisitValue};
use log::{Level, LevelFilter, Log, Metadata, Record};

use self::sink::{Format, Sink, Target};
use crate::config::LogFormat;
use crate::domain::{Timestamp, is_unseen};

/// The target of the line that each request gets.
pub const REQUEST_TARGET: &str = "request";

/// How long the end of the process waits for lines that are still to be written.
const FLUSH_MAX: Duration = Duration::from_secs(1);

/// Where the lines of this process go, once it logs.
static SINKS: OnceLock<Sinks> = OnceLock::new();

/// Logging can't begin.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The log file can't be opened for appending.
    #[error("setting log_file: {0:?} can't be opened: {1}")]
    File(PathBuf, std::io::Error),
    /// Something else logs already.
    #[error("logging was started before")]
    Started,
    /// The operating system refuses a thread, or there is no stderr.
    #[error("{0}")]
    Stderr(#[from] std::io::Error),
}

/// Starts logging to stderr, and to `file` if there is one. A process can do this once.
pub fn start(file: Option<&Path>, format: LogFormat) -> Result<(), LoggingError> {
    let format: Format = match format {
        LogFormat::Text => text,
        LogFormat::Json => json,
    };
    // The handle that the standard library gives has a lock, for which all who write to stderr would wait. A copy of
    // the descriptor has none.
    let stderr = File::from(std::io::stderr().as_fd().try_clone_to_owned()?);
    let open = |file: &Path| {
        Sink::start(Target::Path(file.to_owned()), format).map_err(|error| LoggingError::File(file.to_owned(), error))
    };
    let sinks = Sinks { format, file: file.map(open).transpose()?, stderr: Sink::start(Target::Open(stderr), format)? };
    SINKS.set(sinks.clone()).map_err(|_| LoggingError::Started)?;
    let dispatch = fern::Dispatch::new()
        .level(LevelFilter::Info)
        // Most lines have one of these targets, and a whole target is found faster than one that begins like a rule.
        .level_for(REQUEST_TARGET, LevelFilter::Info)
        // Rocket's own lines would print queries, and say in five lines what one line says better. Rocket uses the
        // target `_` for lines that it indents, also in the code that its attributes write into our modules.
        .level_for("_", LevelFilter::Off)
        .level_for("rocket", LevelFilter::Off)
        .filter(|metadata| !metadata.target().ends_with("::_"))
        .level_for("hyper", LevelFilter::Warn)
        .level_for("refinery_core", LevelFilter::Warn)
        .chain(Box::new(sinks) as Box<dyn Log>);
    dispatch.apply().map_err(|_| LoggingError::Started)?;
    std::panic::set_hook(Box::new(|panic| log::error!("panic: {panic}")));
    Ok(())
}

/// Opens the log file anew, if there is one. If it was moved away, a new file is made in its place.
pub fn reopen() {
    if let Some(Sinks { file: Some(file), .. }) = SINKS.get() {
        file.reopen();
    }
}

/// Writes a line to stderr only, after all that was logged before, and waits for it no longer than for a log line.
pub fn say(line: &str) {
    match SINKS.get() {
        Some(sinks) => {
            sinks.stderr.push(line, true);
            sinks.stderr.flush(Instant::now() + FLUSH_MAX);
        }
        // If stderr can't be written to, there is no other place to say this.
        None => drop(writeln!(std::io::stderr(), "{line}")),
    }
}

/// The places that lines go to, none of which waits for the other.
#[derive(Clone)]
struct Sinks {
    format: Format,
    file: Option<Sink>,
    stderr: Sink,
}

impl Sinks {
    fn all(&self) -> impl Iterator<Item = &Sink> {
        self.file.iter().chain([&self.stderr])
    }
}

impl Log for Sinks {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = (self.format)(record);
        let urgent = record.target() != REQUEST_TARGET || record.level() <= Level::Warn;
        for sink in self.all() {
            sink.push(&line, urgent);
        }
    }

    fn flush(&self) {
        let until = Instant::now() + FLUSH_MAX;
        for sink in self.all() {
            sink.flush(until);
        }
    }
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
    if !line.contains(is_unseen) {
        return line;
    }
    // JSON itself requires only the lowest control characters to be escaped.
    line.chars().fold(String::new(), |mut line, character| {
        if is_unseen(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(line, "\\u{unit:04x}");
            }
        } else {
            line.push(character);
        }
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

impl fmt::Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            self.0.push_str(text);
            return Ok(());
        }
        for character in text.chars() {
            if is_unseen(character) {
                write!(self.0, "\\u{{{:x}}}", u32::from(character))?;
            } else {
                self.0.push(character);
            }
        }
        Ok(())
    }
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
