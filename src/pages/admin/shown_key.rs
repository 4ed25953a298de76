//! A new key, shown this once.

use askama::Template;

use super::frame::Frame;
use super::{Layout, command};
use crate::domain::{Permissions, PlainKey, Scope};
use crate::pages::address::Address;
use crate::pages::error_page::ErrorPage;
use crate::pages::html::Html;
use crate::web::requests::events::EVENTS;

#[derive(Template)]
#[template(path = "admin/new_key.html")]
struct NewKeyPage {
    layout: Layout,
    admin: Frame,
    /// `None` if the key was shown before.
    shown: Option<ShownKey>,
    id: i64,
    /// What becomes of the key whose place it takes.
    replaced: Option<String>,
}

struct ShownKey {
    plain: PlainKey,
    /// A command that tries the key and changes nothing, if the key may look at anything.
    curl: Option<String>,
}

/// A key that was just made.
pub struct JustMade<'k> {
    /// Its number.
    pub id: i64,
    /// The key itself; `None`: it was made and shown before.
    pub plain: Option<PlainKey>,
    /// What it may do.
    pub permissions: Permissions,
    /// The name to try it under.
    pub acting: &'k str,
    /// What becomes of the key whose place it takes.
    pub replaced: Option<String>,
}

/// The page that shows a key.
///
/// # Errors
/// The page can't be made.
pub fn page(admin: Frame, address: &Address, made: JustMade<'_>) -> Result<Html, ErrorPage> {
    let path = if made.permissions.holds(Scope::EventsRead) {
        Some(format!("{EVENTS}?limit=1"))
    } else {
        made.permissions.holds(Scope::Keys).then(|| "/admin/audit?limit=1".to_owned())
    };
    let shown = made.plain.map(|plain| ShownKey {
        curl: path.map(|path| command::request(address, "GET", &path, plain.reveal(), made.acting, None::<&()>)),
        plain,
    });
    let template = NewKeyPage { layout: admin.layout(), admin, shown, id: made.id, replaced: made.replaced };
    Ok(Html::new(&template)?.unkept())
}
