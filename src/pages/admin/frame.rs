//! What all pages of the administration have around their own content: who is signed in, and the tabs.
//!
//! A key opens only some of the pages. What it does not open is not shown.

use std::borrow::Cow;

use crate::domain::{Scope, ServerAddress};
use crate::pages::assets;
use crate::pages::format;
use crate::pages::html::{Layout, Section};
use crate::web::caller::{Need, need};
use crate::web::session::SignedIn;

/// What all pages of the administration have around their own content.
pub struct Frame {
    tab: Option<Tab>,
    /// Who is signed in.
    pub me: SignedIn,
    /// What has just been done.
    pub done: Option<&'static str>,
}

/// The page of the administration that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// Events.
    Events,
    /// Giving and redeeming points.
    Award,
    /// Leaderboards.
    Boards,
    /// Rules, and the forum whose people they count for.
    Rules,
    /// Users and groups.
    People,
    /// API keys.
    Keys,
    /// The server itself, and recalculation.
    Server,
    /// The log of administration.
    Log,
}

impl Tab {
    const ALL: [Tab; 8] =
        [Tab::Events, Tab::Award, Tab::Boards, Tab::Rules, Tab::People, Tab::Keys, Tab::Server, Tab::Log];

    /// The first page that somebody may open who is signed in, if there is one.
    pub fn first_for(me: &SignedIn) -> Option<Tab> {
        Tab::ALL.into_iter().find(|tab| tab.opens_for(me))
    }

    /// Whether the page opens for somebody who is signed in.
    fn opens_for(self, me: &SignedIn) -> bool {
        let (any_of, is_to_change) = match self {
            Tab::Events => of::<need::ReadEvents>(),
            Tab::Award => of::<need::StoreEvents>(),
            Tab::Boards | Tab::Rules => of::<need::SeeBoards>(),
            Tab::People => of::<need::SeePeople>(),
            Tab::Keys | Tab::Log => of::<need::SeeKeys>(),
            Tab::Server => of::<need::SeeRecalculation>(),
        };
        me.actor.permissions.holds_any(any_of) && !(is_to_change && me.changes_at.is_some())
    }

    /// The page that a path belongs to.
    pub fn of(path: &str) -> Option<Tab> {
        let is_within = |below: &str| below.is_empty() || below.starts_with('/');
        Tab::ALL.into_iter().find(|tab| path.strip_prefix(tab.path()).is_some_and(is_within))
    }

    fn label(self) -> &'static str {
        match self {
            Tab::Events => "Events",
            Tab::Award => "Award",
            Tab::Boards => "Boards",
            Tab::Rules => "Rules",
            Tab::People => "People",
            Tab::Keys => "Keys",
            Tab::Server => "Server",
            Tab::Log => "Log",
        }
    }

    /// Where the page is.
    pub fn path(self) -> &'static str {
        match self {
            Tab::Events => "/admin/events",
            Tab::Award => "/admin/award",
            Tab::Boards => "/admin/boards",
            Tab::Rules => "/admin/rules",
            Tab::People => "/admin/people",
            Tab::Keys => "/admin/keys",
            Tab::Server => "/admin/server",
            Tab::Log => "/admin/audit",
        }
    }
}

/// What a page needs, and whether it is only for changing something.
fn of<N: Need>() -> (&'static [Scope], bool) {
    (N::ANY_OF, N::is_to_change())
}

impl Frame {
    /// The frame of a page, for the one who is signed in.
    pub fn new(tab: Tab, me: &SignedIn) -> Frame {
        Frame { tab: Some(tab), me: me.clone(), done: None }
    }

    /// The frame of a page that belongs to no tab.
    pub fn without_tab(me: SignedIn) -> Frame {
        Frame { tab: None, me, done: None }
    }

    /// The frame of the page that follows a change. A word in its address says what the change was.
    pub fn after(tab: Tab, me: &SignedIn, done: Option<&str>) -> Frame {
        let done = done.and_then(|word| DONE.iter().find(|(known, _)| *known == word)).map(|(_, sentence)| *sentence);
        Frame { done, ..Frame::new(tab, me) }
    }

    /// The tabs of the pages that open for whoever is signed in, each with its label and path, and whether it is open.
    pub fn tabs(&self) -> Vec<(&'static str, &'static str, bool)> {
        let shown = Tab::ALL.into_iter().filter(|tab| tab.opens_for(&self.me));
        shown.map(|tab| (tab.label(), tab.path(), self.tab == Some(tab))).collect()
    }

    /// Who is signed in.
    pub fn username(&self) -> Cow<'_, str> {
        format::plain(self.me.actor.username.as_str())
    }

    /// Whether the key may change anything at all.
    pub fn may_change(&self) -> bool {
        self.me.actor.may_change()
    }

    /// Where changes are made, if this server only reads. Then whatever changes something is not shown here.
    pub fn changes_at(&self) -> Option<&ServerAddress> {
        self.me.changes_at.as_ref()
    }

    /// Whether the key may read events, users, groups and leaderboards.
    pub fn may_read(&self) -> bool {
        self.may(Scope::EventsRead)
    }

    /// Whether the key may store events of 0 points and more.
    pub fn may_award(&self) -> bool {
        self.may_change_by(Scope::EventsAward)
    }

    /// Whether the key may store events of less than 0 points.
    pub fn may_deduct(&self) -> bool {
        self.may_change_by(Scope::EventsDeduct)
    }

    /// What the page for giving and taking points is called, by what the key may do there.
    pub fn award_label(&self) -> &'static str {
        match (self.may_award(), self.may_deduct()) {
            (true, false) => "Award points",
            (false, true) => "Redeem points",
            _ => "Award or redeem",
        }
    }

    /// Whether the key may change and delete events.
    pub fn may_correct(&self) -> bool {
        self.may_change_by(Scope::EventsCorrect)
    }

    /// Whether the key may set up leaderboards.
    pub fn may_set_up_boards(&self) -> bool {
        self.may_change_by(Scope::Boards)
    }

    /// Whether the key may take all events or users out as one file.
    pub fn may_export(&self) -> bool {
        self.may(Scope::Export)
    }

    /// Whether the key may change users and groups.
    pub fn may_name_users(&self) -> bool {
        self.may_change_by(Scope::Users)
    }

    /// Whether the key may merge users. A merge changes events too.
    pub fn may_merge(&self) -> bool {
        self.may_change_by(Scope::Users) && self.may_change_by(Scope::EventsCorrect)
    }

    /// Whether the key may make and revoke keys.
    pub fn may_manage_keys(&self) -> bool {
        self.may_change_by(Scope::Keys)
    }

    /// Whether the key may look at keys.
    pub fn may_see_keys(&self) -> bool {
        self.may(Scope::Keys)
    }

    /// Whether the key may make backups and take them out.
    pub fn may_take_backups(&self) -> bool {
        self.may(Scope::Export) && self.may_change_by(Scope::Keys)
    }

    /// Whether the key may have scores rebuilt.
    pub fn may_recalculate(&self) -> bool {
        self.may_change_by(Scope::Recalculate)
    }

    fn may_change_by(&self, scope: Scope) -> bool {
        self.changes_at().is_none() && self.may(scope)
    }

    fn may(&self, scope: Scope) -> bool {
        self.me.actor.permissions.holds(scope)
    }

    /// The token that every form of this session has to hold.
    pub fn csrf(&self) -> &str {
        self.me.csrf()
    }

    /// Where the script of the administration is.
    pub fn script(&self) -> &'static str {
        assets::ADMIN.url()
    }

    /// Where the script is that shows who may be meant.
    pub fn suggest_script(&self) -> &'static str {
        assets::SUGGEST.url()
    }

    /// Where the script is with which a search of events goes on by itself.
    pub fn search_script(&self) -> &'static str {
        assets::SEARCH.url()
    }

    /// The layout of the page.
    pub fn layout(&self) -> Layout {
        Layout::new(Section::Administration)
    }
}

/// The words that an address may have, and the sentence that says what has been done.
const DONE: &[(&str, &str)] = &[
    ("board-made", "The leaderboard is there."),
    ("corrected", "The event is changed."),
    ("event-deleted", "The event is deleted. It no longer counts; its history stays."),
    ("board-created", "The leaderboard is there. Say here what it counts."),
    ("board-saved", "The leaderboard is saved."),
    ("board-deleted", "The leaderboard is deleted."),
    ("rule-saved", "The rule is saved. It counts so from now on; what was counted stays."),
    ("secret-made", "The secret is made."),
    ("users-saved", "All of them are saved."),
    ("user-saved", "The user is saved."),
    ("user-deleted", "Name and picture are removed; points and groups stay."),
    ("merged", "The two are one user now."),
    ("group-saved", "The group is saved."),
    ("group-deleted", "The group is deleted."),
    ("key-revoked", "The key is revoked."),
];
