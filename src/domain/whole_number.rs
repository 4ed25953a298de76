//! Whole numbers as people and programs write them.

/// The whole number that a text stands for: decimal digits, perhaps after a minus. `None` for anything else, or if it does
/// not fit.
pub fn whole_of_text(text: &str) -> Option<i64> {
    // The standard library would also take a plus.
    if text.starts_with('+') { None } else { text.parse().ok() }
}

/// The whole number that a JSON number is, which may be written `15`, `15.0` or `1e2`; `None` if it has a fraction or does
/// not fit.
pub fn whole_of_json(number: &str) -> Option<i64> {
    /// The most decimal digits that an `i64` has.
    const DIGITS_MAX: i64 = 19;
    // As most numbers are written.
    if let Ok(number) = number.parse() {
        return Some(number);
    }
    let (negative, unsigned) = match number.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, number),
    };
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [before, after].concat();
    let significant = digits.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        return Some(0);
    }
    let zeros = digits.len() - digits.trim_end_matches('0').len();
    let shift = |length: usize| i64::try_from(length).ok();
    // An exponent that does not fit either makes a fraction or a number that is far too large.
    let exponent = exponent.parse::<i64>().ok()?.checked_sub(shift(after.len())?)?.checked_add(shift(zeros)?)?;
    if exponent < 0 || exponent.checked_add(shift(significant.len())?)? > DIGITS_MAX {
        return None;
    }
    // At most 19 digits: it fits into an `i128`.
    let size = significant.parse::<i128>().ok()? * 10_i128.pow(u32::try_from(exponent).ok()?);
    i64::try_from(if negative { -size } else { size }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_may_be_written_with_a_point_or_an_exponent() {
        for (text, number) in [
            ("15", 15),
            ("-15", -15),
            ("15.0", 15),
            ("15.000", 15),
            ("1e2", 100),
            ("1E+2", 100),
            ("1.5e1", 15),
            ("1500e-2", 15),
            ("0", 0),
            ("-0", 0),
            ("-0.0", 0),
            ("0e99999999999999999999", 0),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
            ("-9223372036854775808.0", i64::MIN),
            ("9e18", 9_000_000_000_000_000_000),
        ] {
            assert_eq!(whole_of_json(text), Some(number), "{text}");
        }
        for text in [
            "1.5",
            "-0.5",
            "1e-3",
            "15e-2",
            "0.1e0",
            "9223372036854775808",
            "-9223372036854775809",
            "1e19",
            "1e999999999",
            "1e99999999999999999999",
            "1e-99999999999999999999",
            "10e9223372036854775807",
        ] {
            assert_eq!(whole_of_json(text), None, "{text}");
        }
    }

    #[test]
    fn whole_numbers_in_a_text_are_read_strictly() {
        for (text, number) in [("13", Some(13)), ("-5", Some(-5)), ("007", Some(7)), ("+5", None), ("1.0", None)] {
            assert_eq!(whole_of_text(text), number, "{text}");
        }
        for bad in ["", "-", "--1", "1_000", "0x1f", "12abc", " 13", "99999999999999999999", "١٣"] {
            assert_eq!(whole_of_text(bad), None, "{bad}");
        }
    }
}
