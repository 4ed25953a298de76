//! A field of a form with its label, its hint and what is wrong with it.

use std::borrow::Cow;

use askama::Template;

use super::form::Fault;

/// A field. The template of a form includes its HTML as it is.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/field.html")]
pub struct Field {
    name: &'static str,
    label: &'static str,
    kind: InputKind,
    value: String,
    hint: Cow<'static, str>,
    placeholder: &'static str,
    error: Option<String>,
    required: bool,
    autocomplete: &'static str,
    locked: bool,
    rows: u8,
    /// Where the script asks who may be meant; empty: nobody is suggested.
    suggestions: &'static str,
}

/// What is typed into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InputKind {
    Text,
    Area,
    Date,
    Number,
    Password,
    Search,
    File,
}

impl InputKind {
    fn input(self) -> &'static str {
        match self {
            InputKind::Text | InputKind::Area => "text",
            InputKind::Date => "date",
            InputKind::Number => "number",
            InputKind::Password => "password",
            InputKind::Search => "search",
            InputKind::File => "file",
        }
    }
}

impl Field {
    fn new(kind: InputKind, name: &'static str, label: &'static str) -> Field {
        Field {
            name,
            label,
            kind,
            value: String::new(),
            hint: Cow::Borrowed(""),
            placeholder: "",
            error: None,
            required: false,
            autocomplete: "off",
            locked: false,
            rows: 4,
            suggestions: "",
        }
    }

    /// A line of text.
    pub fn text(name: &'static str, label: &'static str) -> Field {
        Field::new(InputKind::Text, name, label)
    }

    /// Some lines of text.
    pub fn area(name: &'static str, label: &'static str) -> Field {
        Field::new(InputKind::Area, name, label)
    }

    /// A day.
    pub fn date(name: &'static str, label: &'static str) -> Field {
        Field::new(InputKind::Date, name, label)
    }

    /// A whole number.
    pub fn number(name: &'static str, label: &'static str) -> Field {
        Field::new(InputKind::Number, name, label)
    }

    /// A field whose text is not shown while it is typed.
    pub fn password(name: &'static str, label: &'static str) -> Field {
        Field::new(InputKind::Password, name, label)
    }

    /// A field for a search.
    pub fn search(name: &'static str, label: &'static str) -> Field {
        Field::new(InputKind::Search, name, label)
    }

    /// A file. No page can put one in.
    pub fn file(name: &'static str, label: &'static str) -> Field {
        Field::new(InputKind::File, name, label)
    }

    /// With a value in it.
    pub fn value(mut self, value: impl Into<String>) -> Field {
        self.value = value.into();
        self
    }

    /// With a hint on what to type.
    pub fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Field {
        self.hint = hint.into();
        self
    }

    /// With an example of what to type.
    pub fn placeholder(mut self, placeholder: &'static str) -> Field {
        self.placeholder = placeholder;
        self
    }

    /// With room for so many lines.
    pub fn rows(mut self, rows: u8) -> Field {
        self.rows = rows;
        self
    }

    /// With suggestions of people while a name is typed, which the script asks for at that path.
    pub fn suggesting(mut self, path: &'static str) -> Field {
        self.suggestions = path;
        self
    }

    /// It may not be left blank.
    pub fn required(mut self) -> Field {
        self.required = true;
        self
    }

    /// With the kind of value that browsers may fill in.
    pub fn autocomplete(mut self, kind: &'static str) -> Field {
        self.autocomplete = kind;
        self
    }

    /// It is read-only, unless `may_write` is true.
    pub fn locked_unless(mut self, may_write: bool) -> Field {
        self.locked = !may_write;
        self
    }

    /// With the sentence of the fault, if the fault is about this field.
    pub fn fault(mut self, fault: Option<&Fault>) -> Field {
        self.error = Fault::about(fault, self.name);
        self
    }

    fn is_area(&self) -> bool {
        self.kind == InputKind::Area
    }

    /// The ids of the texts that say more about it.
    fn described_by(&self) -> String {
        let hint = (!self.hint.is_empty()).then(|| format!("{}-hint", self.name));
        let error = self.error.is_some().then(|| format!("{}-error", self.name));
        hint.into_iter().chain(error).collect::<Vec<_>>().join(" ")
    }
}
