//! Finding users by their names, in memory: 100,000 users take some milliseconds.

use std::collections::HashMap;

use super::Users;
use super::names::NameLine;
use crate::domain::{UserId, folded};

/// For so many texts, [`Users::called`] also looks at the words of names. A name that is exactly the text is always found.
const BY_WORDS_MAX: usize = 1_000;

/// How many users [`Users::best`] compares. A text that is a part of more names than that, such as one letter, says too little to be
/// worth more.
const HITS_MAX: usize = 10_000;

/// How many users [`Users::called`] tells for one text, at most.
pub const CALLED_MAX: usize = 6;

/// How well a user fits what is searched for, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// The username is the text.
    Username,
    /// The full name is the text.
    Name,
    /// Words of the names begin with each of the words.
    Words,
    /// Each of the words is a part of the names.
    Parts,
}

/// A text that names are searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameSearch {
    whole: String,
    words: Vec<String>,
}

impl NameSearch {
    /// A search for a text, as it was typed.
    pub fn new(text: &str) -> NameSearch {
        let whole = folded(text);
        NameSearch { words: whole.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect(), whole }
    }

    /// The longest word: the fewest names hold it, so the others are looked for in these alone.
    fn longest(&self) -> Option<&str> {
        self.words.iter().max_by_key(|word| word.len()).map(String::as_str)
    }

    fn holds(&self, line: NameLine<'_>) -> bool {
        self.words.len() == 1 || self.words.iter().all(|word| line.holds(word))
    }

    /// How well a line fits that holds all words.
    fn fit(&self, line: NameLine<'_>) -> Fit {
        let (username, name) = line.names();
        if username == self.whole {
            Fit::Username
        } else if name == self.whole {
            Fit::Name
        } else if self.words.iter().all(|word| line.has_word_that_begins(word)) {
            Fit::Words
        } else {
            Fit::Parts
        }
    }
}

impl Users {
    /// The users in whose names each word of the text is, in no particular order.
    fn hits<'u>(&'u self, search: &'u NameSearch) -> impl Iterator<Item = (UserId, NameLine<'u>)> {
        let by_leaf = self.leaves().zip(std::iter::repeat(search.longest()));
        let lines = by_leaf.filter_map(|(leaf, longest)| longest.map(|longest| leaf.lines_holding(longest))).flatten();
        lines.filter(|(_, line)| search.holds(*line))
    }

    /// The users in whose names each word of the text is, by number, those after `after`: at most `limit`, and whether more
    /// follow.
    pub fn like(&self, search: &NameSearch, after: i64, limit: usize) -> (Vec<UserId>, bool) {
        let mut ids: Vec<UserId> = self.hits(search).map(|(id, _)| id).filter(|id| i64::from(*id) > after).collect();
        ids.sort_unstable();
        let more = ids.len() > limit;
        ids.truncate(limit);
        (ids, more)
    }

    /// The users who fit best, with how well they do, by number where they fit alike.
    pub fn best(&self, search: &NameSearch, limit: usize) -> Vec<(Fit, UserId)> {
        let hits = self.hits(search).take(HITS_MAX);
        let mut best: Vec<(Fit, UserId)> = hits.map(|(id, line)| (search.fit(line), id)).collect();
        best.sort_unstable();
        best.truncate(limit);
        best
    }

    /// For each text the users whom it names: those whose username or full name it is; if there are none, those whose names
    /// have all its words. At most `CALLED_MAX` of them are told. All users are looked at once, however many texts
    /// there are.
    pub fn called(&self, texts: &[String]) -> Vec<Vec<UserId>> {
        let searches: Vec<NameSearch> = texts.iter().map(|text| NameSearch::new(text)).collect();
        let mut found: Vec<Vec<UserId>> = vec![Vec::new(); texts.len()];
        let mut by_whole: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, search) in searches.iter().enumerate().filter(|(_, search)| !search.whole.is_empty()) {
            by_whole.entry(&search.whole).or_default().push(index);
        }
        if by_whole.is_empty() {
            return found;
        }
        for (id, line) in self.lines() {
            let (username, name) = line.names();
            let of_name = by_whole.get(name).filter(|_| name != username);
            for &index in by_whole.get(username).into_iter().chain(of_name).flatten() {
                note(&mut found[index], id);
            }
        }
        // The last word is the rarest one in most names.
        let mut by_word: HashMap<&str, Vec<usize>> = HashMap::new();
        let open = (0..texts.len()).filter(|index| found[*index].is_empty()).take(BY_WORDS_MAX);
        for index in open.collect::<Vec<_>>() {
            if let Some(word) = searches[index].words.last() {
                by_word.entry(word).or_default().push(index);
            }
        }
        if !by_word.is_empty() {
            for (id, line) in self.lines() {
                let words: Vec<&str> = line.words().collect();
                for &index in words.iter().filter_map(|word| by_word.get(word)).flatten() {
                    if searches[index].words.iter().all(|word| words.contains(&word.as_str())) {
                        note(&mut found[index], id);
                    }
                }
            }
        }
        found
    }
}

/// Adds a user to those who are found, once.
fn note(found: &mut Vec<UserId>, id: UserId) {
    if found.len() < CALLED_MAX && !found.contains(&id) {
        found.push(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::User;

    fn users() -> Users {
        let people = [
            (3, "jürgen", Some("Jürgen Weiß")),
            (7, "mara", Some("Mara Lindqvist")),
            (9, "lindqvist2", Some("Åke Lindqvist")),
            (70, "øyvind", None),
            (4099, "mara.k", Some("Mara Anna Kovač")),
            (4100, "twin1", Some("Sam Doe")),
            (4101, "twin2", Some("Sam Doe")),
        ];
        let user = |(id, username, name): (i64, &str, Option<&str>)| User {
            id: UserId::try_from(id).expect("a user id"),
            username: username.parse().expect("a username"),
            name: name.map(str::to_owned),
            avatar_template: String::new(),
            suspended: false,
        };
        people.into_iter().map(user).collect()
    }

    fn numbers(ids: &[UserId]) -> Vec<i64> {
        ids.iter().map(|id| i64::from(*id)).collect()
    }

    #[test]
    fn parts_of_names_are_found_without_case_and_accents() {
        for (text, ids) in [
            ("jurgen", &[3][..]),
            ("WEISS", &[3]),
            ("ndqvi", &[7, 9]),
            ("lindqvist mara", &[7]),
            ("oyvind", &[70]),
            ("kovac", &[4099]),
            ("mara", &[7, 4099]),
            ("nobody", &[]),
            ("  ", &[]),
        ] {
            let (found, more) = users().like(&NameSearch::new(text), 0, 10);
            assert_eq!((numbers(&found).as_slice(), more), (ids, false), "{text}");
        }
        let (page, more) = users().like(&NameSearch::new("a"), 7, 1);
        assert_eq!((numbers(&page), more), (vec![9], true));
    }

    #[test]
    fn the_best_come_first() {
        let best = |text: &str| users().best(&NameSearch::new(text), 3);
        let id = |id: i64| UserId::try_from(id).expect("a user id");
        assert_eq!(best("mara"), [(Fit::Username, id(7)), (Fit::Words, id(4099))]);
        assert_eq!(best("Ake Lindqvist"), [(Fit::Name, id(9))]);
        assert_eq!(best("vind"), [(Fit::Parts, id(70))]);
    }

    #[test]
    fn texts_name_those_whom_they_call_in_full_or_by_a_word() {
        let texts =
            ["JÜRGEN", "sam doe", "kovac", "Lindqvist", "mar", "anna mara", "", "lindqvist2"].map(str::to_owned);
        let found: Vec<Vec<i64>> = users()
            .called(&texts)
            .iter()
            .map(|ids| {
                let mut ids = numbers(ids);
                ids.sort_unstable();
                ids
            })
            .collect();
        let want: [&[i64]; 8] = [&[3], &[4100, 4101], &[4099], &[7, 9], &[], &[4099], &[], &[9]];
        assert_eq!(found, want);
    }
}
