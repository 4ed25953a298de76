//! `import`: stores events out of a file, beside a running server if there is one; lists what was imported; takes it back.

mod check;
mod list;
mod loading;
mod storing;
mod undo;
mod users;

use std::path::{Path, PathBuf};

use indicatif::{HumanBytes, HumanCount};

use self::check::{Checked, check};
use self::storing::{Stored, Storing};
use self::users::Users;
use super::bulk::{FormatArgument, Source, form_of};
use super::reading::Reading;
use super::{Failure, database};
use crate::actions::{Actions, Actor, Refusal};
use crate::config::Settings;
use crate::domain::{Clock, Username};
use crate::store::imports::{FileDigest, Import};
use crate::store::{OpenMode, Store, WriterThread};
use crate::tables::Form;

/// What to import, and how.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["file", "list", "undo"])))]
pub struct Arguments {
    /// The file with the events; - is stdin. Columns: date, points, user_id or username; description, idempotency_key
    file: Option<PathBuf>,
    /// How the file is written; otherwise its name tells, and stdin is CSV
    #[arg(long, value_enum, value_name = "csv|jsonl", hide_possible_values = true)]
    format: Option<FormatArgument>,
    /// Check everything, store nothing
    #[arg(long)]
    dry_run: bool,
    /// Store the good lines, and write the bad ones with their reasons to this file
    #[arg(long, value_name = "FILE")]
    skip_bad: Option<PathBuf>,
    /// Store a file again that was imported before
    #[arg(long)]
    allow_repeat: bool,
    /// Take texts as they are: without it, CSV loses the apostrophe before =, +, -, @, tab and CR that an export puts there
    #[arg(long)]
    raw: bool,
    /// Show no progress
    #[arg(long)]
    quiet: bool,
    /// The name under which the events are recorded
    #[arg(long = "as", value_name = "USERNAME", default_value = "import")]
    username: Username,
    /// List what was imported, and when
    #[arg(long, conflicts_with_all = ["dry_run", "skip_bad", "allow_repeat", "format", "raw"])]
    list: bool,
    /// Take back what this file stored; the history of each event stays. A file that is gone is named by its number in the list
    #[arg(long, value_name = "FILE", conflicts_with_all = ["dry_run", "skip_bad", "allow_repeat", "format", "raw"])]
    undo: Option<PathBuf>,
}

impl Arguments {
    /// Whether it changes nothing.
    pub fn only_reads(&self) -> bool {
        self.list
    }
}

/// The database that a command works on.
struct Database {
    actions: Actions,
    store: Store,
    writer: WriterThread,
    actor: Actor,
    path: PathBuf,
}

impl Database {
    fn open(settings: &Settings, mode: OpenMode, username: Username) -> Result<Database, Failure> {
        let clock = Clock::system(settings.time_zone);
        let path = settings.database.clone();
        let (store, writer) = database::open(&path, mode, clock.clone())?;
        let actions = Actions::new(store.clone(), clock);
        Ok(Database { actions, store, writer, actor: Actor::of_command_line(username), path })
    }

    /// Makes a failure of what an action refused.
    fn failure(&self, refusal: Refusal) -> Failure {
        database::refused(&self.path, refusal)
    }
}

/// Somebody else has gone on with an import.
fn overtaken() -> Failure {
    Failure::failed("another process imports the same file, or takes it back, at this moment")
}

/// Does what the arguments ask for.
pub fn run(settings: &Settings, arguments: Arguments) -> Result<(), Failure> {
    let Arguments { file, list, undo, .. } = &arguments;
    match (file, undo) {
        (Some(file), _) => import(settings, file, &arguments),
        (None, Some(file)) => {
            let database = Database::open(settings, OpenMode::Existing, arguments.username.clone())?;
            let end = undo::run(&database, file);
            database.writer.stop();
            end
        }
        (None, None) => {
            debug_assert!(*list);
            let reading = Reading::begin(settings).map_err(|error| database::failed(&settings.database, &error))?;
            let end = list::run(&reading.store, &settings.database);
            reading.end();
            end
        }
    }
}

fn import(settings: &Settings, file: &Path, arguments: &Arguments) -> Result<(), Failure> {
    // A dry run changes nothing, so it does not make a file that is missing either.
    let database = if arguments.dry_run && !settings.database.exists() {
        None
    } else {
        Some(Database::open(settings, OpenMode::Create, arguments.username.clone())?)
    };
    let end = Source::open(file, &settings.database).and_then(|mut source| {
        import_source(database.as_ref(), &mut source, form_of(file, arguments.format, arguments.raw), arguments)
    });
    if let Some(database) = database {
        database.writer.stop();
    }
    super::print(&format!("{}\n", end?))
}

/// Imports a text, and returns the summary.
fn import_source(
    database: Option<&Database>,
    source: &mut Source,
    form: Form,
    arguments: &Arguments,
) -> Result<String, Failure> {
    let mut users = Users::new(database);
    let Checked { good, mut bad, known, records, digest } = check(source, form, &mut users, arguments)?;
    let earlier = Earlier::of(database, &digest)?;
    if let Earlier::Done(import, _) = &earlier
        && !arguments.allow_repeat
    {
        return Ok(format!(
            "imported nothing: {} was imported before, on {} ({} events); --allow-repeat stores it again, --undo takes it back",
            source.name,
            import.began_at,
            HumanCount(import.events)
        ));
    }
    bad.name()?;
    if bad.count() > 0 && arguments.skip_bad.is_none() {
        return Err(Failure::Failed(format!(
            "{}: {} of {} lines are bad, and nothing is stored; --skip-bad FILE leaves them out",
            source.name,
            HumanCount(bad.count()),
            HumanCount(records)
        )));
    }
    let left_out = left_out(bad.count(), known, arguments.skip_bad.as_deref());
    let Some(database) = database.filter(|_| !arguments.dry_run) else {
        return Ok(format!(
            "imported nothing, since this is a dry run: {} events are good{left_out}",
            HumanCount(good)
        ));
    };
    if records == 0 {
        return Ok(format!("imported 0 events: {} names its columns and has no lines", source.name));
    }
    let left = good.saturating_sub(if let Earlier::BrokenOff(import) = &earlier { import.events } else { 0 });
    let may_load = has_room_for_log(&database.path, left, source.size.unwrap_or_default() * left / records)?;
    let (skip_bad, quiet) = (arguments.skip_bad.is_some(), arguments.quiet);
    let storing = Storing { database, form, digest, may_load, skip_bad, quiet };
    let Stored { events, known, before, seconds } = storing.run(source, &mut users, &earlier)?;
    let resumed = if before == 0 {
        String::new()
    } else {
        format!(", after {} that were stored before it was broken off", HumanCount(before))
    };
    let rate = HumanCount((events as f64 / seconds.max(0.001)) as u64);
    let left_out = self::left_out(bad.count(), known, arguments.skip_bad.as_deref());
    Ok(format!("imported {} events{resumed}{left_out} ({seconds:.1} s, {rate} a second)", HumanCount(events)))
}

/// Refuses what the disk has no room for, before anything is stored. Tells whether there is room for a log besides that holds
/// all of it for a while.
fn has_room_for_log(database: &Path, events: u64, bytes: u64) -> Result<bool, Failure> {
    /// What an event takes in its table and its indexes, besides its texts: these are there twice.
    const EVENT_BYTES: u64 = 100;
    let needed = events * EVENT_BYTES + bytes * 2;
    let folder = database.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A disk that can't be asked may have room.
    let Ok(disk) = rustix::fs::statvfs(folder) else { return Ok(true) };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if free >= needed {
        return Ok(free / 2 >= needed);
    }
    let (free, needed) = (HumanBytes(free), HumanBytes(needed));
    Err(Failure::Failed(format!("the disk has {free} left, and the events need {needed} at least; nothing is stored")))
}

/// What is said of lines that are not stored.
fn left_out(bad: u64, known: u64, skip_bad: Option<&Path>) -> String {
    let mut text = String::new();
    if let Some(path) = skip_bad.filter(|_| bad > 0) {
        text.push_str(&format!(", {} bad lines are left out, see {}", HumanCount(bad), path.display()));
    }
    if known > 0 {
        text.push_str(&format!(", {} lines are passed over, since their keys were imported before", HumanCount(known)));
    }
    text
}

/// What was imported of a file before.
enum Earlier {
    /// Nothing that still stands; so many imports of the file are known.
    Nothing(usize),
    /// An import that was broken off.
    BrokenOff(Import),
    /// The last of them is done; so many are known.
    Done(Import, usize),
}

impl Earlier {
    fn of(database: Option<&Database>, digest: &FileDigest) -> Result<Earlier, Failure> {
        let Some(database) = database else { return Ok(Earlier::Nothing(0)) };
        let all = database.actions.imports_of(digest).map_err(|refusal| database.failure(refusal))?;
        let known = all.len();
        let mut standing = all.into_iter().filter(|import| import.undone_at.is_none());
        let Some(last) = standing.next_back() else { return Ok(Earlier::Nothing(known)) };
        if last.undo_began_at.is_some() {
            let why = "it was being taken back, and that was broken off; finish it with import --undo";
            return Err(Failure::Failed(format!("{}: {why}", last.name)));
        }
        Ok(if last.ended_at.is_some() { Earlier::Done(last, known) } else { Earlier::BrokenOff(last) })
    }
}
