//! How much the standings may hold in memory, and what is let go.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::StandingsKey;
use super::rankings::Rankings;
use super::shared::Published;
use super::windows::Windows;

/// How long standings are kept that nobody asks for.
const KEPT_UNASKED: Duration = Duration::from_secs(15 * 60);

/// Decides what is let go. It is built again when somebody asks for it.
pub(super) struct Holding {
    bytes_max: usize,
    /// Whether it has been told that there is not room for all.
    is_told: bool,
}

/// How many standings need something, and how many bytes it takes.
#[derive(Default)]
struct Need {
    by: usize,
    bytes: usize,
}

impl Holding {
    /// Nothing has been let go yet. All together may take so many bytes.
    pub fn new(bytes_max: usize) -> Holding {
        Holding { bytes_max, is_told: false }
    }

    /// What is let go: what nobody has asked for in a while, and, where the rest is too much, what was asked for longest
    /// ago. What somebody waits for or listens to stays, and so does what was asked for last.
    pub fn let_go(
        &mut self,
        published: &HashMap<StandingsKey, Arc<Published>>,
        rankings: &Rankings,
        windows: &Windows,
    ) -> Vec<StandingsKey> {
        let is_free = |published: &Published| published.view.receiver_count() == 0;
        let is_idle = |published: &Published| published.last_asked().elapsed() >= KEPT_UNASKED && is_free(published);
        let (idle, used): (Vec<_>, Vec<_>) = published.iter().partition(|(_, published)| is_idle(published));
        let mut gone: Vec<StandingsKey> = idle.into_iter().map(|(key, _)| *key).collect();

        // Sheets are shared by boards with the same window, rankings by those with the same groups besides.
        let mut sheets: HashMap<_, Need> =
            windows.bytes().map(|(window, bytes)| (window, Need { by: 0, bytes })).collect();
        let mut shared: HashMap<_, Need> = HashMap::new();
        let mut total: usize = 0;
        let kept = |published: &Published| published.view.borrow().as_ref().map_or(0, |view| view.kept_bytes());
        for (key, published) in &used {
            total += kept(published);
            if let Some((common, bytes)) = rankings.held(key) {
                let sheet = sheets.entry(common.0).or_default();
                total += if sheet.by == 0 { sheet.bytes } else { 0 };
                sheet.by += 1;
                let need = shared.entry(common).or_insert(Need { by: 0, bytes });
                total += if need.by == 0 { bytes } else { 0 };
                need.by += 1;
            }
        }
        if total <= self.bytes_max {
            return gone;
        }
        let mut by_age: Vec<_> =
            used.into_iter().map(|(key, published)| (published.last_asked(), key, published)).collect();
        by_age.sort_unstable_by_key(|(asked, ..)| *asked);
        by_age.pop();
        let before = gone.len();
        for (_, key, published) in by_age.into_iter().filter(|(_, _, published)| is_free(published)) {
            if total <= self.bytes_max {
                break;
            }
            // More may be kept by now.
            total = total.saturating_sub(kept(published));
            if let Some((common, _)) = rankings.held(key) {
                for need in [sheets.get_mut(&common.0), shared.get_mut(common)].into_iter().flatten() {
                    need.by -= 1;
                    total = total.saturating_sub(if need.by == 0 { need.bytes } else { 0 });
                }
            }
            gone.push(*key);
        }
        if gone.len() > before && !std::mem::replace(&mut self.is_told, true) {
            log::warn!(
                "leaderboards take more memory than standings_memory allows, {} MB: those that were asked for longest ago \
                 are let go, and built again when they are asked for",
                self.bytes_max >> 20
            );
        }
        gone
    }
}
