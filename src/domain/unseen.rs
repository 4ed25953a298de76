//! Characters that can't be seen. All code that takes or shows names, or shows texts of other people, uses this one
//! list.
//!
//! A name with one of these characters can look like another name or like no name, or turn around the text beside it.
//! In longer texts some of them are useful: the joiners of Persian, of the scripts of India and of emoji, soft hyphens,
//! and the characters that choose the form of an emoji. So texts are checked only for the fewer characters of
//! [`misleads`].

/// Whether a character can't be seen. All control characters are of this kind, and those of the list below. Blanks are
/// not, because they are seen as a gap.
pub fn is_unseen(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_control();
    }
    misleads(character)
        || matches!(
            character,
            // The characters that Unicode calls default ignorable: nothing is drawn for them unless a font has a sign.
            // Soft hyphen, grapheme joiner, fillers of Hangul, vowels of Khmer that are not written, variation
            // selectors, blanks and joiners without width, signs of shorthand and of music, tags.
            '\u{ad}' | '\u{34f}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
            // The pattern of Braille without a dot, and the characters that arrange hieroglyphs.
                | '\u{2800}' | '\u{13430}'..='\u{1343f}'
        )
}

/// Whether a character changes how the text around it looks, so that it has no place in a person's text. These are
/// control characters (also tabs and the ends of lines, which the caller may allow), separators of lines and
/// paragraphs, marks that turn the direction of writing, old marks of form, and the characters that put notes between
/// the lines.
pub fn misleads(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{206f}'
                | '\u{fff9}'..='\u{fffb}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_is_not_on_the_list() {
        for seen in "azAZ09 -_.~ÄéßЖ漢字한글ありशिالعربيةשלוםไทย🎉€\u{a0}\u{3000}\u{301}\u{2801}".chars()
        {
            assert!(!is_unseen(seen) && !misleads(seen), "{seen:?}");
        }
    }

    #[test]
    fn what_is_not_seen_is_on_the_list() {
        let unseen = "\0\n\u{7f}\u{85}\u{ad}\u{115f}\u{1160}\u{200b}\u{200c}\u{200d}\u{200e}\u{202e}\u{2028}\u{2060}\
                      \u{2066}\u{2800}\u{3164}\u{fe0f}\u{feff}\u{ffa0}\u{fffb}\u{e0041}\u{e0100}";
        for character in unseen.chars() {
            assert!(is_unseen(character), "{character:?}");
        }
    }

    #[test]
    fn all_that_misleads_is_unseen_and_what_texts_need_does_not_mislead() {
        assert!((char::MIN..=char::MAX).all(|character| !misleads(character) || is_unseen(character)));
        // A family, a heart in colour, a word of Persian, a word that may be divided.
        for text in ["👨\u{200d}👩\u{200d}👧", "❤\u{fe0f}", "می\u{200c}خواهم", "Silben\u{ad}trennung"] {
            assert!(!text.contains(misleads), "{text}");
        }
    }
}
