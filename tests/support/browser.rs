//! A browser as a test needs one: it keeps cookies, names HTML in `Accept`, and fills in the forms of pages.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::replica::ELSEWHERE;
use super::{KEY, Reply, Server};

/// What a browser says that it takes.
pub const ACCEPT: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// The policy of every HTML reply.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https:; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Where the administration begins.
pub const SIGN_IN: &str = "/admin/sign-in";

/// A browser on one server.
pub struct Browser<'s> {
    server: &'s Server,
    cookies: RefCell<BTreeMap<String, String>>,
}

/// The fields of a form, in the order they are sent.
pub type Fields<'f> = &'f [(&'f str, &'f str)];

impl<'s> Browser<'s> {
    /// A browser without cookies.
    pub fn new(server: &'s Server) -> Browser<'s> {
        Browser { server, cookies: RefCell::default() }
    }

    /// A browser that is signed in as `username` with [`KEY`].
    pub fn signed_in(server: &'s Server, username: &str) -> Browser<'s> {
        let browser = Browser::new(server);
        let reply = browser.sign_in(KEY, username);
        assert_eq!((reply.status, reply.header("Location")), (303, Some("/admin")), "{reply:?}");
        browser
    }

    /// Opens the sign-in page and sends its form.
    pub fn sign_in(&self, key: &str, username: &str) -> Reply {
        let form = self.get(SIGN_IN);
        let token = hidden(&form.body, "csrf");
        self.submit(SIGN_IN, &[("csrf", &token), ("key", key), ("username", username)])
    }

    /// Another browser with the same cookies: a second tab.
    pub fn tab(&self) -> Browser<'s> {
        Browser { server: self.server, cookies: RefCell::new(self.cookies.borrow().clone()) }
    }

    /// GET.
    pub fn get(&self, path: &str) -> Reply {
        self.request("GET", path, None)
    }

    /// GET of a page that is there.
    #[track_caller]
    pub fn page(&self, path: &str) -> String {
        let reply = self.get(path);
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        reply.body
    }

    /// POST of these fields, and no others.
    pub fn submit(&self, path: &str, fields: Fields<'_>) -> Reply {
        let pairs: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        let kind = "application/x-www-form-urlencoded".to_owned();
        self.request("POST", path, Some((kind, pairs.join("&").into_bytes())))
    }

    /// POST of these fields with the token of this session.
    pub fn post(&self, path: &str, fields: Fields<'_>) -> Reply {
        let token = self.csrf();
        let mut all = vec![("csrf", token.as_str())];
        all.extend_from_slice(fields);
        self.submit(path, &all)
    }

    /// POST of these fields and a file as a form in parts, with the token of this session.
    pub fn post_file(&self, path: &str, fields: Fields<'_>, (name, content): (&str, &[u8])) -> Reply {
        const BOUNDARY: &str = "between-the-parts";
        let token = self.csrf();
        let mut body = Vec::new();
        for (name, value) in std::iter::once(&("csrf", token.as_str())).chain(fields) {
            let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
            body.extend_from_slice(format!("{head}{value}\r\n").as_bytes());
        }
        let head = format!("Content-Disposition: form-data; name=\"{name}\"; filename=\"lines.csv\"");
        body.extend_from_slice(format!("--{BOUNDARY}\r\n{head}\r\nContent-Type: text/csv\r\n\r\n").as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
        self.request("POST", path, Some((format!("multipart/form-data; boundary={BOUNDARY}"), body)))
    }

    /// POST that leads to another page, which is returned with its path.
    #[track_caller]
    pub fn post_through(&self, path: &str, fields: Fields<'_>) -> (String, String) {
        let reply = self.post(path, fields);
        assert_eq!(reply.status, 303, "{path}: {reply:?}");
        let to = reply.header("Location").expect("a place to go to").to_owned();
        let page = self.page(&to);
        (to, page)
    }

    /// The token that the forms of this session hold.
    #[track_caller]
    pub fn csrf(&self) -> String {
        hidden(&self.page("/admin/boards"), "csrf")
    }

    /// The cookie of a name.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.borrow().get(name).cloned()
    }

    /// Puts a cookie in the place of another.
    pub fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
    }

    fn request(&self, method: &str, path: &str, form: Option<(String, Vec<u8>)>) -> Reply {
        let cookies: Vec<String> =
            self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = self.server.anonymous(method, path).header("Accept", ACCEPT);
        if !cookies.is_empty() {
            request = request.header("Cookie", &cookies.join("; "));
        }
        if let Some((kind, form)) = form {
            request = request.header("Content-Type", &kind).bytes(form);
        }
        let reply = request.send();
        for (_, cookie) in reply.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("Set-Cookie")) {
            let pair = cookie.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').expect("a cookie has a value");
            self.set_cookie(name, value);
        }
        assert_safe(path, &reply);
        reply
    }
}

/// Fails unless a reply has what every reply to a browser has.
#[track_caller]
pub fn assert_safe(path: &str, reply: &Reply) {
    assert_eq!(reply.header("Content-Type"), Some("text/html; charset=utf-8"), "{path}: {reply:?}");
    assert_eq!(reply.header("Content-Security-Policy"), Some(POLICY), "{path}");
    assert_eq!(reply.header("Referrer-Policy"), Some("same-origin"), "{path}");
    assert_eq!(reply.header("X-Content-Type-Options"), Some("nosniff"), "{path}");
    assert!(reply.varies("Accept"), "{path}: {reply:?}");
    assert!(reply.header("X-Request-Id").is_some(), "{path}");
    if path.starts_with("/admin") {
        assert_eq!(reply.header("Cache-Control"), Some("no-store"), "{path}");
    }
    for tag in tags(&reply.body) {
        assert_ne!(tag.name, "style", "{path}");
        for (name, value) in &tag.attributes {
            assert!(name != "style" && !name.starts_with("on"), "{path}: {name} of {}", tag.name);
            let leads = ["href", "src", "action", "formaction"].contains(&name.as_str());
            let here = value.starts_with('/') && !value.starts_with("//") || value.starts_with('#');
            let picture = tag.name == "img" && value.starts_with("https://");
            let settings_say = tag.name == "a" && value.strip_suffix("/admin") == Some(ELSEWHERE);
            assert!(!leads || here || picture || settings_say, "{path}: {} leads to {value}", tag.name);
        }
        let script = tag.attributes.iter().any(|(name, value)| name == "src" && value.starts_with("/assets/"));
        assert!(tag.name != "script" || script, "{path}: a script that is no file");
    }
}

/// An element's start, as a browser reads it.
struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
}

/// All tags of a page. Whatever is not well-formed fails the test.
fn tags(html: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        let name: String = after.chars().take_while(|c| c.is_ascii_alphanumeric() || "!/".contains(*c)).collect();
        assert!(!name.is_empty(), "a bare < before {after:.80}");
        let mut attributes = Vec::new();
        rest = after[name.len()..].trim_start();
        while !rest.starts_with('>') {
            let end = rest.find(['=', ' ', '\n', '>']).expect("a tag ends");
            let attribute = rest[..end].to_owned();
            rest = &rest[end..];
            let mut value = "";
            if let Some(quoted) = rest.strip_prefix("=\"") {
                (value, rest) = quoted.split_once('"').expect("a value ends");
            } else if let Some(bare) = rest.strip_prefix('=') {
                (value, rest) = bare.split_at(bare.find([' ', '\n', '>']).expect("a tag ends"));
            }
            attributes.push((attribute, value.to_owned()));
            rest = rest.trim_start();
        }
        tags.push(Tag { name, attributes });
    }
    tags
}

/// The value of the first hidden field of that name.
#[track_caller]
pub fn hidden(page: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let at = page.find(&start).unwrap_or_else(|| panic!("no field {name}: {page}")) + start.len();
    unescape(page[at..].split('"').next().expect("a quote"))
}

/// All hidden fields of the form that is sent to `action`.
#[track_caller]
pub fn hidden_fields(page: &str, action: &str) -> Vec<(String, String)> {
    let start = format!("action=\"{action}\"");
    let form = &page[page.find(&start).unwrap_or_else(|| panic!("no form to {action}: {page}"))..];
    let form = form.split("</form>").next().expect("a form");
    let fields = form.match_indices("<input type=\"hidden\" name=\"").map(|(at, start)| {
        let rest = &form[at + start.len()..];
        let (name, rest) = rest.split_once("\" value=\"").expect("a value");
        (name.to_owned(), unescape(rest.split('"').next().expect("a quote")))
    });
    fields.collect()
}

/// A page's text as it is read, with what stands for markup turned back.
pub fn unescape(html: &str) -> String {
    let named = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#60;", "<"),
        ("&#62;", ">"),
    ];
    let text = named.iter().fold(html.to_owned(), |text, (from, to)| text.replace(from, to));
    text.replace("&#38;", "&").replace("&amp;", "&")
}

fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
