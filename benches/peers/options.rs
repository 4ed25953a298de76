//! The arguments.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

/// Events on which POSTs are measured.
pub const MILLION: u64 = 1_000_000;

/// scorekeeper beside what one would use instead of it: prints tables of ratios, all figures medians of rounds in turn.
#[derive(Debug, Clone, Parser)]
#[command(name = "peers")]
pub struct Options {
    /// Only these parts
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,

    /// Stored events of the large database
    #[arg(long, default_value_t = 10_000_000)]
    pub events: u64,

    /// Users whom the events are spread over
    #[arg(long, default_value_t = 100_000)]
    pub users: u64,

    /// How often each thing is measured, in turn with what it is compared with
    #[arg(long, default_value_t = 5)]
    pub rounds: usize,

    /// How long a load lasts, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3.0)]
    span: f64,

    /// How long POSTs go on at full speed on the large database at the end of the part "size", in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0)]
    sustain: f64,

    /// How long the mixed load of the part "soak" lasts, in minutes
    #[arg(long, value_name = "MINUTES", default_value_t = 5.0)]
    minutes: f64,

    /// Keep filled databases here for the next run
    #[arg(long, value_name = "FOLDER")]
    pub keep: Option<PathBuf>,

    /// All parts at sizes so small that the figures say nothing, to see that they work
    #[arg(long)]
    pub smoke: bool,

    /// What cargo says to each benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What can be measured on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Durable POSTs beside an empty handler and the naive design
    Post,
    /// POSTs on few and on many stored events, and the write-ahead log
    Size,
    /// Lists and single scores
    Get,
    /// Pages of the leaderboard, alone and beside writes
    Page,
    /// Pages of a hundred leaderboards beside one, and the memory that they take
    Boards,
    /// Rebuilding all scores, beside SQLite and with a server beside it
    Backfill,
    /// A backup beside a server's writes
    Backup,
    /// Import, batches and export, beside SQLite and PostgreSQL
    Bulk,
    /// From the start to the first write and the first standings
    Start,
    /// Memory and write-ahead log under a mixed load
    Soak,
    /// PostgreSQL, as Discourse Gamification uses it
    Postgres,
    /// Redis, as a leaderboard
    Redis,
}

impl Options {
    /// What the program was started with.
    pub fn read() -> Options {
        let mut options = Options::parse();
        options.keep = options.keep.map(|keep| std::path::absolute(keep).expect("a path"));
        if options.smoke {
            options.events = 10_000;
            options.users = 500;
            options.rounds = 1;
            options.span = 0.2;
            options.sustain = 0.5;
            options.minutes = 0.02;
        }
        options
    }

    /// The parts to run, in their order.
    pub fn parts(&self) -> Vec<Part> {
        Part::value_variants().iter().copied().filter(|part| self.only.is_empty() || self.only.contains(part)).collect()
    }

    /// How long a load lasts.
    pub fn span(&self) -> Duration {
        Duration::from_secs_f64(self.span)
    }

    /// How long a load lasts that is not measured, for caches and branch predictors.
    pub fn warm_up(&self) -> Duration {
        self.span() / 6
    }

    /// How long the sustained load lasts.
    pub fn sustain(&self) -> Duration {
        Duration::from_secs_f64(self.sustain)
    }

    /// How long the mixed load lasts.
    pub fn soak(&self) -> Duration {
        Duration::from_secs_f64(self.minutes * 60.0)
    }

    /// A million, or as many as there are.
    pub fn million(&self) -> u64 {
        MILLION.min(self.events)
    }

    /// A hundredth of the large database: 100,000 for 10,000,000.
    pub fn small(&self) -> u64 {
        self.events / 100
    }
}
