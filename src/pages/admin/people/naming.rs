//! `/admin/people/users/ID/name`: a username for somebody who has points and no name, typed into the list of these people.

use rocket::{State, post};

use super::page;
use crate::actions::{Existence, Refusal};
use crate::domain::UserId;
use crate::pages::address::Address;
use crate::pages::admin::form::{Fault, Form, FormRefusal, SentForm};
use crate::pages::admin::frame::{Frame, Tab};
use crate::pages::admin::go;
use crate::pages::browser::Browser;
use crate::pages::error_page::ErrorPage;
use crate::pages::html::Html;
use crate::store::directory::UserChange;
use crate::web::App;
use crate::web::caller::need;
use crate::web::kinds::PageNumber;
use crate::web::parameters::Parameters;
use crate::web::path::UserIdPath;
use crate::web::request::Request;
use crate::web::requests::directory::PutUser;
use crate::web::session::SignedIn;
use crate::web::signed_in_for::SignedInFor;

/// Names the user, who must not have a name yet.
async fn named(app: &App, me: &SignedIn, id: UserId, form: &Form) -> Result<(), FormRefusal> {
    let mut parameters = Parameters::default();
    parameters.set("username", form.typed("username"));
    let PutUser { username, .. } = PutUser::read(&parameters).map_err(|error| FormRefusal::of(error, "username"))?;
    let change = UserChange { username, ..UserChange::default() };
    match app.actions.put_user(&me.actor, id, change, Existence::New).await {
        Ok(()) => Ok(()),
        Err(Refusal::NumberTaken) => Err(Fault::new("username", "Somebody has just named this person.").into()),
        Err(refusal) => Err(FormRefusal::of(refusal, "username")),
    }
}

/// Names a person and comes back to the same place of the list.
#[post("/admin/people/users/<id>/name", data = "<form>")]
pub async fn name(
    _browser: Browser,
    editor: SignedInFor<need::NameUsers>,
    address: Address,
    app: &State<App>,
    id: UserIdPath,
    form: SentForm,
) -> Result<Html, ErrorPage> {
    let me = editor.0;
    let form = form.of(&me)?;
    let id = id.known()?;
    let place = form.parameters().optional::<PageNumber>("page").ok().flatten().map_or(0, PageNumber::get);
    match named(app, &me, id, &form).await {
        Ok(()) => Ok(go(&format!("{}?names=missing&page={place}", Tab::People.path()), "user-saved")),
        Err(refusal) => {
            let fault = refusal.fault()?;
            let mut parameters = Parameters::default();
            parameters.set("names", "missing");
            parameters.set("page", place.to_string());
            let refused = Some((id, form.typed("username"), &fault));
            page(app, Frame::new(Tab::People, &me), address, &parameters, refused).await
        }
    }
}
