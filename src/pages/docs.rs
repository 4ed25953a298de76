//! `/docs`: the document of the API for people, made of what `/openapi.json` is made of.

use std::sync::{Arc, OnceLock};

use askama::Template;
use rocket::{State, get};

use super::address::Address;
use super::html::{Html, Layout, Section as Part};
use crate::domain::Scope;
use crate::web::document::{self, Access, Content, Document, Operation, Section, Takes};
use crate::web::error::ApiError;
use crate::web::request::FieldNeed;

/// What the page shows. It is the same for all who ask, but for the address in it.
#[derive(Template)]
#[template(path = "docs.html")]
struct DocsPage<'d> {
    layout: Layout,
    address: &'d str,
    sections: &'d [Calls],
}

/// All calls as the page shows them. They are the same as long as the process runs.
#[derive(Default)]
pub struct Shown(OnceLock<Vec<Calls>>);

/// Shows the document of the API. There is nothing else of this name, so everybody gets the page.
#[get("/docs")]
pub async fn show(document: &State<Arc<Document>>, shown: &State<Shown>, address: Address) -> Result<Html, ApiError> {
    let sections = shown.0.get_or_init(|| document.sections().iter().map(Calls::from).collect());
    Html::new(&DocsPage { layout: Layout::new(Part::Documentation), address: address.as_str(), sections })
}

/// The calls that belong together.
struct Calls {
    anchor: String,
    name: &'static str,
    about: &'static str,
    calls: Vec<Call>,
}

/// A call.
struct Call {
    id: &'static str,
    summary: &'static str,
    method: &'static str,
    path: String,
    details: &'static str,
    access: String,
    parameters: Vec<Parameter>,
    command: Option<String>,
    answers: Vec<Answer>,
    refusals: Vec<Refusal>,
}

/// A parameter of a call.
struct Parameter {
    name: String,
    place: &'static str,
    required: bool,
    about: String,
    default: Option<&'static str>,
}

/// An answer of a call.
struct Answer {
    status: u16,
    about: &'static str,
    example: String,
    headers: Vec<(&'static str, String)>,
}

/// What a call may be refused with.
struct Refusal {
    status: u16,
    error_type: &'static str,
    sentence: String,
}

impl From<&Section> for Calls {
    fn from(section: &Section) -> Calls {
        Calls {
            anchor: section.name.to_lowercase().replace(' ', "-"),
            name: section.name,
            about: section.about,
            calls: section.operations.iter().map(Call::from).collect(),
        }
    }
}

impl From<&Operation> for Call {
    fn from(operation: &Operation) -> Call {
        let answers = operation.signature.answers.iter().map(|answer| Answer {
            status: answer.status,
            about: answer.about,
            example: match &answer.content {
                Content::Nothing => String::new(),
                Content::Json(of) => document::pretty(&operation.example(answer.status, of)),
                Content::Other(_, example) => (*example).to_owned(),
            },
            headers: answer.headers.iter().map(|(name, about)| (*name, plain(about))).collect(),
        });
        let refusals = operation.errors().into_iter().map(|error| Refusal {
            status: error.status().code,
            error_type: error.error_type(),
            sentence: error.sentence(),
        });
        Call {
            id: operation.id,
            summary: operation.summary,
            method: operation.method.as_str(),
            path: operation.path.clone(),
            details: operation.details,
            access: access(operation),
            parameters: parameters(operation),
            command: document::command(operation),
            answers: answers.collect(),
            refusals: refusals.collect(),
        }
    }
}

/// A sentence without the marks that it has for programs that show it as Markdown.
fn plain(sentence: &str) -> String {
    sentence.replace('`', "")
}

/// Which key is needed, in words.
fn access(operation: &Operation) -> String {
    let names =
        |scopes: &[Scope], between: &str| scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(between);
    match operation.signature.access {
        Access::Anyone => "none.".to_owned(),
        Access::Signed => "none; it is signed with the secret that the forum knows.".to_owned(),
        Access::Reader => {
            "none; with the scope events:read where the setting public is false, and for a board that is not for all."
                .to_owned()
        }
        Access::Key([], []) => "one that may do what the request asks for.".to_owned(),
        Access::Key(any_of, []) => format!("with the scope {}.", names(any_of, " or ")),
        Access::Key(any_of, all_of) => {
            format!("with the scopes {} and {}.", names(any_of, " or "), names(all_of, " and "))
        }
    }
}

fn parameters(operation: &Operation) -> Vec<Parameter> {
    let signature = &operation.signature;
    let mut numbers = signature.path.iter();
    let mut parameters = Vec::new();
    for name in operation.path_names() {
        let part = operation.parts.iter().find(|(part, ..)| *part == name).map(|(_, about, _)| (*about).to_owned());
        let about = part.or_else(|| numbers.next().map(|kind| format!("Accepted: {}.", kind.accepted)));
        let about = about.unwrap_or_default();
        parameters.push(Parameter { name: name.to_owned(), place: "path", required: true, about, default: None });
    }
    let place = match (operation.is_read(), signature.takes) {
        (true, _) => "query",
        (false, Takes::JsonAlone) => "JSON",
        (false, _) => "JSON, form or query",
    };
    for field in signature.fields {
        let (name, default) = (field.name.to_owned(), field.default);
        let required = matches!(field.need, FieldNeed::Required | FieldNeed::Records(_));
        parameters.push(Parameter { name, place, required, about: plain(&document::sentence(field)), default });
        if let FieldNeed::Records(members) = field.need {
            parameters.extend(members.iter().map(|member| Parameter {
                name: format!("{}[].{}", field.name, member.name),
                place,
                required: member.need == FieldNeed::Required,
                about: plain(&document::sentence(member)),
                default: member.default,
            }));
        }
    }
    let header = |name: &str, about: &str| Parameter {
        name: name.to_owned(),
        place: "header",
        required: false,
        about: about.to_owned(),
        default: None,
    };
    if signature.once {
        parameters.push(header("Idempotency-Key", document::ABOUT_IDEMPOTENCY_KEY));
    }
    parameters
}
