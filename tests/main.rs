//! The contract, promise by promise, held against the real binary over real HTTP.
//!
//! One program for all files, so that the binary is linked and started from one place and the tests run side by side.

mod support;

#[cfg(feature = "program-tests")]
#[path = "../benches/peers/private_postgres.rs"]
#[allow(dead_code, reason = "the benchmarks use more of it")]
mod private_postgres;
#[cfg(feature = "program-tests")]
#[path = "../benches/peers/programs.rs"]
#[allow(dead_code, reason = "the benchmarks use more of it")]
mod programs;

mod architecture;
mod audit;
mod auth;
mod backfill;
mod backup;
mod bad_boards;
mod bad_bodies;
mod bad_directory;
mod bad_input;
mod bad_rows;
mod base_path;
mod batches;
#[cfg(feature = "program-tests")]
mod boards_by_hand;
#[cfg(feature = "browser-tests")]
mod browser;
mod by_username;
mod caching;
mod checking;
mod compression;
mod contributions;
mod directory;
#[cfg(feature = "program-tests")]
mod discourse_queries;
#[cfg(feature = "program-tests")]
mod disk_faults;
mod documentation;
mod downloads;
mod durability;
mod earlier_layouts;
mod embed;
mod errors;
mod event_lists;
#[cfg(feature = "program-tests")]
mod examples;
#[cfg(feature = "program-tests")]
mod examples_of_retries;
mod export;
mod facts;
#[cfg(feature = "program-tests")]
mod failing_disk;
mod finding;
mod follower;
mod follower_pages;
mod front_bodies;
mod front_heads;
mod front_slow;
#[cfg(feature = "program-tests")]
mod front_slowhttptest;
mod front_tls;
mod front_torture;
#[cfg(feature = "program-tests")]
mod full_disk;
mod history;
mod idempotency_holders;
#[cfg(feature = "program-tests")]
mod image;
mod import;
mod import_discourse;
mod import_faults;
mod key_form;
mod key_networks;
mod key_rotation;
mod key_scopes;
mod keys_shown;
mod known_keys;
mod layouts;
mod leaderboard_pages;
mod leaderboards;
mod leaderboards_admin;
mod leaderboards_memory;
mod leaderboards_shared;
#[cfg(feature = "program-tests")]
mod litestream;
mod live;
mod live_rights;
mod log_sinks;
mod logs;
mod long_past;
#[cfg(feature = "program-tests")]
mod long_run;
mod made_keys;
mod merging;
mod metrics;
mod minimum_score;
mod model;
mod openapi;
#[cfg(feature = "program-tests")]
mod openapi_programs;
mod options;
mod origins;
mod overload;
mod packages;
mod pages;
mod pages_admin_award;
mod pages_admin_award_several;
mod pages_admin_award_undo;
mod pages_admin_backups;
mod pages_admin_boards;
mod pages_admin_clock;
mod pages_admin_dead_ends;
mod pages_admin_events;
mod pages_admin_forms;
mod pages_admin_key;
mod pages_admin_keys;
mod pages_admin_log;
mod pages_admin_long_lists;
mod pages_admin_many;
mod pages_admin_many_users;
mod pages_admin_people;
mod pages_admin_rules;
mod pages_admin_scopes;
mod pages_admin_server;
mod pages_admin_session;
mod pages_keeper_bar;
mod pages_leaderboard;
mod pages_leaderboard_kept;
mod pages_me;
mod pages_user;
mod panics;
#[cfg(feature = "program-tests")]
mod power;
#[cfg(feature = "program-tests")]
mod prometheus;
#[cfg(feature = "program-tests")]
mod proxies;
mod raw_requests;
mod readiness;
#[cfg(feature = "program-tests")]
mod readme;
mod recalculation;
mod redemption;
mod request_bodies;
mod request_rules;
mod restore;
mod rules;
mod score_events;
mod scores;
mod security;
mod settings;
mod settings_command;
mod settings_without_effect;
mod shutdown;
mod slow_reads;
mod standings;
mod suspension;
mod systemd;
mod timed_backups;
mod user_batches;
mod user_blocks;
mod usernames;
mod webhooks;
mod webhooks_bad;
mod webhooks_model;
mod webhooks_people;
#[cfg(all(feature = "program-tests", target_os = "linux"))]
mod worlds;
mod wrong_keys;
