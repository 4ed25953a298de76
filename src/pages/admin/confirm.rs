//! The question before a step that can't be undone. It is a page of its own, so that it needs no JavaScript.

use askama::Template;

use super::Layout;
use super::frame::Frame;
use crate::pages::error_page::ErrorPage;
use crate::pages::html::Html;

/// A question with a button that says yes and a link that says no.
pub struct Confirmation {
    /// What is asked, as the heading of the page.
    pub question: String,
    /// What follows from a yes.
    pub consequence: &'static str,
    /// What to know before answering: names and values.
    pub facts: Vec<(&'static str, String)>,
    /// Fields that are sent along with a yes.
    pub hidden: Vec<(&'static str, String)>,
    /// What the button of a yes says.
    pub button: &'static str,
    /// The path that a yes is sent to.
    pub action: String,
    /// The path that a no leads to.
    pub back: String,
}

#[derive(Template)]
#[template(path = "admin/confirm.html")]
struct ConfirmPage {
    layout: Layout,
    admin: Frame,
    ask: Confirmation,
}

impl Confirmation {
    /// The page that asks.
    ///
    /// # Errors
    /// The page can't be made.
    pub fn page(self, admin: Frame) -> Result<Html, ErrorPage> {
        Ok(Html::new(&ConfirmPage { layout: admin.layout(), admin, ask: self })?.unkept())
    }
}
