//! One operation of the API: a route with what its handler's signature says, and the sentences that no signature can tell.

use rocket::Route;
use rocket::http::Method;

use super::ordered::Ordered;
use super::shape::Of;
use super::signature::{Access, Signature, Takes};
use crate::domain::Scope;
use crate::web::batch::BATCH_BODY_BYTES_MAX;
use crate::web::error::{ApiError, BODY_BYTES_MAX};
use crate::web::request::FieldNeed;

/// An operation. It is made with [`operation!`].
#[derive(Debug)]
pub struct Operation {
    /// The method.
    pub method: Method,
    /// The path, with `{id}` where a part of it is meant.
    pub path: String,
    /// What programs call it.
    pub id: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// More of it, in sentences.
    pub details: &'static str,
    /// What its handler's signature says.
    pub signature: Signature,
    /// What it refuses by a rule, or by something else that no signature tells.
    pub refusals: Vec<ApiError>,
    /// Whether it looks at the database, which may be unavailable.
    pub reads_database: bool,
    /// Parts of the path that are no numbers: their names, what they are, and an example.
    pub parts: Vec<(&'static str, &'static str, &'static str)>,
    /// A request that is taken: the query of a GET or DELETE, otherwise a JSON object.
    pub sample: &'static str,
    /// What the sample is answered with, as JSON, where it is not the example of the answer's shape.
    pub answered: Option<&'static str>,
    /// The number in the path of the sample, where it is not the example of its kind.
    pub sample_id: Option<&'static str>,
}

/// Makes the operation of a handler: its route, what programs call it, and what it does in a few words.
macro_rules! operation {
    ($($handler:ident)::+, $id:literal, $summary:literal) => {
        $crate::web::document::Operation::new(
            rocket::routes![$($handler)::+],
            $crate::web::document::signature_of($($handler)::+),
            $id,
            $summary,
        )
    };
}

pub(crate) use operation;

impl Operation {
    /// The operation of a handler: one route.
    pub fn new(routes: Vec<Route>, signature: Signature, id: &'static str, summary: &'static str) -> Operation {
        let route = routes.into_iter().next();
        let (method, path) = route.map_or((Method::Get, String::new()), |route| {
            (route.method, route.uri.path().replace('<', "{").replace('>', "}"))
        });
        Operation {
            method,
            path,
            id,
            summary,
            details: "",
            signature,
            refusals: Vec::new(),
            reads_database: true,
            parts: Vec::new(),
            sample: "",
            answered: None,
            sample_id: None,
        }
    }

    /// With more sentences.
    pub fn details(mut self, details: &'static str) -> Operation {
        self.details = details;
        self
    }

    /// With what it refuses by a rule.
    pub fn refuses(mut self, refusals: impl IntoIterator<Item = ApiError>) -> Operation {
        self.refusals.extend(refusals);
        self
    }

    /// With a request that is taken: the query of a GET or DELETE, otherwise a JSON object.
    pub fn sample(mut self, sample: &'static str) -> Operation {
        self.sample = sample;
        self
    }

    /// With what the sample is answered with, as JSON.
    pub fn answered(mut self, json: &'static str) -> Operation {
        self.answered = Some(json);
        self
    }

    /// With the number that stands in the path of the sample.
    pub fn sample_id(mut self, id: &'static str) -> Operation {
        self.sample_id = Some(id);
        self
    }

    /// With a part of the path that is no number.
    pub fn part(mut self, name: &'static str, about: &'static str, example: &'static str) -> Operation {
        self.parts.push((name, about, example));
        self
    }

    /// Without a look at the database.
    pub fn without_database(mut self) -> Operation {
        self.reads_database = false;
        self
    }

    /// With another path than that of its route.
    pub fn at(mut self, path: &'static str) -> Operation {
        path.clone_into(&mut self.path);
        self
    }

    /// Whether it reads. Then its parameters come in the query.
    pub fn is_read(&self) -> bool {
        self.method == Method::Get
    }

    /// Whether its parameters come in the query alone, as far as the document says.
    pub fn uses_query(&self) -> bool {
        self.is_read() || self.method == Method::Delete
    }

    /// The names in the path, in order.
    pub fn path_names(&self) -> impl Iterator<Item = &str> {
        self.path.split('{').skip(1).filter_map(|rest| rest.split('}').next())
    }

    /// The path of the sample.
    pub fn sample_path(&self) -> String {
        let mut path = self.path.clone();
        let mut numbers = self.signature.path.iter();
        let names: Vec<String> = self.path_names().map(str::to_owned).collect();
        for name in names {
            let part = self.parts.iter().find(|(part, ..)| *part == name).map(|(.., example)| *example);
            let number = if part.is_some() { None } else { numbers.next().map(|kind| kind.example) };
            let value = part.or(self.sample_id).or(number).unwrap_or_default();
            path = path.replace(&format!("{{{name}}}"), value);
        }
        path
    }

    /// The example of an answer with JSON of this status.
    pub fn example(&self, status: u16, of: &Of) -> Ordered {
        self.answered.filter(|_| status == 200).map_or_else(|| of.example(), Ordered::read)
    }

    /// Every error that it may answer with, one of each kind, in the order of the statuses.
    pub fn errors(&self) -> Vec<ApiError> {
        let mut errors = self.parameter_errors();
        match self.signature.access {
            Access::Anyone => {}
            Access::Signed => errors.push(ApiError::InvalidAccess),
            Access::Reader => errors.extend([ApiError::InvalidAccess, ApiError::NotPermitted(Scope::EventsRead)]),
            Access::Key(any_of, all_of) => {
                errors.extend([ApiError::NotLoggedIn, ApiError::InvalidAccess]);
                let scope = any_of.first().or(all_of.first()).copied().unwrap_or(Scope::EventsAward);
                errors.push(ApiError::NotPermitted(scope));
            }
        }
        if self.signature.access == Access::Reader {
            // Where reading is not public, as on a route that needs a key.
            errors.push(ApiError::NotLoggedIn);
        }
        if self.path.contains('{') {
            errors.push(ApiError::NotFound);
        }
        if !matches!(self.signature.access, Access::Anyone | Access::Signed) {
            errors.push(ApiError::RateLimit { wait_seconds: 37 });
        }
        if self.reads_database {
            errors.push(ApiError::Unavailable);
        }
        if !self.is_read() {
            errors.push(ApiError::OutcomeUnknown);
            let writes_at = "https://points.example".parse();
            errors.extend(writes_at.map(|writes_at| ApiError::ReadOnly { writes_at }));
        }
        errors.extend(self.refusals.iter().cloned());
        errors.sort_by_key(|error| error.status().code);
        errors
    }

    fn parameter_errors(&self) -> Vec<ApiError> {
        let mut errors = Vec::new();
        let is_required = |need| matches!(need, FieldNeed::Required | FieldNeed::Records(_));
        let fields = self.signature.fields;
        errors.extend(fields.iter().find(|field| is_required(field.need)).map(|field| ApiError::Missing(field.name)));
        if let Some(field) = fields.iter().find(|field| field.need != FieldNeed::Lenient) {
            errors.push(ApiError::invalid(field.name, field.kind.accepted));
        }
        if errors.is_empty() && !fields.is_empty() {
            // No single one can be wrong, but there may be too many.
            errors.push(ApiError::too_many_parameters());
        }
        if !self.is_read() {
            errors.push(ApiError::unreadable_body());
            let bytes_max =
                if self.signature.takes == Takes::JsonAlone { BATCH_BODY_BYTES_MAX } else { BODY_BYTES_MAX };
            errors.push(ApiError::PayloadTooLarge { bytes_max });
        }
        errors
    }
}
