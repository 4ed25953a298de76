//! What the setting `read_only_from` means for commands: those that read do so beside whatever keeps the file current, and those
//! that change something are refused.

use super::Failure;
use crate::config::Settings;
use crate::domain::Clock;
use crate::store::{OpenMode, OpenOptions, Store, StoreError, WriterThread};

/// The database, opened by a command that only reads.
pub struct Reading {
    pub store: Store,
    writer: Option<WriterThread>,
}

impl Reading {
    /// Opens the database of these settings.
    pub fn begin(settings: &Settings) -> Result<Reading, StoreError> {
        if let Some(address) = &settings.read_only_from {
            return Ok(Reading { store: Store::follow(&settings.database, address.clone())?, writer: None });
        }
        let options = OpenOptions::new(OpenMode::Existing, Clock::system(settings.time_zone));
        let (store, writer) = Store::open(&settings.database, options)?;
        Ok(Reading { store, writer: Some(writer) })
    }

    /// Closes it.
    pub fn end(self) {
        if let Some(writer) = self.writer {
            writer.stop();
        }
    }
}

/// Refuses a change where the database is only read.
pub fn expect_own(settings: Settings) -> Result<Settings, Failure> {
    match &settings.read_only_from {
        None => Ok(settings),
        Some(address) => Err(Failure::Failed(format!(
            "setting read_only_from: {} is only read here; changes are made at {address}",
            settings.database.display()
        ))),
    }
}
