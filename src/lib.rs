//! scorekeeper gives, corrects and redeems a community's points and shows who leads.
//!
//! The binary is a thin shell around this library. Tests and benchmarks use the library directly. Its parts, from the
//! bottom up:
//!
//! - [`metrics`]: counting, and telling the counts;
//! - [`domain`]: the words (event, score, date, period) as types that can't hold a wrong value;
//! - [`tables`]: CSV and JSON Lines, in and out;
//! - [`store`]: the SQLite file, with the one thread that writes to it;
//! - [`export`]: whole tables as text, page by page;
//! - [`rollup`]: proves and repairs scores, by the clock and on demand;
//! - [`standings`]: who leads, in memory;
//! - [`actions`]: every change, one function each;
//! - [`jobs`]: what runs by the clock;
//! - [`web`] is what both faces need of Rocket: guards, parameters, errors;
//! - [`api`] speaks HTTP to programs;
//! - [`pages`] are HTML for people;
//! - [`front`] is what connections meet: it takes requests in and gives them to Rocket;
//! - [`config`] and [`logging`]: settings and log lines;
//! - [`show`] prints what is shown once, and tells whether that went well;
//! - [`systemd`] hears how the server is;
//! - [`server`] and [`cli`]: put the parts together.
//!
//! Dependencies go in one direction: each part knows only those above it in this list.

pub mod actions;
pub mod api;
pub mod cli;
pub mod config;
pub mod domain;
pub mod export;
pub mod front;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
#[cfg(test)]
pub(crate) mod interleavings;
pub mod jobs;
pub mod logging;
pub mod metrics;
pub mod pages;
pub mod rollup;
pub mod server;
pub mod show;
pub mod standings;
pub mod store;
pub mod systemd;
pub mod tables;
pub mod web;
