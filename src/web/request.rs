//! What a route takes. It is declared once: the declaration is the parser, gives the sentence of each error, and can be
//! listed for a document of the API.

use std::marker::PhantomData;

use rocket::data::{Data, FromData, Outcome};
use rocket::request::Request as HttpRequest;

use super::error::ApiError;
use super::kinds::Kind;
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
}

/// Whether a parameter has to be there, and how often it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldNeed {
    /// Sent once. It is refused if it is missing, null or blank.
    Required,
    /// Once or not at all.
    Optional,
    /// Once or not at all, and not blank.
    Filled,
    /// Once or not at all; what can't be read counts as not there.
    Lenient,
    /// Any number of them; none is an empty list.
    List,
    /// Any number of them. An absent list is not the same as an empty one.
    OptionalList,
    /// Sent not at all, once, or as a list of at most 100 values of which any may match. It must not be blank.
    AnyOf,
}

/// Refuses the first required parameter that is missing.
pub fn require(parameters: &Parameters, fields: &[Field]) -> Result<(), ApiError> {
    let required = fields.iter().filter(|field| field.need == FieldNeed::Required);
    required.map(|field| field.name).try_for_each(|name| parameters.require(&[name]))
}

/// Declares a typed request: a struct. Each of its fields says what is needed (`required`, `optional`, `filled`,
/// `lenient`, `list`, `optional_list` or `any_of`, see [`FieldNeed`]), its name and its type. Its doc comment says what
/// it means.
macro_rules! request {
    (
        $(#[doc = $doc:literal])+
        $vis:vis struct $name:ident {
            $($(#[doc = $about:literal])+ $need:ident $field:ident: $type:ty,)+
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
                need: $crate::web::request::request!(@need $need),
                kind: <$type as $crate::web::kinds::Parameter>::KIND,
            }),+];

            fn read(
                parameters: &$crate::web::parameters::Parameters,
            ) -> Result<Self, $crate::web::error::ApiError> {
                $crate::web::request::require(parameters, Self::FIELDS)?;
                Ok($name { $($field: $crate::web::request::request!(@read $need parameters, stringify!($field)),)+ })
            }
        }
    };
    (@type required $type:ty) => { $type };
    (@type optional $type:ty) => { Option<$type> };
    (@type filled $type:ty) => { Option<$type> };
    (@type lenient $type:ty) => { Option<$type> };
    (@type list $type:ty) => { Vec<$type> };
    (@type optional_list $type:ty) => { Option<Vec<$type>> };
    (@type any_of $type:ty) => { Vec<$type> };
    (@need required) => { $crate::web::request::FieldNeed::Required };
    (@need optional) => { $crate::web::request::FieldNeed::Optional };
    (@need filled) => { $crate::web::request::FieldNeed::Filled };
    (@need lenient) => { $crate::web::request::FieldNeed::Lenient };
    (@need list) => { $crate::web::request::FieldNeed::List };
    (@need optional_list) => { $crate::web::request::FieldNeed::OptionalList };
    (@need any_of) => { $crate::web::request::FieldNeed::AnyOf };
    (@read required $parameters:expr, $name:expr) => { $parameters.required($name)? };
    (@read optional $parameters:expr, $name:expr) => { $parameters.optional($name)? };
    (@read filled $parameters:expr, $name:expr) => { $parameters.filled($name)? };
    (@read lenient $parameters:expr, $name:expr) => { $parameters.optional($name).ok().flatten() };
    (@read list $parameters:expr, $name:expr) => { $parameters.list($name)? };
    (@read any_of $parameters:expr, $name:expr) => { $parameters.any_of($name)? };
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
