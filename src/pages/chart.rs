//! Drawings: paths for SVG, in whole units so that they are short. Words beside them say what they mean.

use std::fmt::Write as _;

/// How many days a row of a leaderboard draws.
pub const SPARK_DAYS: u32 = 14;

/// The height of a row's drawing, in pixels. The stylesheet has the same height.
const SPARK_HEIGHT: i64 = 28;
const SPARK_STEP: usize = 4;
const SPARK_BAR: f64 = 1.5;

/// Strokes as paths: those that go up, and those that go down.
#[derive(Debug, PartialEq, Eq)]
pub struct Strokes {
    /// What was given.
    pub given: String,
    /// What was taken.
    pub taken: String,
}

/// The scale of all drawings of a page, so that they can be compared. A stroke is as long as the square root of its points:
/// beside a day of 500 points one of 15 can still be told from one of 2. The sum stands beside each drawing as a number.
pub fn spark_scale(points: &[i64]) -> Scale {
    let roots: Vec<i64> = points.iter().copied().map(root).collect();
    Scale::of(&roots, SPARK_HEIGHT)
}

/// The square root in hundredths, with the sign of the points.
fn root(points: i64) -> i64 {
    let root = (u128::from(points.unsigned_abs()) * 10_000).isqrt();
    points.signum() * i64::try_from(root).unwrap_or(i64::MAX)
}

/// A stroke for each day that has points, up or down from the line of zero.
pub fn spark(days: &[i64], scale: &Scale) -> Strokes {
    let mut strokes = Strokes { given: String::new(), taken: String::new() };
    for (index, &points) in days.iter().enumerate().filter(|(_, points)| **points != 0) {
        let x = (index * SPARK_STEP) as f64 + SPARK_BAR;
        let path = if points > 0 { &mut strokes.given } else { &mut strokes.taken };
        // Writing to a text can't fail.
        let _ = write!(path, "M{x} {}v{}", scale.zero, -scale.length(root(points)));
    }
    strokes
}

/// How points become heights. There is a line for zero, and every value except zero can be seen.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// How far below the top the line of zero is.
    pub zero: i64,
    height: i64,
    range: i128,
}

impl Scale {
    /// The scale on which all `values` have room.
    pub fn of(values: &[i64], height: i64) -> Scale {
        let highest = values.iter().copied().max().unwrap_or(0).max(0);
        let lowest = values.iter().copied().min().unwrap_or(0).min(0);
        // The type is wider than that of a score, since the distance between two scores may not fit into a score.
        let range = (i128::from(highest) - i128::from(lowest)).max(1);
        Scale { zero: scaled(highest, height, range), height, range }
    }

    /// The length of a bar: at least one unit, except for zero; negative for a bar that hangs down.
    pub fn length(&self, points: i64) -> i64 {
        let length = scaled(points, self.height, self.range);
        if length == 0 { points.signum() } else { length }
    }

    /// How far below the top a value is.
    pub fn y(&self, points: i64) -> i64 {
        self.zero - scaled(points, self.height, self.range)
    }
}

fn scaled(points: i64, height: i64, range: i128) -> i64 {
    let scaled = i128::from(points) * i128::from(height) / range;
    i64::try_from(scaled).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(days: &[i64]) -> [String; 2] {
        let Strokes { given, taken } = spark(days, &spark_scale(days));
        [given, taken]
    }

    #[test]
    fn bars_stand_on_the_line_of_zero() {
        assert_eq!(drawn(&[0, 4, 16]), ["M5.5 28v-14M9.5 28v-28", ""]);
        assert_eq!(drawn(&[10, -10]), ["M1.5 14v-14", "M5.5 14v14"]);
        assert_eq!(drawn(&[0, 0]), ["", ""]);
        assert_eq!(drawn(&[1, 1_000_000]), ["M1.5 28v-1M5.5 28v-28", ""]);
        assert_eq!(drawn(&[i64::MAX, i64::MIN]), ["M1.5 14v-14", "M5.5 14v14"]);
    }

    #[test]
    fn on_one_scale_more_points_are_a_longer_stroke() {
        let scale = spark_scale(&[2, 500, -200]);
        let lengths = [2, 50, 500, -200, -1, 0].map(|points| scale.length(root(points)));
        assert_eq!((scale.zero, lengths), (17, [1, 5, 17, -10, -1, 0]));
    }
}
