//! The shapes of replies: their members, in the order in which they are sent, and what each means. A schema and an example
//! are made of a shape.

use serde_json::{Value, json};

use super::ordered::Ordered;
use super::values::{literal, or_null};
use crate::web::kinds::{JsonType, Kind};

/// An object of a reply. It is declared with [`shape!`].
#[derive(Debug)]
pub struct Shape {
    /// Its name in the document.
    pub name: &'static str,
    /// What it is, in a sentence.
    pub about: &'static str,
    /// Its members, in the order in which they are sent.
    pub members: &'static [Member],
}

/// A member of an object.
#[derive(Debug)]
pub struct Member {
    /// Its name.
    pub name: &'static str,
    /// What it means, in a sentence.
    pub about: &'static str,
    /// What it is.
    pub of: Of,
}

/// What a value of a reply is.
#[derive(Debug)]
pub enum Of {
    /// What is accepted for a parameter too.
    Kind(Kind),
    /// A moment in UTC, with milliseconds.
    Timestamp,
    /// A whole number, as in this example.
    Integer(i64),
    /// A text, as in this example.
    Text(&'static str),
    /// One of these words.
    Word(&'static [&'static str]),
    /// `true` or `false`, as in this example.
    Flag(bool),
    /// The value or `null`.
    Nullable(&'static Of),
    /// Always `null`, in the example; otherwise the value.
    Unset(&'static Of),
    /// The value, as in this example, which is JSON.
    Like(&'static Of, &'static str),
    /// The value, if the member is there at all.
    Maybe(&'static Of),
    /// A list of values.
    List(&'static Of),
    /// An object.
    Shape(&'static Shape),
}

/// Declares the shape of an object of a reply.
macro_rules! shape {
    (
        $(#[doc = $about:literal])+
        $vis:vis static $shape:ident = $name:literal {
            $($(#[doc = $told:literal])+ $member:ident: $of:expr,)*
        }
    ) => {
        $(#[doc = $about])+
        $vis static $shape: $crate::web::document::Shape = {
            #[allow(unused_imports, reason = "not every shape has a member of a kind")]
            use $crate::web::document::Of;
            $crate::web::document::Shape {
                name: $name,
                about: concat!($($about),+),
                members: &[$($crate::web::document::Member {
                    name: stringify!($member),
                    about: concat!($($told),+),
                    of: $of,
                }),*],
            }
        };
    };
}

pub(crate) use shape;

/// A type whose JSON has a declared shape.
pub trait Shaped {
    /// What its JSON is.
    const OF: Of;
}

impl Of {
    /// The schema. An object is named; its own schema stands among the components.
    pub fn schema(&self) -> Value {
        match self {
            Of::Kind(kind) => of_kind(kind),
            Of::Timestamp => json!({"type": "string", "format": "date-time"}),
            Of::Integer(_) => json!({"type": "integer"}),
            Of::Text(_) => json!({"type": "string"}),
            Of::Word(words) => json!({"type": "string", "enum": words}),
            Of::Flag(_) => json!({"type": "boolean"}),
            Of::Nullable(of) | Of::Unset(of) => match of {
                Of::Shape(_) => json!({"anyOf": [of.schema(), {"type": "null"}]}),
                _ => or_null(of.schema()),
            },
            Of::Maybe(of) | Of::Like(of, _) => of.schema(),
            Of::List(of) => json!({"type": "array", "items": of.schema()}),
            Of::Shape(shape) => json!({"$ref": format!("#/components/schemas/{}", shape.name)}),
        }
    }

    /// An example.
    pub fn example(&self) -> Ordered {
        match self {
            Of::Kind(kind) => literal(kind, kind.example).into(),
            Of::Timestamp => "2023-04-15T09:30:00.000Z".into(),
            Of::Integer(number) => Value::from(*number).into(),
            Of::Text(text) => (*text).into(),
            Of::Word(words) => words.first().copied().unwrap_or_default().into(),
            Of::Flag(flag) => (*flag).into(),
            Of::Unset(_) => Value::Null.into(),
            Of::Nullable(of) | Of::Maybe(of) => of.example(),
            Of::Like(_, example) => Ordered::read(example),
            Of::List(of) => vec![of.example()].into(),
            Of::Shape(shape) => {
                Ordered::of(shape.members.iter().map(|member| (member.name.to_owned(), member.of.example())))
            }
        }
    }

    /// All shapes within, each before what it holds. A shape may come more than once.
    pub fn shapes(&self) -> Vec<&'static Shape> {
        match self {
            Of::Nullable(of) | Of::Unset(of) | Of::Like(of, _) | Of::Maybe(of) | Of::List(of) => of.shapes(),
            Of::Shape(shape) => {
                let inner = shape.members.iter().flat_map(|member| member.of.shapes());
                std::iter::once(*shape).chain(inner).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// The schema of a value as it is sent: always in the same way.
fn of_kind(kind: &Kind) -> Value {
    match kind.json {
        JsonType::Integer { min: i64::MIN, max: i64::MAX } => json!({"type": "integer"}),
        JsonType::Integer { min, max } => json!({"type": "integer", "minimum": min, "maximum": max}),
        JsonType::Text { .. } => json!({"type": "string"}),
        JsonType::Date => json!({"type": "string", "format": "date"}),
        JsonType::Word(words) => json!({"type": "string", "enum": words}),
        JsonType::Flag => json!({"type": "boolean"}),
        JsonType::Objects => json!({"type": "array"}),
    }
}

impl Shape {
    /// The schema of the object.
    pub fn schema(&self) -> Ordered {
        let properties = self.members.iter().map(|member| {
            let mut schema = member.of.schema();
            // Beside a reference a sentence is allowed, too.
            schema["description"] = member.about.trim().into();
            (member.name.to_owned(), schema.into())
        });
        let required = self.members.iter().filter(|member| !matches!(member.of, Of::Maybe(_)));
        let required: Vec<&str> = required.map(|member| member.name).collect();
        let schema = Ordered::object().with("type", "object").with("description", self.about.trim());
        let schema = schema.with("properties", Ordered::of(properties));
        schema.with_some("required", (!required.is_empty()).then(|| json!(required)))
    }
}
