//! The document as JSON: OpenAPI 3.1.

use serde_json::{Value, json};

use super::Section;
use super::operation::Operation;
use super::ordered::Ordered;
use super::replies;
use super::shape::Shape;
use super::signature::{Access, Content, Takes};
use super::values::{self, Written};
use crate::domain::{IdempotencyKey, Scope};
use crate::web::kinds::{JsonType, Kind};

/// What an idempotency key is for.
pub const ABOUT_IDEMPOTENCY_KEY: &str = "1 to 255 visible ASCII characters. The same request under the same key within 7 days gets \
    the first answer again and stores nothing; other parameters under it are a 422.";

/// What is true of every request.
const RULES: &str = "Points of a community: events, scores, leaderboards.\n\n\
    * **Paths.** A path with `.json` behind it is the same resource, and `/admin/plugins/discourse-gamification` is another name of \
    `/admin/plugins/gamification`.\n\
    * **Parameters** come from the query, a form (`application/x-www-form-urlencoded`, or `multipart/form-data` with text parts) or a \
    JSON object, merged; the body wins. A GET takes them from its query alone. Unknown ones are passed over. A whole number may be \
    written in quotes, a text as a number or `true` or `false`. At most 1,000 parameters come with a request.\n\
    * **`HEAD`** is `GET` without a body. **`OPTIONS`** of a known path is 204 with `Allow`.\n\
    * **Replies** carry `X-Request-Id`; one that the client sent is kept. Replies of 1 KiB and more are compressed for a client \
    that accepts gzip, with `Vary: Accept-Encoding`. A reply that needed a key is `Cache-Control: private, no-store`.\n\
    * **Errors** are JSON with one sentence and an `error_type`. A 500 is a defect. Any request may hear 400 `tls_needed` where TLS is \
    spoken and it is not, and 503 `unavailable` while too much is being received.";

/// The whole document. `base` is the path under which the server is shown.
pub fn document(sections: &[Section], base: &str) -> Ordered {
    let tags = sections.iter().map(|section| json!({"name": section.name, "description": section.about}).into());
    Ordered::object()
        .with("openapi", "3.1.0")
        .with(
            "info",
            Ordered::object()
                .with("title", "scorekeeper")
                .with("version", env!("CARGO_PKG_VERSION"))
                .with("summary", "Gives, corrects and redeems a community's points")
                .with("description", RULES)
                .with("license", json!({"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"})),
        )
        .with("servers", json!([{"url": if base.is_empty() { "/" } else { base }}]))
        .with("tags", tags.collect::<Vec<Ordered>>())
        .with("paths", paths(sections))
        .with("components", components(sections))
}

fn paths(sections: &[Section]) -> Ordered {
    let mut paths: Vec<(String, Ordered)> = Vec::new();
    for section in sections {
        for operation in &section.operations {
            let method = operation.method.as_str().to_ascii_lowercase();
            let described = describe(section, operation);
            match paths.iter_mut().find(|(path, _)| *path == operation.path) {
                Some((_, item)) => *item = std::mem::replace(item, Ordered::object()).with(method, described),
                None => paths.push((operation.path.clone(), Ordered::object().with(method, described))),
            }
        }
    }
    Ordered::of(paths)
}

fn describe(section: &Section, operation: &Operation) -> Ordered {
    let details = Some(operation.details).filter(|details| !details.is_empty());
    let parameters = parameters(operation);
    Ordered::object()
        .with("operationId", operation.id)
        .with("summary", operation.summary)
        .with_some("description", details)
        .with("tags", json!([section.name]))
        .with("security", security(operation))
        .with_some("parameters", Some(parameters).filter(|parameters| !parameters.is_empty()).map(Ordered::List))
        .with_some("requestBody", body(operation))
        .with("responses", replies::of(operation))
}

/// What a caller has to show. The scopes stand with the key, as the roles that it needs.
fn security(operation: &Operation) -> Value {
    let with_scopes = |scopes: Vec<&str>| {
        json!([
            {"ApiKey": scopes, "ApiUsername": []},
            {"Bearer": scopes, "ApiUsername": []},
            {"ApiKey": scopes},
            {"Bearer": scopes},
        ])
    };
    match operation.signature.access {
        Access::Anyone => json!([]),
        Access::Signed => json!([{"ForumSignature": []}]),
        Access::Reader => {
            let mut all = with_scopes(vec![Scope::EventsRead.name()]);
            if let Some(ways) = all.as_array_mut() {
                ways.insert(0, json!({}));
            }
            all
        }
        Access::Key(any_of, all_of) => {
            // Where one of several is enough, the points decide which; the description says so.
            let fixed = if any_of.len() > 1 { &[] } else { any_of };
            with_scopes(fixed.iter().chain(all_of).map(|scope| scope.name()).collect())
        }
    }
}

fn parameters(operation: &Operation) -> Vec<Ordered> {
    let mut parameters = Vec::new();
    let mut numbers = operation.signature.path.iter();
    for name in operation.path_names() {
        let (about, schema) = match operation.parts.iter().find(|(part, ..)| *part == name) {
            Some((_, about, example)) => ((*about).to_owned(), json!({"type": "string", "examples": [example]})),
            None => numbers.next().map_or_else(Default::default, number),
        };
        let parameter = Ordered::object().with("name", name).with("in", "path").with("required", true);
        parameters.push(parameter.with("description", about).with("schema", schema));
    }
    if operation.uses_query() {
        for field in operation.signature.fields {
            let parameter = Ordered::object().with("name", field.name).with("in", "query");
            let parameter = parameter.with("description", values::sentence(field));
            parameters.push(parameter.with("schema", values::schema(field, Written::Query)));
        }
    }
    if operation.signature.once {
        parameters.push(json!({"$ref": "#/components/parameters/Idempotency-Key"}).into());
    }
    parameters
}

/// A number in a path. Anything else there is answered with 404.
fn number(kind: &Kind) -> (String, Value) {
    let mut schema = match kind.json {
        JsonType::Integer { min, max } => json!({"type": "integer", "minimum": min, "maximum": max}),
        _ => json!({"type": "integer"}),
    };
    schema["examples"] = json!([values::literal(kind, kind.example)]);
    (format!("Accepted: {}.", kind.accepted), schema)
}

/// The body. The same parameters may come in the query, too.
fn body(operation: &Operation) -> Option<Ordered> {
    if operation.signature.takes == Takes::Foreign {
        let content = json!({"application/json": {"schema": {"type": "object"}}});
        return Some(Ordered::object().with("required", true).with("content", content));
    }
    let fields = operation.signature.fields;
    if operation.uses_query() || fields.is_empty() {
        return None;
    }
    let sample: Option<Value> = serde_json::from_str(operation.sample).ok();
    let media = |written: Written, schema: Ordered| {
        let media = Ordered::object().with("schema", schema);
        media.with_some("example", sample.clone().filter(|_| written == Written::Json))
    };
    let mut content =
        Ordered::object().with("application/json", media(Written::Json, values::object(fields, Written::Json)));
    if operation.signature.takes == Takes::Parameters {
        let form = values::object(fields, Written::Form);
        // The name of a part stands in a header, which holds no control characters.
        let parts = form.clone().with("propertyNames", json!({"pattern": r"^[^\u0000-\u0008\u000a-\u001f\u007f]*$"}));
        content = content.with("application/x-www-form-urlencoded", media(Written::Form, form));
        content = content.with("multipart/form-data", media(Written::Form, parts));
    }
    Some(Ordered::object().with("required", fields.iter().any(values::is_required)).with("content", content))
}

fn components(sections: &[Section]) -> Ordered {
    let key = |about: &str| json!({"type": "string", "description": about});
    let idempotency = json!({
        "name": "Idempotency-Key", "in": "header",
        "description": ABOUT_IDEMPOTENCY_KEY,
        "schema": {"type": "string", "pattern": format!("^[!-~]{{1,{}}}$", IdempotencyKey::BYTES_MAX), "examples": ["order-1071"]},
    });
    let replies = replies::of_any_request().map(|(name, error)| (name.to_owned(), replies::of_errors(&[error])));
    Ordered::object()
        .with("schemas", Ordered::of(shapes(sections).into_iter().map(|shape| (shape.name.to_owned(), shape.schema()))))
        .with("responses", Ordered::of(replies))
        .with("parameters", json!({"Idempotency-Key": idempotency}))
        .with(
            "headers",
            json!({
                "X-Request-Id": {"required": true, "description": "The id of the request, as in the log.", "schema": key("An id")},
                "Retry-After": {"description": "After how many seconds to try again.", "schema": {"type": "integer", "minimum": 0}},
            }),
        )
        .with(
            "securitySchemes",
            json!({
                "ApiKey": {"type": "apiKey", "in": "header", "name": "API-Key", "description": "The API key."},
                "ApiUsername": {"type": "apiKey", "in": "header", "name": "API-Username", "description":
                    "Who acts. Needed with a key for all users; a key for one username may do without."},
                "ForumSignature": {"type": "apiKey", "in": "header", "name": "X-Discourse-Event-Signature", "description":
                    "`sha256=` and the HMAC-SHA256 of the body in hexadecimal digits."},
                "Bearer": {"type": "http", "scheme": "bearer", "description": "The API key in another header; `API-Key` beats it."},
            }),
        )
}

/// Every shape once, in the order of the operations.
fn shapes(sections: &[Section]) -> Vec<&'static Shape> {
    let answers = sections.iter().flat_map(|section| &section.operations).flat_map(|one| &one.signature.answers);
    let of_answers = answers.flat_map(|answer| match &answer.content {
        Content::Json(of) => of.shapes(),
        Content::Nothing | Content::Other(..) => Vec::new(),
    });
    let mut shapes: Vec<&'static Shape> = Vec::new();
    for shape in of_answers.chain(replies::shapes()) {
        if shapes.iter().all(|known| known.name != shape.name) {
            shapes.push(shape);
        }
    }
    shapes
}
