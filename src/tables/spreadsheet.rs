//! Texts that a spreadsheet would run as formulas.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return for a formula, even if it came
//! from a file, and a formula can send away what the sheet holds. An apostrophe before it makes it a text again. So that
//! reading gives back what was written, a text that begins with apostrophes and then such a character gets one more, and
//! loses one.

/// Whether the text begins with any number of apostrophes and then a character that begins a formula.
pub(super) fn is_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// The text without the apostrophe that writing has put before it.
pub(super) fn without_guard(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if is_formula(text) => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_are_no_formulas_are_left_alone() {
        for text in ["", "'", "''", "it's", "'quoted'", "1+1", " =1", "'' =1"] {
            assert!(!is_formula(text), "{text:?}");
            assert_eq!(without_guard(text), text);
        }
        for (text, guarded) in [("=1+1", "'=1+1"), ("-5", "'-5"), ("'@x", "''@x"), ("\tx", "'\tx"), ("\rx", "'\rx")] {
            assert!(is_formula(text) && is_formula(guarded));
            assert_eq!(without_guard(guarded), text);
        }
        // A text that a person has written into a file without an apostrophe.
        assert_eq!(without_guard("=1+1"), "=1+1");
    }
}
