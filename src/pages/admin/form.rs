//! What a form sends: nothing of it is read before it has shown that a page of this session made it.

use rocket::data::{Data, FromData, Outcome};
use rocket::http::Status;
use rocket::request::Request;

use crate::domain::random_token;
use crate::pages::html::ErrorPage;
use crate::web::error::ApiError;
use crate::web::parameters::Parameters;
use crate::web::session::SignedIn;

/// A form that has come, from wherever.
pub struct SentForm(Parameters);

#[rocket::async_trait]
impl<'r> FromData<'r> for SentForm {
    type Error = ApiError;

    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r, SentForm> {
        Parameters::from_data(request, data).await.map(SentForm)
    }
}

impl SentForm {
    /// The form, if it is of a page that was made for this session.
    ///
    /// # Errors
    /// Its token is missing or another one.
    pub fn of(self, signed_in: &SignedIn) -> Result<Form, ErrorPage> {
        self.checked(|token| signed_in.sent(token)).ok_or_else(out_of_date)
    }

    /// The form, if its token passes.
    pub fn checked(self, passes: impl FnOnce(Option<&str>) -> bool) -> Option<Form> {
        passes(self.0.text("csrf")).then_some(Form { sent: self.0 })
    }
}

fn out_of_date() -> ErrorPage {
    const SENTENCE: &str =
        "The form is not of this session. Nothing was changed. Please open the page again and repeat it.";
    ErrorPage::new(Status::Forbidden, "This form is out of date", SENTENCE)
}

/// A form that this session has sent.
pub struct Form {
    sent: Parameters,
}

impl Form {
    /// A field as it was typed.
    pub fn typed(&self, name: &str) -> &str {
        self.sent.text(name).unwrap_or_default()
    }

    /// A field as it was typed, without the blanks around; `None` if nothing else is in it.
    pub fn filled(&self, name: &str) -> Option<&str> {
        Some(self.typed(name).trim()).filter(|text| !text.is_empty())
    }

    /// All values of a field of many.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.sent.texts(name).collect()
    }

    /// Writes a field over what was sent.
    pub fn set(&mut self, name: &str, text: impl Into<String>) {
        self.sent.set(name, text);
    }

    /// Makes the ends of lines what they were before a browser sent them.
    pub fn unify_lines(&mut self, name: &str) {
        if self.typed(name).contains('\r') {
            let text = self.typed(name).replace("\r\n", "\n");
            self.set(name, text);
        }
    }

    /// The parameters as the API would get them, where a blank field is one that was sent blank.
    pub fn parameters(&self) -> &Parameters {
        &self.sent
    }

    /// The parameters as the API would get them, without the fields that were left blank.
    pub fn filled_parameters(&self) -> Parameters {
        self.sent.without_blanks()
    }
}

/// A key for a form that stores something once, however often it is sent.
pub fn minted_key() -> Result<String, ApiError> {
    random_token().map_err(|error| {
        log::error!("no random numbers for a form: {error}");
        ApiError::Internal
    })
}

/// Why a form was refused: a sentence beside the field that it is about.
#[derive(Debug, Clone)]
pub struct Fault {
    /// The field.
    pub field: &'static str,
    /// What to do about it.
    pub sentence: String,
    /// The status of the reply.
    pub status: Status,
}

impl Fault {
    /// A refusal of what is well-formed.
    pub fn new(field: &'static str, sentence: impl Into<String>) -> Fault {
        Fault { field, sentence: sentence.into(), status: Status::UnprocessableEntity }
    }

    /// What the API says against a field. `name` is the field that holds the name, of which errors may speak.
    ///
    /// # Errors
    /// It is about something else than a field.
    pub fn of(error: ApiError, name: &'static str) -> Result<Fault, ErrorPage> {
        let (field, sentence) = match &error {
            ApiError::Missing(field) => (*field, "Please fill this in.".to_owned()),
            ApiError::Invalid(field) => (*field, accepted(field).to_owned()),
            ApiError::NameTaken => (name, "This name is taken.".to_owned()),
            ApiError::NameReserved => (name, "This name is kept for other use. Please take another.".to_owned()),
            ApiError::DatesReversed => ("to_date", "The last day is before the first.".to_owned()),
            ApiError::SameUser => ("into_id", "A user can't be merged with itself.".to_owned()),
            _ => return Err(error.into()),
        };
        Ok(Fault { field, sentence, status: error.status() })
    }

    /// The sentence, if it is about that field.
    pub fn about(fault: Option<&Fault>, field: &str) -> Option<String> {
        fault.filter(|fault| fault.field == field).map(|fault| fault.sentence.clone())
    }

    /// The status of a page that shows a form.
    pub fn status_of(fault: Option<&Fault>) -> Status {
        fault.map_or(Status::Ok, |fault| fault.status)
    }
}

/// What a field takes, for a person.
fn accepted(field: &str) -> &'static str {
    match field {
        "id" => "Enter a number from 1 to 2147483647.",
        "user_id" | "into_id" => "Enter a username of the directory, or a number from 1 to 2147483647.",
        "date" | "to_date" | "expires_on" => "Enter a day that exists, as YYYY-MM-DD.",
        "from_date" => "Enter a day that exists, as YYYY-MM-DD; a recalculation can't begin after today.",
        "points" => "Enter a whole number from −2147483648 to 2147483647.",
        "minimum_score" => "Enter a whole number.",
        "description" => "At most 10,000 characters fit here.",
        "username" | "by" => "A username has 1 to 60 characters, none of them a control character.",
        "name" | "filter" | "text" => "At most 255 characters fit here.",
        "avatar_template" => {
            "Enter a path that begins with / or an address that begins with https://, at most 2,000 characters."
        }
        "user_ids" => "On each line, enter a username of the directory or a user's number.",
        _ => "This makes no sense here.",
    }
}
