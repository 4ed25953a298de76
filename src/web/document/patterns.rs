//! Regular expressions for what texts are accepted, as exact as the parsers. They use only what the expressions of
//! JavaScript, Python and Rust have in common.

use std::fmt::Write as _;
use std::sync::LazyLock;

use crate::domain::is_unseen;
use crate::web::kinds::TextForm;

/// The characters that are taken off the ends of a name, as the members of a class.
const BLANK: &str = r"\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000";

/// The characters that no address has, as the members of a class.
const CONTROL: &str = r"\u0000-\u001f\u007f-\u009f";

/// The pattern of a text of that form; `None`: anything is accepted.
pub fn of_text(form: TextForm, characters_max: usize) -> Option<String> {
    // Between the first and the last of them.
    let inner = characters_max.saturating_sub(2);
    Some(match form {
        TextForm::Any => return None,
        TextForm::Trimmed => format!(r"^[{BLANK}]*(?:[^{BLANK}](?:[\s\S]{{0,{inner}}}[^{BLANK}])?[{BLANK}]*)?$"),
        TextForm::Filled => format!(r"^[{BLANK}]*[^{BLANK}](?:[\s\S]{{0,{inner}}}[^{BLANK}])?[{BLANK}]*$"),
        TextForm::Username => {
            let unseen = &*UNSEEN;
            format!("^[{BLANK}]*[^{BLANK}{unseen}](?:[^{unseen}]{{0,{inner}}}[^{BLANK}{unseen}])?[{BLANK}]*$")
        }
        TextForm::Address => {
            format!("^[{BLANK}]*(?:(?:/|https?://)(?:[^{CONTROL}]*[^{BLANK}{CONTROL}])?[{BLANK}]*)?$")
        }
    })
}

/// The characters that no username has, as the members of a class.
static UNSEEN: LazyLock<String> = LazyLock::new(|| {
    let is_refused = |character: char| is_unseen(character) || character == char::REPLACEMENT_CHARACTER;
    let mut class = String::new();
    let mut run: Option<(char, char)> = None;
    for character in char::MIN..=char::MAX {
        match &mut run {
            Some((_, last)) if is_refused(character) => *last = character,
            Some((first, last)) => {
                add_range(&mut class, *first, *last);
                run = None;
            }
            None => run = is_refused(character).then_some((character, character)),
        }
    }
    class
});

fn add_range(class: &mut String, first: char, last: char) {
    add_character(class, first);
    if last > first {
        class.push('-');
        add_character(class, last);
    }
}

/// Four hexadecimal digits are understood everywhere; a character beyond them stands for itself.
fn add_character(class: &mut String, character: char) {
    match u32::from(character) {
        // Writing to a text can't fail.
        number @ ..=0xffff => drop(write!(class, "\\u{number:04x}")),
        _ => class.push(character),
    }
}

/// The pattern of a whole number within a range, written in decimal digits. Zeros may stand before it.
pub fn of_integer(min: i64, max: i64) -> String {
    let mut forms = Vec::new();
    if min <= 0 && max >= 0 {
        forms.push("-?0+".to_owned());
    }
    if max > 0 {
        forms.push(format!("0*(?:{})", up_to(max.unsigned_abs())));
    }
    if min < 0 {
        forms.push(format!("-0*(?:{})", up_to(min.unsigned_abs())));
    }
    format!("^(?:{})$", forms.join("|"))
}

/// The numbers from 1 to `max`, without zeros before them.
fn up_to(max: u64) -> String {
    let digits = max.to_string();
    let mut forms = Vec::new();
    if digits.len() > 1 {
        forms.push(format!("[1-9]{}", any_digits(digits.len() - 2, 0)));
    }
    for (at, digit) in digits.bytes().enumerate() {
        let lowest = if at == 0 { b'1' } else { b'0' };
        if digit > lowest {
            let (lowest, highest) = (char::from(lowest), char::from(digit - 1));
            let class = if lowest == highest { lowest.to_string() } else { format!("[{lowest}-{highest}]") };
            let rest = digits.len() - at - 1;
            forms.push(format!("{}{class}{}", &digits[..at], any_digits(rest, rest)));
        }
    }
    forms.push(digits);
    forms.join("|")
}

fn any_digits(most: usize, least: usize) -> String {
    match (least, most) {
        (_, 0) => String::new(),
        (1, 1) => "[0-9]".to_owned(),
        (least, most) if least == most => format!("[0-9]{{{most}}}"),
        (least, most) => format!("[0-9]{{{least},{most}}}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_numbers_is_said_digit_by_digit() {
        assert_eq!(of_integer(1, 50), "^(?:0*(?:[1-9]|[1-4][0-9]|50))$");
        assert_eq!(of_integer(-1, 0), "^(?:-?0+|-0*(?:1))$");
        assert_eq!(up_to(213), "[1-9][0-9]{0,1}|1[0-9]{2}|20[0-9]|21[0-2]|213");
    }

    #[test]
    fn what_no_username_has_is_a_class() {
        assert!(UNSEEN.starts_with(r"\u0000-\u001f\u007f-\u009f\u00ad\u034f"), "{}", *UNSEEN);
        assert!(UNSEEN.contains(r"\ufff0-\ufffb\ufffd"), "{}", *UNSEEN);
        assert!(UNSEEN.ends_with("\u{e0000}-\u{e0fff}"), "{}", *UNSEEN);
    }
}
