//! CSV and JSON Lines.

use crate::domain::IdempotencyKey;
use crate::tables::{
    DiscourseEvent, DiscourseScore, DiscourseUser, EventLine, Field, Form, Line, Row, Rows, TableWriter, Who,
};

/// CSV, read with and without the apostrophes that guard formulas.
pub fn csv(data: &[u8]) {
    for raw in [false, true] {
        all(data, Form { raw, ..Form::CSV });
    }
}

/// JSON Lines.
pub fn json_lines(data: &[u8]) {
    all(data, Form::JSON_LINES);
}

fn all(data: &[u8], form: Form) {
    for event in read::<EventLine>(data, form) {
        assert_eq!(read_one(&written(&event, form), form), event);
    }
    read::<DiscourseEvent>(data, form);
    read::<DiscourseUser>(data, form);
    read::<DiscourseScore>(data, form);
}

/// The good rows of a table. Each row, good or bad, is the same when it stands alone under the first line, since bad rows are
/// given back in this way.
fn read<T: Row + Clone + PartialEq + std::fmt::Debug>(data: &[u8], form: Form) -> Vec<T> {
    let Ok(mut rows) = Rows::<T, _>::new(data, form) else { return Vec::new() };
    let (mut good, mut last) = (Vec::new(), 0);
    while let Some(line) = rows.next() {
        let Ok(Line { number, row }) = line else { break };
        assert!(number > last, "line {number} follows line {last}");
        last = number;
        let alone = [rows.header(), rows.written()].concat();
        // A second byte order mark would be taken for the one that a file may begin with.
        if !alone.starts_with(b"\xef\xbb\xbf") {
            let mut alone = Rows::<T, _>::new(&alone[..], form).expect("a table");
            let line = alone.next().expect("a line").expect("a line that can be read");
            assert_eq!(line.row, row);
            assert!(alone.next().is_none());
        }
        good.extend(row);
    }
    good
}

/// The only row of a table, which is good.
fn read_one(data: &[u8], form: Form) -> EventLine {
    let mut rows = read::<EventLine>(data, form);
    assert_eq!(rows.len(), 1, "{}", String::from_utf8_lossy(data));
    rows.remove(0)
}

/// A table of one event.
fn written(event: &EventLine, form: Form) -> Vec<u8> {
    let mut writer = TableWriter::new(form, EventLine::COLUMNS);
    let text = |text| Option::map_or(text, Field::None, Field::Text);
    let (id, name) = match &event.who {
        Who::Id(id) => (Field::Number((*id).into()), None),
        Who::Name(name) => (Field::None, Some(name.as_str())),
    };
    writer.row(&[
        id,
        text(name),
        Field::Date(&event.date.to_string()),
        Field::Number(event.points.into()),
        text(event.description.as_ref().map(|text| text.as_str())),
        text(event.key.as_ref().map(IdempotencyKey::as_str)),
    ]);
    writer.take()
}
