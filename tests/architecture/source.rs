//! Reads Rust files as a list of tokens and tells which names each of them uses.
//!
//! Comments are no tokens, and what stands under `#[cfg(test)]` is passed over: tests may reach wherever they like.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, Group, Ident, Spacing, TokenStream, TokenTree};

/// The segments of a path, as `["crate", "store", "Writer"]`.
pub type Path = Vec<String>;

/// A name that a `use` declaration brings into its module.
#[derive(Debug, Clone)]
pub struct Import {
    /// The module in which the declaration stands, seen from the file: empty outside of an inline `mod`.
    pub module: Path,
    pub path: Path,
    /// The name by which the module knows it; `*` for all names of a module.
    pub name: String,
    /// Whether others may find the name here, as after `pub use`.
    pub is_reexport: bool,
}

/// All that the checks ask of one file.
#[derive(Debug, Default)]
pub struct Source {
    pub imports: Vec<Import>,
    /// Paths of two segments or more outside of `use`, with the inline module in which each stands.
    pub paths: BTreeSet<(Path, Path)>,
    /// Modules that are declared here: `mod name;` with `true`, `mod name { … }` with `false`.
    pub modules: BTreeMap<Path, bool>,
    /// Modules of a file of their own that stand under `#[cfg(test)]`.
    pub test_modules: BTreeSet<Path>,
    /// Every identifier outside of `use` declarations.
    pub names: BTreeSet<String>,
    /// Methods called on a plain name: `store.write(…)` is `("store", "write")`.
    pub calls: BTreeSet<(String, String)>,
    /// The texts in quotes, documentation left out.
    pub texts: Vec<String>,
}

impl Source {
    /// Reads the text of a file.
    pub fn read(text: &str) -> Source {
        let tokens: TokenStream = text.parse().unwrap_or_else(|fault| panic!("not Rust ({fault}): {text}"));
        let mut source = Source::default();
        source.walk(tokens, &Vec::new());
        source
    }

    fn walk(&mut self, tokens: TokenStream, module: &Path) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            at = match &tokens[at] {
                TokenTree::Punct(punct) if punct.as_char() == '#' => self.attribute(&tokens, at, module),
                TokenTree::Ident(word) if *word == "use" && !is_punct(tokens.get(at + 1), '<') => {
                    self.import(&tokens, at, module)
                }
                TokenTree::Ident(word) if *word == "mod" => self.module(&tokens, at, module),
                TokenTree::Ident(_) => self.path(&tokens, at, module),
                TokenTree::Group(group) => {
                    self.walk(group.stream(), module);
                    at + 1
                }
                TokenTree::Literal(literal) => {
                    let literal = literal.to_string();
                    // The quote of `'"'` is one alone, and so no text.
                    let text = literal.split_once('"').and_then(|(_, rest)| rest.rsplit_once('"'));
                    self.texts.extend(text.map(|(text, _)| text.to_owned()));
                    at + 1
                }
                TokenTree::Punct(_) => at + 1,
            };
        }
    }

    /// Passes over an attribute; its paths count, its texts do not. After `#[cfg(test)]`, passes over the item too.
    fn attribute(&mut self, tokens: &[TokenTree], at: usize, module: &Path) -> usize {
        let at = if is_punct(tokens.get(at + 1), '!') { at + 2 } else { at + 1 };
        let Some(TokenTree::Group(group)) = tokens.get(at) else { return at };
        if group.stream().to_string().replace(' ', "") == "cfg(test)" {
            let ends = |token: &TokenTree| is_punct(Some(token), ';') || is_group(token, Delimiter::Brace).is_some();
            let end = tokens[at..].iter().position(ends).map_or(tokens.len(), |length| at + length + 1);
            if let [.., TokenTree::Ident(word), TokenTree::Ident(name), TokenTree::Punct(_)] = &tokens[at..end]
                && *word == "mod"
            {
                self.test_modules.insert(joined(module, &[name.to_string()]));
            }
            return end;
        }
        let texts = self.texts.len();
        self.walk(group.stream(), module);
        self.texts.truncate(texts);
        at + 1
    }

    fn module(&mut self, tokens: &[TokenTree], at: usize, module: &Path) -> usize {
        let Some(TokenTree::Ident(name)) = tokens.get(at + 1) else { return at + 1 };
        let inner = joined(module, &[name.to_string()]);
        match tokens.get(at + 2) {
            Some(TokenTree::Group(body)) => {
                self.walk(body.stream(), &inner);
                self.modules.insert(inner, false);
            }
            _ => {
                self.modules.insert(inner, true);
            }
        }
        at + 3
    }

    fn path(&mut self, tokens: &[TokenTree], mut at: usize, module: &Path) -> usize {
        let begin = at;
        let mut path = vec![text_of(&tokens[at])];
        while let (true, Some(TokenTree::Ident(next))) = (is_path_separator(tokens, at + 1), tokens.get(at + 3)) {
            path.push(next.to_string());
            at += 3;
        }
        // `$crate` in a macro is `crate`, and a field or method is no path.
        let is_member = begin > 0 && is_punct(tokens.get(begin - 1), '.') && !is_punct_before(tokens, begin, '.');
        if path.len() > 1 && !is_member {
            self.paths.insert((module.clone(), path.clone()));
        }
        if let (true, [name], Some(TokenTree::Ident(method))) =
            (is_punct(tokens.get(at + 1), '.'), path.as_slice(), tokens.get(at + 2))
        {
            self.calls.insert((name.clone(), method.to_string()));
        }
        self.names.extend(path);
        at + 1
    }

    fn import(&mut self, tokens: &[TokenTree], at: usize, module: &Path) -> usize {
        let length = tokens[at..].iter().position(|token| is_punct(Some(token), ';')).unwrap_or(tokens.len() - at);
        let is_reexport = at > 0
            && match &tokens[at - 1] {
                TokenTree::Ident(word) => *word == "pub",
                token => {
                    at > 1 && is_group(token, Delimiter::Parenthesis).is_some() && text_of(&tokens[at - 2]) == "pub"
                }
            };
        let mut found = Vec::new();
        use_tree(&tokens[at + 1..at + length], &Vec::new(), &mut found);
        let import = |(path, name)| Import { module: module.clone(), path, name, is_reexport };
        self.imports.extend(found.into_iter().map(import));
        at + length + 1
    }
}

/// Adds the paths of one `use` tree, each with the name that it gets.
fn use_tree(tokens: &[TokenTree], prefix: &Path, found: &mut Vec<(Path, String)>) {
    let mut path = prefix.clone();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Ident(word) if *word == "as" => {
                found.push((path, tokens.get(at + 1).map(text_of).unwrap_or_default()));
                return;
            }
            TokenTree::Ident(word) if *word == "self" && !path.is_empty() => {}
            TokenTree::Ident(word) => path.push(word.to_string()),
            TokenTree::Punct(punct) if punct.as_char() == '*' => {
                found.push((path, "*".to_owned()));
                return;
            }
            TokenTree::Group(group) => {
                for branch in branches(group) {
                    use_tree(&branch, &path, found);
                }
                return;
            }
            _ => {}
        }
        at += 1;
    }
    if let Some(name) = path.last().cloned() {
        found.push((path, name));
    }
}

/// The parts of a group that commas divide.
fn branches(group: &Group) -> Vec<Vec<TokenTree>> {
    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    tokens
        .split(|token| is_punct(Some(token), ','))
        .filter(|branch| !branch.is_empty())
        .map(<[TokenTree]>::to_vec)
        .collect()
}

/// `first` with `rest` after it.
pub fn joined(first: &[String], rest: &[String]) -> Path {
    first.iter().chain(rest).cloned().collect()
}

fn text_of(token: &TokenTree) -> String {
    match token {
        TokenTree::Ident(word) => ident_text(word),
        other => other.to_string(),
    }
}

/// The name without the `r#` of a raw identifier.
fn ident_text(word: &Ident) -> String {
    word.to_string().trim_start_matches("r#").to_owned()
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

/// Whether two of `wanted` stand before `at`, as the dots of a range.
fn is_punct_before(tokens: &[TokenTree], at: usize, wanted: char) -> bool {
    at > 1 && is_punct(tokens.get(at - 1), wanted) && is_punct(tokens.get(at - 2), wanted)
}

/// Whether `::` stands at `at`.
fn is_path_separator(tokens: &[TokenTree], at: usize) -> bool {
    matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == ':' && punct.spacing() == Spacing::Joint)
        && is_punct(tokens.get(at + 1), ':')
}

fn is_group(token: &TokenTree, delimiter: Delimiter) -> Option<&Group> {
    match token {
        TokenTree::Group(group) if group.delimiter() == delimiter => Some(group),
        _ => None,
    }
}
