//! A flush that fails drops what it should have written, and the next one succeeds all the same: so Linux does it. Nothing that is
//! acknowledged later may rest on what was dropped. The power is cut after it, on a disk that does the same.

use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;

use super::in_use;
use super::load::Heard;
use crate::power::cuts::{Known, survive};
use crate::power::recording::{Recording, write_folder};
use crate::support::Server;

/// What was known before a recording is known at each of its moments.
fn judge(heard: &Heard, before: &Known, folder: &Path, known: &Known) -> Result<(), String> {
    heard.ledger.judge(folder, &known.union(before).cloned().collect())
}

#[test]
fn after_a_failed_flush_of_a_commit_no_later_answer_is_lost_by_a_power_cut() {
    let before = in_use();
    // The turn is that of a flush within the load. The second one flushes the folder.
    for turn in [3, 6] {
        let folder = Arc::new(TempDir::new().expect("a temporary folder"));
        write_folder(folder.path(), &before.files);
        let mut recording = Recording::begin(folder);
        let server = recording.serve_failing(&[], Some(&format!("inject=fdatasync:error=EIO:when={turn}")));
        let mut heard = before.heard.clone();
        heard.work(&server);
        heard.work(&server);
        server.kill();
        let recorded = recording.end();
        assert!(heard.told.iter().any(|told| told.ends_with(": unknown")), "no flush failed: {:?}", heard.told);
        let judge = |folder: &Path, known: &Known| judge(&heard, &before.heard.known, folder, known);
        survive(&format!("flush {turn} of a commit fails"), &recorded, 50, &judge);
    }
}

/// Works until the log has been moved into the file and has begun anew, or the server has ended.
fn fill_log(mut server: Server, heard: &mut Heard) -> Server {
    let filler = "x".repeat(9_500);
    for _ in 0..60 {
        if server.has_ended().is_some() {
            break;
        }
        heard.store_many(&server, 70, &filler);
        heard.store(&server);
    }
    server
}

/// What is copied from the log into the file, and dropped by a flush, is in the log alone.
#[test]
fn after_a_failed_flush_of_the_file_the_log_is_kept() {
    let mut recording = Recording::begin(Arc::new(TempDir::new().expect("a temporary folder")));
    // The first server makes the file, so that the next one has fewer flushes before the load.
    recording.serve(&[]).stop();
    // The first flush of a checkpoint is that of the log, the second one that of the folder, the third one that of the file.
    let server = recording.serve_failing(&[], Some("inject=fdatasync:error=EIO:when=3"));
    let mut heard = Heard::default();
    let mut server = fill_log(server, &mut heard);
    let status = server.end("TERM");
    let told = server.stderr();
    drop(server);
    let server = recording.serve(&[]);
    heard.work(&server);
    server.stop();
    let recorded = recording.end();
    let is_failed = |call: &&crate::power::calls::Call| {
        call.name == "fdatasync"
            && call.path(0).is_some_and(|path| path.ends_with("scores.db"))
            && call.result.is_none()
    };
    assert!(recorded.calls.calls.iter().any(|call| is_failed(&call)), "no flush of the file failed");
    survive("a flush of the file fails", &recorded, 40, &|folder, known| heard.ledger.judge(folder, known));
    assert_eq!(status.code(), Some(1), "{told}");
    assert!(told.contains("scorekeeper ends"), "{told}");
}
