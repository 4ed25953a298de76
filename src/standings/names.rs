//! The folded names of users, one line for each, side by side in one text: so that a search runs over text and nothing else.

use crate::domain::{User, folded};

/// Between a user's username and full name. No folded text holds it.
const SEPARATOR: char = '\t';

/// The names of some users, in the order in which their table has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct NameLines {
    text: String,
    /// Where each line ends in the text.
    ends: Vec<u32>,
}

/// The names of one user, folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NameLine<'l> {
    /// Both names, with [`SEPARATOR`] between.
    both: &'l str,
}

impl<'l> NameLine<'l> {
    /// Username and full name; the latter is empty if there is none.
    pub fn names(self) -> (&'l str, &'l str) {
        self.both.split_once(SEPARATOR).unwrap_or((self.both, ""))
    }

    /// The words of both names.
    pub fn words(self) -> impl Iterator<Item = &'l str> {
        self.both.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty())
    }

    /// Whether one of the names holds a text.
    pub fn holds(self, part: &str) -> bool {
        self.both.contains(part)
    }

    /// Whether a word of one of the names begins with a text.
    pub fn has_word_that_begins(self, part: &str) -> bool {
        let at_start = |(at, _): (usize, &str)| {
            let before = self.both[..at].chars().next_back();
            before.is_none_or(|before| !before.is_alphanumeric())
        };
        self.both.match_indices(part).any(at_start)
    }
}

impl NameLines {
    fn start(&self, at: usize) -> usize {
        if at == 0 { 0 } else { self.ends[at - 1] as usize }
    }

    /// Adds the names of a user before the line that is at this place now.
    pub fn insert(&mut self, at: usize, user: &User) {
        let line = line_of(user);
        let start = self.start(at);
        self.text.insert_str(start, &line);
        self.ends.insert(at, start as u32);
        self.ends[at..].iter_mut().for_each(|end| *end += line.len() as u32);
    }

    /// Takes the line at a place out.
    pub fn remove(&mut self, at: usize) {
        let (start, end) = (self.start(at), self.ends.remove(at) as usize);
        self.text.replace_range(start..end, "");
        self.ends[at..].iter_mut().for_each(|later| *later -= (end - start) as u32);
    }

    /// The line at a place.
    pub fn line(&self, at: usize) -> NameLine<'_> {
        let line = &self.text[self.start(at)..self.ends[at] as usize];
        NameLine { both: line.strip_suffix('\n').unwrap_or(line) }
    }

    /// The places of the lines that hold a text, which has no end of a line in it.
    pub fn holding(&self, part: &str) -> impl Iterator<Item = usize> {
        let mut last = None;
        self.text.match_indices(part).filter_map(move |(found, _)| {
            let at = self.ends.partition_point(|end| *end as usize <= found);
            (last.replace(at) != Some(at)).then_some(at)
        })
    }
}

fn line_of(user: &User) -> String {
    let username = folded(user.username.as_str());
    match &user.name {
        Some(name) => format!("{username}{SEPARATOR}{}\n", folded(name)),
        None => username + "\n",
    }
}
