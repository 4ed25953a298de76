//! What a route takes. It is declared once: the declaration is the parser, gives the sentence of each error, and can be
//! listed for a document of the API.

use std::marker::PhantomData;

use rocket::data::{Data, FromData, Outcome};
use rocket::request::Request as HttpRequest;
use serde_json::value::RawValue;

use super::error::ApiError;
use super::json_object;
use super::kinds::{Kind, RECORDS};
use super::parameters::Parameters;

/// A typed request. It is declared with [`request!`](crate::web::request::request).
pub trait Request: Sized {
    /// The parameters, in the documented order, which is also the order in which faults are found.
    const FIELDS: &'static [Field];

    /// Reads the request.
    ///
    /// # Errors
    /// The first required parameter that is missing; otherwise the first parameter that is not what it has to be.
    fn read(parameters: &Parameters) -> Result<Self, ApiError>;
}

/// What is declared of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its name on the wire.
    pub name: &'static str,
    /// What it means, in a sentence.
    pub about: &'static str,
    /// Whether it has to be there, and how often it may.
    pub need: FieldNeed,
    /// What it has to be.
    pub kind: Kind,
    /// What it is if it is not sent, as it is written in a query.
    pub default: Option<&'static str>,
}

/// Whether a parameter has to be there, and how often it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldNeed {
    /// Sent once. It is refused if it is missing, null or blank.
    Required,
    /// Once or not at all.
    Optional,
    /// Once or not at all; what it is then, is declared.
    Defaulted,
    /// Once or not at all, and not blank.
    Filled,
    /// Once or not at all. Null or blank is not the same as absent: it takes away what is there.
    Clearable,
    /// Once or not at all; what can't be read counts as not there.
    Lenient,
    /// Any number of them; none is an empty list.
    List,
    /// Any number of them. An absent list is not the same as an empty one.
    OptionalList,
    /// A list of 1 to 10,000 objects with these parameters each.
    Records(&'static [Field]),
    /// Sent not at all, once, or as a list of at most 100 values of which any may match. It must not be blank.
    AnyOf,
}

/// The fields of a request that is made of two.
pub const fn both<const COUNT: usize>(first: &[Field], second: &[Field]) -> [Field; COUNT] {
    let mut fields = [first[0]; COUNT];
    let mut index = 0;
    // A `for` loop can't run in a constant yet.
    while index < COUNT {
        fields[index] = if index < first.len() { first[index] } else { second[index - first.len()] };
        index += 1;
    }
    fields
}

/// How many records a list of them has at most.
pub const RECORDS_MAX: usize = 10_000;

/// Refuses the first required parameter that is missing.
pub fn require(parameters: &Parameters, fields: &[Field]) -> Result<(), ApiError> {
    let is_required = |need| matches!(need, FieldNeed::Required | FieldNeed::Records(_));
    let required = fields.iter().filter(|field| is_required(field.need));
    required.map(|field| field.name).try_for_each(|name| parameters.require(&[name]))
}

/// Reads a list of 1 to [`RECORDS_MAX`] records. Each is read as if it were a request of its own.
///
/// # Errors
/// There are none or too many; the first fault of the first record that has any.
pub fn records<R: Request>(parameters: &Parameters, name: &'static str) -> Result<Vec<R>, ApiError> {
    let accepted = RECORDS.accepted;
    let objects = parameters.objects(name, RECORDS_MAX).ok_or(ApiError::invalid(name, accepted))?;
    if objects.is_empty() {
        return Err(ApiError::Missing(name));
    }
    let read = |object: &RawValue| {
        let no_object = |_| ApiError::invalid("", "an object");
        R::read(&json_object::read(object.get()).map_err(no_object)??)
    };
    let numbered = objects.into_iter().enumerate();
    numbered.map(|(index, object)| read(object).map_err(|error| error.within(name, index))).collect()
}

/// Declares a typed request: a struct. Each of its fields says what is needed (`required`, `optional`, `defaulted`, `filled`,
/// `clearable`, `lenient`, `list`, `optional_list`, `any_of` or `records`, see [`FieldNeed`]), its name and its type, and a
/// `defaulted` one its default. Its doc comment says what it means.
macro_rules! request {
    (
        $(#[doc = $doc:literal])+
        $vis:vis struct $name:ident {
            $($(#[doc = $about:literal])+ $need:ident $field:ident: $type:ty $(= $default:literal)?,)+
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone)]
        $vis struct $name {
            $($(#[doc = $about])+ pub $field: $crate::web::request::request!(@type $need $type),)+
        }

        impl $crate::web::request::Request for $name {
            const FIELDS: &'static [$crate::web::request::Field] = &[$($crate::web::request::Field {
                name: stringify!($field),
                about: concat!($($about),+),
                need: $crate::web::request::request!(@need $need $type),
                kind: $crate::web::request::request!(@kind $need $type),
                default: $crate::web::request::request!(@default $($default)?),
            }),+];

            fn read(
                parameters: &$crate::web::parameters::Parameters,
            ) -> Result<Self, $crate::web::error::ApiError> {
                $crate::web::request::require(parameters, Self::FIELDS)?;
                Ok($name { $($field: $crate::web::request::request!(@read $need parameters, stringify!($field) $(, $default)?),)+ })
            }
        }
    };
    (@kind records $type:ty) => { $crate::web::kinds::RECORDS };
    (@kind $need:ident $type:ty) => { <$type as $crate::web::kinds::Parameter>::KIND };
    (@default) => { None };
    (@default $default:literal) => { Some($default) };
    (@type required $type:ty) => { $type };
    (@type defaulted $type:ty) => { $type };
    (@type optional $type:ty) => { Option<$type> };
    (@type filled $type:ty) => { Option<$type> };
    (@type clearable $type:ty) => { Option<Option<$type>> };
    (@type lenient $type:ty) => { Option<$type> };
    (@type list $type:ty) => { Vec<$type> };
    (@type optional_list $type:ty) => { Option<Vec<$type>> };
    (@type any_of $type:ty) => { Vec<$type> };
    (@type records $type:ty) => { Vec<$type> };
    (@need required $type:ty) => { $crate::web::request::FieldNeed::Required };
    (@need optional $type:ty) => { $crate::web::request::FieldNeed::Optional };
    (@need defaulted $type:ty) => { $crate::web::request::FieldNeed::Defaulted };
    (@need filled $type:ty) => { $crate::web::request::FieldNeed::Filled };
    (@need clearable $type:ty) => { $crate::web::request::FieldNeed::Clearable };
    (@need lenient $type:ty) => { $crate::web::request::FieldNeed::Lenient };
    (@need list $type:ty) => { $crate::web::request::FieldNeed::List };
    (@need optional_list $type:ty) => { $crate::web::request::FieldNeed::OptionalList };
    (@need any_of $type:ty) => { $crate::web::request::FieldNeed::AnyOf };
    (@need records $type:ty) => {
        $crate::web::request::FieldNeed::Records(<$type as $crate::web::request::Request>::FIELDS)
    };
    (@read required $parameters:expr, $name:expr) => { $parameters.required($name)? };
    (@read optional $parameters:expr, $name:expr) => { $parameters.optional($name)? };
    (@read defaulted $parameters:expr, $name:expr, $default:literal) => { $parameters.defaulted($name, $default)? };
    (@read filled $parameters:expr, $name:expr) => { $parameters.filled($name)? };
    (@read clearable $parameters:expr, $name:expr) => { $parameters.clearable($name)? };
    (@read lenient $parameters:expr, $name:expr) => { $parameters.optional($name).ok().flatten() };
    (@read list $parameters:expr, $name:expr) => { $parameters.list($name)? };
    (@read any_of $parameters:expr, $name:expr) => { $parameters.any_of($name)? };
    (@read records $parameters:expr, $name:expr) => { $crate::web::request::records($parameters, $name)? };
    (@read optional_list $parameters:expr, $name:expr) => {
        if $parameters.has($name) { Some($parameters.list($name)?) } else { None }
    };
}

pub(crate) use request;

/// What came with a request. The handler reads it as what the route declares. It does so after the path, so that a path
/// that names nothing is reported first.
#[derive(Debug)]
pub struct Sent<R> {
    parameters: Parameters,
    declared: PhantomData<R>,
}

impl<R: Request> Sent<R> {
    /// Reads the request.
    ///
    /// # Errors
    /// See [`Request::read`].
    pub fn read(&self) -> Result<R, ApiError> {
        R::read(&self.parameters)
    }

    /// All parameters that came with it.
    pub(super) fn parameters(&self) -> &Parameters {
        &self.parameters
    }
}

#[rocket::async_trait]
impl<'r, R: Send> FromData<'r> for Sent<R> {
    type Error = ApiError;

    async fn from_data(request: &'r HttpRequest<'_>, data: Data<'r>) -> Outcome<'r, Sent<R>> {
        Parameters::from_data(request, data).await.map(|parameters| Sent { parameters, declared: PhantomData })
    }
}
