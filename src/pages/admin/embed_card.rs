//! The part of a leaderboard's page in the administration that tells how to show the leaderboard on another site.

use askama::Template;

use crate::domain::{Leaderboard, LeaderboardId};
use crate::pages::address::Address;
use crate::pages::format;
use crate::web::App;

/// The lines to paste, and what they will look like.
#[derive(Template)]
#[template(path = "admin/embed_card.html")]
pub struct EmbedCard {
    id: LeaderboardId,
    /// The lines of HTML for the other site.
    lines: String,
    state: State,
}

/// Whether the leaderboard can be shown on other sites.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    /// It can, on these sites.
    Ready {
        /// The sites, in words.
        sites: String,
    },
    /// No site is named in the settings.
    NoSites,
    /// Not everyone may see the board.
    Hidden,
    /// Nothing may be read without a key.
    NotPublic,
}

impl EmbedCard {
    /// The part for a board, on the server with that address.
    pub fn new(app: &App, board: &Leaderboard, address: &Address) -> EmbedCard {
        let origins = &app.site.origins;
        let state = if !app.public {
            State::NotPublic
        } else if !board.is_public() {
            State::Hidden
        } else if origins.is_empty() {
            State::NoSites
        } else {
            State::Ready { sites: origins.to_string() }
        };
        EmbedCard { id: board.id, lines: lines(board, address), state }
    }

    /// Whether it shows the leaderboard in a frame.
    pub fn has_preview(&self) -> bool {
        matches!(self.state, State::Ready { .. })
    }
}

/// The lines for another site: the frame, and what makes it as high as the leaderboard. The second heeds the messages of
/// this frame alone.
fn lines(board: &Leaderboard, address: &Address) -> String {
    let (id, address) = (board.id.0, address.as_str());
    let title = attribute(&format::plain(board.name.as_str()));
    format!(
        "<iframe id=\"scorekeeper-{id}\" src=\"{address}/embed/leaderboard/{id}\" title=\"{title}\" \
         width=\"100%\" height=\"480\" style=\"border:0\" loading=\"lazy\"></iframe>\n\
         <script>addEventListener(\"message\", (e) => {{ \
         const f = document.getElementById(\"scorekeeper-{id}\"); \
         if (e.source === f.contentWindow && e.data.type === \"scorekeeper:height\") f.height = e.data.height; \
         }});</script>"
    )
}

/// A text as it stands within the quotes of an attribute.
fn attribute(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;").replace('\n', " ")
}
