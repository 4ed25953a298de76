//! The question before what can't be undone: a page of its own, so that it needs no JavaScript.

use askama::Template;

use super::{Frame, Layout};
use crate::pages::html::{ErrorPage, Html};

/// A question with a button that does it and a link that does not.
#[derive(Template)]
#[template(path = "admin/confirm.html")]
pub struct Confirm {
    layout: Layout,
    admin: Frame,
    question: String,
    consequence: &'static str,
    facts: Vec<(&'static str, String)>,
    hidden: Vec<(&'static str, String)>,
    action: String,
    button: &'static str,
    back: String,
}

impl Confirm {
    /// A question, what follows from a yes, the path that a yes is sent to, and where a no leads.
    pub fn new(
        admin: Frame,
        question: String,
        consequence: &'static str,
        button: &'static str,
        action: String,
        back: String,
    ) -> Confirm {
        let (facts, hidden) = (Vec::new(), Vec::new());
        Confirm { layout: admin.layout(), admin, question, consequence, facts, hidden, action, button, back }
    }

    /// With something to know before answering.
    pub fn fact(mut self, name: &'static str, value: impl Into<String>) -> Confirm {
        self.facts.push((name, value.into()));
        self
    }

    /// With something that is sent along with a yes.
    pub fn hidden(mut self, name: &'static str, value: impl Into<String>) -> Confirm {
        self.hidden.push((name, value.into()));
        self
    }

    /// The page.
    pub fn page(self) -> Result<Html, ErrorPage> {
        Ok(Html::new(&self)?.unkept())
    }
}
