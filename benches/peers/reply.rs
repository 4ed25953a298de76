//! Just enough of HTTP/1.1 to know when a reply is whole and that it is a good one.

/// The reply that a connection waits for.
#[derive(Debug, Default)]
pub struct Incoming {
    /// The start of a head that came in pieces; empty for nearly every reply.
    head: Vec<u8>,
    /// What is still to come of the body, once its head is there.
    missing: Option<usize>,
}

impl Incoming {
    /// Takes what has come, and says whether the reply is whole.
    ///
    /// # Panics
    ///
    /// If it is anything but a 200 with a length: such a run would measure something else.
    pub fn is_whole_with(&mut self, bytes: &[u8]) -> bool {
        let missing = match self.missing {
            Some(missing) => missing.checked_sub(bytes.len()),
            None if self.head.is_empty() => match read_head(bytes) {
                Some(head) => (head.head + head.body).checked_sub(bytes.len()),
                None => {
                    self.head.extend_from_slice(bytes);
                    return false;
                }
            },
            None => {
                self.head.extend_from_slice(bytes);
                match read_head(&self.head) {
                    Some(head) => (head.head + head.body).checked_sub(self.head.len()),
                    None => return false,
                }
            }
        };
        let missing = missing.expect("no more than one reply to a request");
        self.head.clear();
        self.missing = (missing > 0).then_some(missing);
        missing == 0
    }
}

/// How many bytes a head and its body have.
struct Lengths {
    head: usize,
    body: usize,
}

/// Reads a head, if all of it is there.
fn read_head(bytes: &[u8]) -> Option<Lengths> {
    const LENGTH: &[u8] = b"content-length:";
    let mut at = 0;
    let mut body = None;
    loop {
        let end = at + bytes[at..].iter().position(|&byte| byte == b'\n')?;
        let line = bytes[at..end].trim_ascii_end();
        if at == 0 {
            assert!(
                line.starts_with(b"HTTP/1.1 200"),
                "a reply that fails the run: {}",
                String::from_utf8_lossy(bytes)
            );
        } else if line.is_empty() {
            return Some(Lengths { head: end + 1, body: body.expect("a reply with a length") });
        } else if line.len() > LENGTH.len() && line[..LENGTH.len()].eq_ignore_ascii_case(LENGTH) {
            let digits = str::from_utf8(line[LENGTH.len()..].trim_ascii()).ok();
            body = digits.and_then(|digits| digits.parse().ok());
        }
        at = end + 1;
    }
}
