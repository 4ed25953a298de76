//! Power cuts while the database is copied, and while a copy is put in its place.

use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;

use super::cuts::{Known, bites, survive};
use super::ledger::{Ledger, events, sound};
use super::load::work;
use super::recording::Recording;
use crate::support::forum::{SECRET, connected};
use crate::support::wait_for;

/// The backups in a folder that have their names already.
fn backups(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.filter(|path| path.extension().is_some_and(|ending| ending == "db")).collect()
}

/// Every backup is whole: it holds what any one moment held.
fn judge_backups(ledger: &Ledger, folder: &Path) -> Result<(), String> {
    for backup in backups(folder) {
        let named = |fault| format!("{}: {fault}", backup.display());
        sound(&backup).map_err(named)?;
        // Whatever was answered then: what is there is what clients have asked for.
        let found = events(&backup).map_err(named)?;
        let asked: std::collections::HashSet<&str> =
            ledger.0.iter().flat_map(|change| &change.parts).map(|(token, _)| token.as_str()).collect();
        if let Some(stranger) = found.keys().find(|token| !asked.contains(token.as_str())) {
            return Err(named(format!("nobody stored {stranger}")));
        }
    }
    Ok(())
}

#[test]
fn a_backup_that_has_its_name_is_whole_after_a_power_cut() {
    let mut recording = Recording::begin(Arc::new(TempDir::new().expect("a temporary folder")));
    let env = [
        ("SCOREKEEPER_DISCOURSE_SECRET", SECRET),
        ("SCOREKEEPER_BACKUP_FOLDER", "kept/backups"),
        ("SCOREKEEPER_BACKUP_EVERY", "300ms"),
        ("SCOREKEEPER_BACKUP_KEEP", "2"),
    ];
    let server = recording.serve(&env);
    let kept = recording.folder().join("kept/backups");
    let mut ledger = work(&server, "a", 10);
    let made = recording.run(&["--database", "scores.db", "backup", "copy.db"]);
    assert!(made.stdout.starts_with("backed"), "{made:?}");
    wait_for("a timed backup", || (!backups(&kept).is_empty()).then_some(()));
    ledger.0.extend(work(&server, "b", 10).0);
    let again = recording.run(&["--database", "scores.db", "backup", "--force", "copy.db"]);
    assert!(again.stdout.starts_with("backed"), "{again:?}");
    server.stop();
    let recorded = recording.end();
    let judge = |folder: &Path, known: &Known| {
        ledger.judge(folder, known)?;
        judge_backups(&ledger, &folder.join("kept/backups"))?;
        let copy = folder.join("copy.db");
        if copy.exists() {
            sound(&copy)
        } else if known.contains("backed") {
            Err("the backup is gone".to_owned())
        } else {
            Ok(())
        }
    };
    survive("backup", &recorded, 150, &judge);
    bites("backup", &recorded, 40, &judge);
}

#[test]
fn a_restore_that_is_cut_off_leaves_the_old_database_or_the_new_one() {
    let server = connected();
    let folder = server.folder();
    let file = folder.path().join("scores.db");
    work(&server, "a", 8);
    let made = crate::support::run(folder.path(), &["--database", "scores.db", "backup", "copy.db"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    let new = events(&folder.path().join("copy.db")).expect("events");
    work(&server, "b", 8);
    // What came later is in the log alone.
    server.kill();
    let old = events(&file).expect("events");
    assert!(new.len() > 20 && old.len() > new.len());
    let mut recording = Recording::begin(folder);
    let restored = recording.run(&["--database", "scores.db", "restore", "copy.db"]);
    assert!(restored.stdout.starts_with("restored"), "{restored:?}");
    let recorded = recording.end();
    let judge = |folder: &Path, known: &Known| {
        let file = folder.join("scores.db");
        sound(&file)?;
        let found = events(&file)?;
        if found == old && !known.contains("restored") {
            return Ok(());
        }
        if found != new {
            return Err(format!(
                "{} events, neither the {} old nor the {} new ones",
                found.len(),
                old.len(),
                new.len()
            ));
        }
        // What stood there is kept, whole with its log.
        let before = folder.join("scores.db.before-restore");
        sound(&before)?;
        if events(&before)? == old { Ok(()) } else { Err("what stood there is not kept".to_owned()) }
    };
    survive("restore", &recorded, 160, &judge);
    bites("restore", &recorded, 40, &judge);
}
