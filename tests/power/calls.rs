//! The text that strace writes, as system calls.

use std::collections::{HashMap, HashSet};

/// An argument of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    /// A number, a flag, a descriptor, or something with parts.
    Word(String),
    /// A text between quotes, as bytes.
    Bytes(Vec<u8>),
}

/// A system call of one of the processes that were recorded.
#[derive(Debug)]
pub struct Call {
    pub name: String,
    pub arguments: Vec<Argument>,
    /// The texts within arguments that have parts.
    pub inner: Vec<Vec<u8>>,
    /// What it returned; `None`: an error, or the process ended before.
    pub result: Option<i64>,
    /// Whether it returned, if with an error. What it has done is not known otherwise.
    pub has_ended: bool,
}

impl Call {
    /// The text of an argument that is no bytes.
    pub fn word(&self, at: usize) -> &str {
        match self.arguments.get(at) {
            Some(Argument::Word(word)) => word,
            _ => "",
        }
    }

    pub fn number(&self, at: usize) -> Option<i64> {
        self.word(at).parse().ok()
    }

    pub fn bytes(&self, at: usize) -> Option<&[u8]> {
        match self.arguments.get(at) {
            Some(Argument::Bytes(bytes)) => Some(bytes),
            _ => None,
        }
    }

    /// The path behind a descriptor: `3</tmp/file>`. `None`: it is no file, or one without a name.
    pub fn path(&self, at: usize) -> Option<&str> {
        let (_, rest) = self.word(at).split_once('<')?;
        rest.strip_suffix('>')
    }

    /// All that was written, whether in one piece or in several.
    pub fn first_text(&self) -> Option<&[u8]> {
        let whole = self.arguments.iter().find_map(|argument| match argument {
            Argument::Bytes(bytes) => Some(bytes.as_slice()),
            Argument::Word(_) => None,
        });
        whole.or_else(|| self.inner.first().map(Vec::as_slice))
    }
}

/// How the name of what stands for the good end of a process begins.
pub const ENDED: &str = "+++ exited with 0";

/// A moment: a call begins or ends. The number is that of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    Begins(usize),
    Ends(usize),
}

/// What several processes called, in one order.
#[derive(Debug, Default)]
pub struct Calls {
    pub calls: Vec<Call>,
    pub moments: Vec<Moment>,
}

impl Calls {
    /// Reads the files of strace (`-f -y -ttt`). What one process did because of what another had done has a later time.
    pub fn read(files: &[String]) -> Calls {
        let mut lines: Vec<(f64, usize, &str)> = Vec::new();
        let firsts = files.iter().filter_map(|file| file.split(' ').next()?.parse().ok());
        let processes: HashSet<usize> = firsts.collect();
        for line in files.iter().flat_map(|file| file.lines()) {
            let Some((thread, rest)) = line.split_once(' ') else { continue };
            let Some((time, rest)) = rest.trim_start().split_once(' ') else { continue };
            let (Ok(thread), Ok(time)) = (thread.parse(), time.parse()) else { continue };
            lines.push((time, thread, rest));
        }
        lines.sort_by(|one, other| one.0.total_cmp(&other.0));
        let mut read = Calls::default();
        let mut begun: HashMap<usize, (usize, &str)> = HashMap::new();
        for (_, thread, line) in lines {
            if line.starts_with("---") || line.starts_with("+++") && !processes.contains(&thread) {
                continue;
            }
            if let Some(start) = line.strip_suffix(" <unfinished ...>") {
                begun.insert(thread, (read.calls.len(), start));
                read.moments.push(Moment::Begins(read.calls.len()));
                // What it returns is not known yet, and never will be if the process ends.
                read.calls.push(parse(start));
            } else if let Some((_, end)) = line.strip_prefix("<... ").and_then(|line| line.split_once(" resumed>")) {
                let Some((number, start)) = begun.remove(&thread) else { continue };
                read.calls[number] = parse(&format!("{start}{end}"));
                read.moments.push(Moment::Ends(number));
            } else {
                // The end of a process is like a call.
                let number = read.calls.len();
                read.calls.push(parse(line));
                read.moments.extend([Moment::Begins(number), Moment::Ends(number)]);
            }
        }
        read
    }
}

/// Reads `name(arguments) = result`, of which the end may be missing.
fn parse(line: &str) -> Call {
    let (name, rest) = line.split_once('(').unwrap_or((line, ""));
    let mut call =
        Call { name: name.to_owned(), arguments: Vec::new(), inner: Vec::new(), result: None, has_ended: false };
    let bytes = rest.as_bytes();
    let (mut at, mut depth, mut word) = (0, 0_u32, String::new());
    let mut text: Option<Vec<u8>> = None;
    while at < bytes.len() {
        let byte = bytes[at];
        at += 1;
        match byte {
            b'"' => {
                let (found, end) = quoted(bytes, at);
                at = end;
                assert!(!bytes[at..].starts_with(b"..."), "strace has cut a text short: {}", call.name);
                if depth == 0 { text = Some(found) } else { call.inner.push(found) }
            }
            // The name of a file stands as it is.
            b'<' => {
                let end = bytes[at..].iter().position(|byte| *byte == b'>').map_or(bytes.len(), |end| at + end + 1);
                word.push_str(&rest[at - 1..end]);
                at = end;
            }
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' | b')' if depth == 0 => {
                let word = std::mem::take(&mut word);
                call.arguments
                    .push(text.take().map_or_else(|| Argument::Word(word.trim().to_owned()), Argument::Bytes));
                if byte == b')' {
                    break;
                }
            }
            _ => word.push(char::from(byte)),
        }
    }
    if at == bytes.len() && !rest.ends_with(')') && (text.is_some() || !word.trim().is_empty()) {
        call.arguments.push(text.take().map_or_else(|| Argument::Word(word.trim().to_owned()), Argument::Bytes));
    }
    let result = rest[at..].trim_start().strip_prefix("= ").map(|result| {
        let end = result.find([' ', '<']).unwrap_or(result.len());
        result[..end].parse::<i64>()
    });
    call.has_ended = rest[at..].trim_start().starts_with("= ") && !rest[at..].contains("= ?");
    call.result = result.and_then(Result::ok).filter(|result| *result >= 0);
    call
}

/// Reads a text up to its closing quote. Returns it, and where it ends.
fn quoted(line: &[u8], mut at: usize) -> (Vec<u8>, usize) {
    let mut text = Vec::new();
    while at < line.len() {
        let byte = line[at];
        at += 1;
        match byte {
            b'"' => break,
            b'\\' => {
                let escaped = line[at];
                at += 1;
                text.push(match escaped {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    b'v' => 11,
                    b'f' => 12,
                    b'0'..=b'7' => {
                        let mut value = u32::from(escaped - b'0');
                        for _ in 0..2 {
                            match line.get(at) {
                                Some(digit @ b'0'..=b'7') => value = value * 8 + u32::from(digit - b'0'),
                                _ => break,
                            }
                            at += 1;
                        }
                        value as u8
                    }
                    other => other,
                });
            }
            other => text.push(other),
        }
    }
    (text, at)
}

#[test]
fn calls_are_read_as_strace_writes_them() {
    let one = concat!(
        "7 1.000001 openat(AT_FDCWD</tmp/d>, \"a\", O_RDWR|O_CREAT, 0600) = 3</tmp/d/a>\n",
        "7 1.000002 pwrite64(3</tmp/d/a>, \"\\0\\1a\\\"\\n\\3770\\0001\", 9, 8192 <unfinished ...>\n",
        "7 1.000005 <... pwrite64 resumed>) = 9\n",
        "7 1.000006 writev(5<socket:[1]>, [{iov_base=\"HTTP/1.1\", iov_len=8}, {iov_base=\"x\", iov_len=1}], 2) = 9\n",
        "7 1.000007 fsync(3</tmp/d/a>(deleted)) = -1 EIO (Input/output error) (INJECTED)\n",
        "7 1.000008 +++ exited with 0 +++\n",
    );
    let other = "8 1.000003 fdatasync(3</tmp/d/a>) = 0\n";
    let read = Calls::read(&[one.to_owned(), other.to_owned()]);
    let [opened, write, sync, answer, gone, ended] = read.calls.as_slice() else { panic!("{read:?}") };
    assert_eq!((opened.bytes(1), opened.word(2), opened.result), (Some(&b"a"[..]), "O_RDWR|O_CREAT", Some(3)));
    assert_eq!((write.path(0), write.bytes(1)), (Some("/tmp/d/a"), Some(&b"\0\x01a\"\n\xff0\x001"[..])));
    assert_eq!((write.number(2), write.number(3), write.result), (Some(9), Some(8192), Some(9)));
    assert_eq!((sync.name.as_str(), sync.path(0), sync.result), ("fdatasync", Some("/tmp/d/a"), Some(0)));
    assert_eq!(answer.first_text(), Some(&b"HTTP/1.1"[..]));
    assert_eq!((gone.path(0), gone.result), (None, None));
    assert!(ended.name.starts_with(ENDED));
    use Moment::{Begins, Ends};
    assert_eq!(read.moments[2..6], [Begins(1), Begins(2), Ends(2), Ends(1)], "{:?}", read.moments);
}
