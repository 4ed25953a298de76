//! What all previews of many lines show: the lines that are bad, and how many are not shown.

use super::lines::BadLine;
use crate::pages::format;

/// How many good lines a preview shows.
pub const SHOWN_MAX: usize = 200;

/// How many bad lines a preview shows.
const BAD_SHOWN_MAX: usize = 100;

/// The bad lines.
pub struct Bad {
    /// How many there are, with their noun; `None`: there are none.
    pub count: Option<String>,
    /// The first of them.
    pub lines: Vec<BadLine>,
    /// How many more there are.
    pub more: Option<String>,
}

impl Bad {
    /// The bad lines as they are shown.
    pub fn new(bad: &[BadLine]) -> Bad {
        let lines: Vec<BadLine> = bad.iter().take(BAD_SHOWN_MAX).cloned().collect();
        Bad {
            count: (!bad.is_empty()).then(|| format::count(bad.len() as i64, "bad line", "bad lines")),
            more: more(bad.len(), lines.len(), "bad line", "bad lines"),
            lines: lines
                .into_iter()
                .map(|line| BadLine { why: format::plain(&line.why).into_owned(), ..line })
                .collect(),
        }
    }
}

/// How many of `count` are not among the `shown` ones: "and 9,800 more events".
pub fn more(count: usize, shown: usize, one: &str, many: &str) -> Option<String> {
    let rest = count - shown;
    (rest > 0).then(|| format!("and {} more {}", format::number(rest as i64), if rest == 1 { one } else { many }))
}
