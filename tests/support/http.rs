//! A request as a test writes it, and its reply, read whole.

use serde_json::Value;

use super::Server;

/// A request on its way.
pub struct Request<'s> {
    server: &'s Server,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl<'s> Request<'s> {
    /// A request without headers and body.
    pub fn new(server: &'s Server, method: &str, path: &str) -> Request<'s> {
        Request { server, method: method.to_owned(), path: path.to_owned(), headers: Vec::new(), body: None }
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A JSON body with its content type.
    pub fn json(self, body: &Value) -> Self {
        self.header("Content-Type", "application/json").bytes(body.to_string())
    }

    /// A form body with its content type, as it stands.
    pub fn form(self, body: &str) -> Self {
        self.header("Content-Type", "application/x-www-form-urlencoded").bytes(body)
    }

    /// A body as it stands, with no content type of its own.
    pub fn bytes(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Sends the request and reads the whole reply.
    pub fn send(self) -> Reply {
        self.try_send().expect("the server answers")
    }

    /// Like [`Request::send`], for servers that may be killed meanwhile.
    pub fn try_send(self) -> Result<Reply, ureq::Error> {
        let mut request = ureq::http::Request::builder().method(self.method.as_str()).uri(format!(
            "{}{}",
            self.server.url(),
            self.path
        ));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let mut answer = match self.body {
            Some(body) => self.server.agent.run(request.body(body).expect("a valid request"))?,
            None => self.server.agent.run(request.body(()).expect("a valid request"))?,
        };
        let headers = answer
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let status = answer.status().as_u16();
        let body = answer.body_mut().with_config().limit(64 << 20).read_to_string()?;
        Ok(Reply { status, headers, body })
    }
}

/// A reply, read whole.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Reply {
    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Whether the reply says that it depends on that header of a request.
    pub fn varies(&self, name: &str) -> bool {
        self.header("Vary").is_some_and(|value| value.split(", ").any(|said| said == name))
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|fault| panic!("not JSON ({fault}), status {}: {}", self.status, self.body))
    }

    /// The value of `error_type`.
    pub fn error_type(&self) -> String {
        self.json()["error_type"].as_str().unwrap_or_default().to_owned()
    }

    /// The sentence of the error.
    pub fn error(&self) -> String {
        self.json()["errors"][0].as_str().unwrap_or_default().to_owned()
    }

    /// Fails unless the reply is the error that the contract words exactly so.
    #[track_caller]
    pub fn assert_error(&self, status: u16, error_type: &str, sentence: &str) {
        assert_eq!(
            (self.status, self.error_type().as_str(), self.error().as_str()),
            (status, error_type, sentence),
            "{self:?}"
        );
        self.assert_api_reply();
    }

    /// Fails unless the reply has what every reply of the API has.
    #[track_caller]
    pub fn assert_api_reply(&self) {
        assert_eq!(self.header("Content-Type"), Some("application/json; charset=utf-8"), "{self:?}");
        assert!(self.header("X-Request-Id").is_some_and(|id| !id.is_empty()), "{self:?}");
        self.json();
    }
}
