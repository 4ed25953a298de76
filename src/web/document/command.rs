//! Commands that can be pasted into a shell, and JSON as people read it.

use super::operation::Operation;
use super::ordered::Ordered;
use super::signature::{Access, Content};

/// The curl command of an operation's sample, with the server's address and the key as the shell's `URL` and `KEY`. There is
/// none for what another program signs.
pub fn command(operation: &Operation) -> Option<String> {
    if operation.signature.access == Access::Signed {
        return None;
    }
    let mut words = vec!["curl".to_owned()];
    let is_stream = operation
        .signature
        .answers
        .iter()
        .any(|answer| matches!(answer.content, Content::Other("text/event-stream", _)));
    if is_stream {
        words.push("-N".to_owned());
    }
    if !operation.is_read() {
        words.push(format!("-X {}", operation.method));
    }
    let has_query = operation.uses_query() && !operation.sample.is_empty();
    let query = if has_query { format!("?{}", operation.sample) } else { String::new() };
    words.push(format!("\"$URL{}{query}\"", operation.sample_path()));
    let mut command = words.join(" ");
    if matches!(operation.signature.access, Access::Key(..)) {
        command.push_str(" \\\n  -H \"API-Key: $KEY\" -H 'API-Username: system'");
    }
    if !operation.uses_query() && !operation.sample.is_empty() {
        command.push_str(" \\\n  -H 'Content-Type: application/json' \\\n  -d '");
        command.push_str(operation.sample);
        command.push('\'');
    }
    Some(command)
}

/// JSON over several lines.
pub fn pretty(value: &Ordered) -> String {
    serde_json::to_string_pretty(value).expect("plain data has a JSON form")
}
