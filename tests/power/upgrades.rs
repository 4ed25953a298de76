//! Power cuts while a start brings a file of an earlier layout up to date.

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use tempfile::TempDir;

use super::cuts::{Known, bites, survive};
use super::recording::Recording;
use crate::earlier_layouts::file::{Contents, layout_of, layouts, make_file_of, newest};
use crate::support::Setup;

/// The file is of the old layout or of the new one, and the next start finds all that it held.
fn judge(folder: &Path, layout: u32, held: &Contents) -> Result<(), String> {
    let file = folder.join("scores.db");
    let left = layout_of(&Connection::open(&file).map_err(|error| error.to_string())?);
    if ![layout, newest()].contains(&left) {
        return Err(format!("layout {layout} became {left}"));
    }
    let shared = Arc::new(TempDir::new().expect("a temporary folder"));
    super::recording::write_folder(shared.path(), &super::recording::read_folder(folder));
    let server = Setup::in_folder(shared).start();
    held.assert_kept(&server.database(), layout);
    Ok(())
}

#[test]
fn a_migration_that_is_cut_off_is_whole_after_the_next_start() {
    let mut bitten = false;
    for layout in layouts().into_iter().filter(|layout| *layout < newest()) {
        let folder = Arc::new(TempDir::new().expect("a temporary folder"));
        let held = make_file_of(layout, folder.path());
        let mut recording = Recording::begin(folder);
        recording.serve(&[]).stop();
        let recorded = recording.end();
        let judge = |folder: &Path, _: &Known| judge(folder, layout, &held);
        survive(&format!("layout {layout}"), &recorded, 12, &judge);
        if layout == 7 {
            bites(&format!("layout {layout}"), &recorded, 30, &judge);
            bitten = true;
        }
    }
    assert!(bitten, "no layout was cut where flushes do nothing");
}
