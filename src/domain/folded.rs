//! Names as they are searched for: without case, without accents, and with blanks of one kind.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

use super::unseen::is_unseen;

/// The form of a text in which names are searched and compared: `Jürgen  Weiß` becomes `jurgen weiss`. Two texts that
/// people take for the same name have the same form.
///
/// Letters are taken apart as Unicode says (NFKD), and the accents are left out. Some letters of Latin script with a stroke, and
/// ligatures, are not letters with an accent to Unicode; `spelled_out` has these.
pub fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for character in text.nfkd() {
        if character.is_whitespace() {
            if !folded.is_empty() && !folded.ends_with(' ') {
                folded.push(' ');
            }
        } else if !is_accent(character) && !is_unseen(character) {
            for lower in character.to_lowercase() {
                match spelled_out(lower) {
                    Some(letters) => folded.push_str(letters),
                    None => folded.push(lower),
                }
            }
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

/// Whether a character is an accent: a mark above, below or in a letter, which people leave out where they can't type it.
/// The classes 1 to 9 are none of these: they are the marks that make another letter in the scripts of India and Japan.
fn is_accent(character: char) -> bool {
    canonical_combining_class(character) > 9
}

/// The letters that stand for one that Unicode does not take apart.
fn spelled_out(lower: char) -> Option<&'static str> {
    Some(match lower {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ħ' => "h",
        'ŧ' => "t",
        'ŋ' => "n",
        'ı' => "i",
        'ĸ' => "k",
        'ƶ' => "z",
        'ς' => "σ",
        '‘' | '’' | 'ʼ' | 'ʻ' | '′' => "'",
        '‐' | '–' | '−' => "-",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_and_blanks_make_no_difference() {
        for (text, form) in [
            ("Jürgen", "jurgen"),
            ("  Mara \u{a0}\t Lindqvist ", "mara lindqvist"),
            ("ZOË VAN DER BERG", "zoe van der berg"),
            ("Weiß WEIẞ", "weiss weiss"),
            ("Øyvind Ærø", "oyvind aero"),
            ("Łukasz Wałęsa", "lukasz walesa"),
            ("Đorđe Þór Guðrún", "dorde thor gudrun"),
            ("Nguyễn Thị Ánh", "nguyen thi anh"),
            ("İpek Işık ipek", "ipek isik ipek"),
            ("O’Neil", "o'neil"),
            ("Ångström e\u{301} é", "angstrom e e"),
            ("Οδυσσεύς ΟΔΥΣΣΕΥΣ", "οδυσσευσ οδυσσευσ"),
            ("Ёлкина", "елкина"),
            ("ﬁ Ⅻ ①", "fi xii 1"),
            ("שָׁלוֹם", "שלום"),
            ("مُحَمَّد", "محمد"),
            ("", ""),
            (" \u{301} ", ""),
        ] {
            assert_eq!(folded(text), form, "{text}");
        }
    }

    #[test]
    fn a_mark_that_makes_another_letter_stays() {
        assert_ne!(folded("か"), folded("が"));
        assert_ne!(folded("क"), folded("क़"));
        assert_ne!(folded("कि"), folded("क"));
        assert_eq!(folded("が"), folded("か\u{3099}"), "however it was typed");
    }

    #[test]
    fn folding_what_is_folded_changes_nothing() {
        for text in ["Jürgen Weiß", "İstanbul", "ǆ ǅ", "漢字 ﷺ", "한글", "Ⓐ", "e\u{301}\u{200b}x"] {
            assert_eq!(folded(&folded(text)), folded(text), "{text}");
        }
    }
}
