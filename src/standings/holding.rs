//! How much the standings may hold in memory, and what is let go.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

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
    /// ago. What somebody waits for or listens to stays, and so does what was asked for last. Each is named with the moment
    /// when it was asked for, since somebody may ask for it meanwhile.
    ///
    /// What two windows share is counted for each of them, so this lets go of more than it has to where windows are a few
    /// days apart. To count it once, every leaf would have to be looked at.
    pub fn let_go(
        &mut self,
        published: &HashMap<StandingsKey, Arc<Published>>,
        rankings: &Rankings,
        windows: &Windows,
    ) -> Vec<(StandingsKey, Instant)> {
        let all = published.iter().map(|(key, published)| (published.last_asked(), key, published));
        let (idle, used): (Vec<_>, Vec<_>) =
            all.partition(|(asked, _, published)| asked.elapsed() >= KEPT_UNASKED && published.is_free());
        let mut gone: Vec<_> = idle.into_iter().map(|(asked, key, _)| (*key, asked)).collect();

        // Sheets are shared by boards with the same window, rankings by those with the same groups besides.
        let mut sheets: HashMap<_, Need> =
            windows.bytes().map(|(window, bytes)| (window, Need { by: 0, bytes })).collect();
        let mut shared: HashMap<_, Need> = HashMap::new();
        let mut total: usize = 0;
        let kept = |published: &Published| published.view.borrow().as_ref().map_or(0, |view| view.kept_bytes());
        for (_, key, published) in &used {
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
        let mut by_age = used;
        by_age.sort_unstable_by_key(|(asked, ..)| *asked);
        by_age.pop();
        let before = gone.len();
        for (asked, key, published) in by_age.into_iter().filter(|(_, _, published)| published.is_free()) {
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
            gone.push((*key, asked));
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
