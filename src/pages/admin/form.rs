//! What a form sends. Nothing of it is read before its token has shown that a page of this session made it.

use rocket::data::{Data, FromData, Outcome};
use rocket::http::Status;
use rocket::request::Request as HttpRequest;

use super::again::Again;
use crate::domain::random_token;
use crate::pages::error_page::ErrorPage;
use crate::store::StoreError;
use crate::web::error::ApiError;
use crate::web::key_refusal;
use crate::web::parameters::Parameters;
use crate::web::request::Request;
use crate::web::session::{self, SignedIn};

/// A form that was sent, wherever it comes from.
pub struct SentForm {
    sent: Parameters,
    /// Whether a page of another site has sent it.
    is_foreign: bool,
    /// The path that it was sent to.
    path: String,
}

#[rocket::async_trait]
impl<'r> FromData<'r> for SentForm {
    type Error = ApiError;

    async fn from_data(request: &'r HttpRequest<'_>, data: Data<'r>) -> Outcome<'r, SentForm> {
        let (is_foreign, path) = (is_of_another_site(request), request.uri().path().to_string());
        Parameters::from_data(request, data).await.map(|sent| SentForm { sent, is_foreign, path })
    }
}

impl SentForm {
    /// The form, if it comes from a page that was made for this session.
    ///
    /// # Errors
    /// Its token is missing or wrong.
    pub fn of(self, signed_in: &SignedIn) -> Result<Form, ErrorPage> {
        if signed_in.sent(self.sent.text("csrf")) {
            return Ok(Form { sent: self.sent });
        }
        let owner = self.sent.text("csrf").and_then(session::owner_of_form);
        let own = !self.is_foreign && owner.is_some_and(|owner| owner == signed_in.actor.username);
        let page = out_of_date();
        Err(if own { page.with_form(Again::new(&self.path, self.sent.all_texts())) } else { page })
    }

    /// The form, if its token passes.
    pub fn checked(self, passes: impl FnOnce(Option<&str>) -> bool) -> Option<Form> {
        passes(self.sent.text("csrf")).then_some(Form { sent: self.sent })
    }
}

/// Whether a browser says that a page of another site has sent a request. Only old browsers do not say it.
pub fn is_of_another_site(request: &HttpRequest<'_>) -> bool {
    request.headers().get_one("Sec-Fetch-Site").is_some_and(|site| !matches!(site, "same-origin" | "none"))
}

fn out_of_date() -> ErrorPage {
    const SENTENCE: &str = "The form is not of this session, so nothing was changed.";
    ErrorPage::new(Status::Forbidden, "This form is out of date", SENTENCE)
}

/// A form that this session has sent.
#[derive(Debug)]
pub struct Form {
    sent: Parameters,
}

impl Form {
    /// A field as it was typed.
    pub fn typed(&self, name: &str) -> &str {
        self.sent.text(name).unwrap_or_default()
    }

    /// A field as it was typed, without blanks at its ends; `None` if it is blank.
    pub fn filled(&self, name: &str) -> Option<&str> {
        Some(self.typed(name).trim()).filter(|text| !text.is_empty())
    }

    /// A file that was chosen; `None` if none was.
    pub fn file(&self, name: &str) -> Option<&[u8]> {
        self.sent.file(name)
    }

    /// All values of a field that may have several.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.sent.texts(name).collect()
    }

    /// Sets a field, whatever was sent for it.
    pub fn set(&mut self, name: &str, text: impl Into<String>) {
        self.sent.set(name, text);
    }

    /// Undoes what a browser does to the ends of lines when it sends them.
    pub fn unify_lines(&mut self, name: &str) {
        if self.typed(name).contains('\r') {
            let text = self.typed(name).replace("\r\n", "\n");
            self.set(name, text);
        }
    }

    /// Reads the form as a request of the API, where a blank field is one that was sent blank.
    ///
    /// # Errors
    /// See [`Request::read`].
    pub fn read<R: Request>(&self) -> Result<R, ApiError> {
        R::read(&self.sent)
    }

    /// Reads the form as a request of the API, without the fields that were left blank.
    ///
    /// # Errors
    /// See [`Request::read`].
    pub fn read_filled<R: Request>(&self) -> Result<R, ApiError> {
        R::read(&self.sent.without_blanks())
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

/// What is wrong with a form: a sentence beside the field that it is about.
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
    /// A fault in a form whose fields are right, each by itself.
    pub fn new(field: &'static str, sentence: impl Into<String>) -> Fault {
        Fault { field, sentence: sentence.into(), status: Status::UnprocessableEntity }
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

/// Why a form was refused.
#[derive(Debug)]
pub enum FormRefusal {
    /// Something is wrong in it. The form is shown again, with a sentence beside the field.
    Fault(Fault),
    /// Something that no other input would fix. A page of its own says so.
    Page(ErrorPage),
}

impl FormRefusal {
    /// The refusal that an error makes of a form. `name` is the field with the name of what is stored, since errors may
    /// be about that name. It is empty if the form has no name.
    pub fn of(error: impl Into<ApiError>, name: &'static str) -> FormRefusal {
        let error = error.into();
        let (field, sentence) = match &error {
            ApiError::Missing(field) => (*field, "Please fill this in.".to_owned()),
            ApiError::Invalid { name, accepted } => (*name, format!("Enter {}.", by_name(name).unwrap_or(accepted))),
            ApiError::NameTaken => (name, "This name is taken.".to_owned()),
            ApiError::NumberTaken => ("id", "This ID is taken.".to_owned()),
            ApiError::NameReserved => (name, "This name is kept for other use. Please take another.".to_owned()),
            ApiError::Key(refusal) => (key_refusal::field(refusal), error.sentence()),
            ApiError::DatesReversed => ("to_date", "The last day is before the first.".to_owned()),
            ApiError::SameUser => ("into_id", "A user can't be merged with itself.".to_owned()),
            _ => return FormRefusal::Page(error.into()),
        };
        FormRefusal::Fault(Fault { field, sentence, status: error.status() })
    }

    /// The page that says it where there is no form to show again.
    pub fn into_page(self) -> ErrorPage {
        match self {
            FormRefusal::Fault(Fault { sentence, status, .. }) => {
                ErrorPage::new(status, "This can't be done", sentence)
            }
            FormRefusal::Page(page) => page,
        }
    }

    /// The fault with which the form is shown again.
    ///
    /// # Errors
    /// The page that says what no other input would fix.
    pub fn fault(self) -> Result<Fault, ErrorPage> {
        match self {
            FormRefusal::Fault(fault) => Ok(fault),
            FormRefusal::Page(page) => Err(page),
        }
    }
}

impl From<Fault> for FormRefusal {
    fn from(fault: Fault) -> FormRefusal {
        FormRefusal::Fault(fault)
    }
}

impl From<ErrorPage> for FormRefusal {
    fn from(page: ErrorPage) -> FormRefusal {
        FormRefusal::Page(page)
    }
}

impl From<StoreError> for FormRefusal {
    fn from(error: StoreError) -> FormRefusal {
        FormRefusal::Page(error.into())
    }
}

/// What a page puts into its form.
#[derive(Debug, Clone, Copy)]
pub enum Filling<'f> {
    /// What is stored.
    Stored,
    /// What was sent, with what is wrong in it.
    Refused(&'f Form, &'f Fault),
}

impl<'f> Filling<'f> {
    /// What a field holds, given what is stored.
    pub fn value(&self, name: &str, stored: impl Into<String>) -> String {
        match self {
            Filling::Stored => stored.into(),
            Filling::Refused(form, _) => form.typed(name).to_owned(),
        }
    }

    /// Whether a box is ticked, given what is stored.
    pub fn flag(&self, name: &str, stored: bool) -> bool {
        match self {
            Filling::Stored => stored,
            Filling::Refused(form, _) => form.typed(name) == "true",
        }
    }

    /// What is wrong in the form.
    pub fn fault(&self) -> Option<&'f Fault> {
        match self {
            Filling::Stored => None,
            Filling::Refused(_, fault) => Some(fault),
        }
    }

    /// The status of the page.
    pub fn status(&self) -> Status {
        Fault::status_of(self.fault())
    }
}

/// What a field accepts that can also be filled with a name: the forms know users by username where the API knows them
/// by number.
fn by_name(field: &str) -> Option<&'static str> {
    match field {
        "user_id" | "into_id" => Some("a username, a full name or a user ID from 1 to 2147483647"),
        "user_ids" => Some("on each line a username, a full name or a user ID, at most 100,000 of them"),
        _ => None,
    }
}
