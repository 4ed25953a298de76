//! A tree of files as modules, and which file a path leads to.

use std::collections::{BTreeMap, BTreeSet};

use crate::architecture::source::{Import, Path, Source, joined};

/// The files of a crate by their paths, `src/store/mod.rs`, and what they hold.
pub struct Tree {
    files: BTreeMap<String, Source>,
    /// Which file a module's text stands in; the crate itself is the empty path.
    homes: BTreeMap<Path, String>,
}

/// The imports that were followed on the way: in which module, by which name.
type Seen = BTreeSet<(Path, String)>;

/// Where a path leads.
#[derive(Debug, PartialEq, Eq)]
pub enum Target {
    /// Into a file of the crate; the rest is the name of the item, and empty for the module itself.
    File(String, Path),
    /// Into another crate, by the path's first segment and the rest.
    Foreign(String, Path),
}

impl Tree {
    /// Reads the files under `src/`, without those that are tests.
    pub fn read(texts: &BTreeMap<String, String>) -> Tree {
        let mut files: BTreeMap<String, Source> = texts
            .iter()
            .filter(|(path, _)| path.starts_with("src/"))
            .map(|(path, text)| (path.clone(), Source::read(text)))
            .collect();
        let of_tests = |(path, source): (&String, &Source)| {
            source.test_modules.iter().map(|inner| joined(&module_of(path), inner)).collect::<Vec<Path>>()
        };
        let of_tests: Vec<Path> = files.iter().flat_map(of_tests).collect();
        files.retain(|path, _| !of_tests.iter().any(|module| module_of(path).starts_with(module)));
        let mut homes = BTreeMap::new();
        for (path, source) in &files {
            let module = module_of(path);
            for inner in source.modules.iter().filter(|(_, is_file)| !**is_file).map(|(inner, _)| inner) {
                homes.insert(joined(&module, inner), path.clone());
            }
            homes.insert(module, path.clone());
        }
        Tree { files, homes }
    }

    /// The files and what they hold.
    pub fn files(&self) -> impl Iterator<Item = (&str, &Source)> {
        self.files.iter().map(|(path, source)| (path.as_str(), source))
    }

    /// Where everything leads that a file names. With `with_reexports`, the names that it only passes on are among it.
    pub fn targets<'t>(&'t self, file: &'t str, with_reexports: bool) -> impl Iterator<Item = Target> + 't {
        let source = &self.files[file];
        let imports = source
            .imports
            .iter()
            .filter(move |import| with_reexports || !import.is_reexport || source.names.contains(&import.name))
            .map(|import| (&import.module, &import.path));
        let paths = source.paths.iter().map(|(module, path)| (module, path));
        imports.chain(paths).map(move |(inner, path)| self.resolve(&joined(&module_of(file), inner), path))
    }

    /// Where a path leads that is written in `module`.
    pub fn resolve(&self, module: &[String], path: &[String]) -> Target {
        self.follow(module, path, &mut BTreeSet::new())
    }

    fn follow(&self, module: &[String], path: &[String], seen: &mut Seen) -> Target {
        match path[0].as_str() {
            "crate" | "scorekeeper" => self.descend(&[], &path[1..], seen),
            "self" => self.descend(module, &path[1..], seen),
            "super" => {
                let parent = &module[..module.len().saturating_sub(1)];
                match path.get(1).map(String::as_str) {
                    Some("super") => self.follow(parent, &path[1..], seen),
                    _ => self.descend(parent, &path[1..], seen),
                }
            }
            name => match self.import_of(module, name, seen) {
                Some(import) => self.follow(module, &joined(&import.path, &path[1..]), seen),
                None if self.homes.contains_key(&joined(module, &path[..1])) => self.descend(module, path, seen),
                None => Target::Foreign(path[0].clone(), path[1..].to_vec()),
            },
        }
    }

    /// Goes from a module along names: into its modules, through what it imports or passes on, to an item.
    fn descend(&self, module: &[String], rest: &[String], seen: &mut Seen) -> Target {
        let Some(name) = rest.first() else { return Target::File(self.home(module), Vec::new()) };
        let inner = joined(module, &rest[..1]);
        if self.homes.contains_key(&inner) {
            return self.descend(&inner, &rest[1..], seen);
        }
        match self.import_of(module, name, seen) {
            Some(import) => self.follow(module, &joined(&import.path, &rest[1..]), seen),
            None => Target::File(self.home(module), rest.to_vec()),
        }
    }

    /// The import that gives a module this name. Each is followed once: the `log` of `use log::log` is the crate.
    fn import_of(&self, module: &[String], name: &str, seen: &mut Seen) -> Option<&Import> {
        let file = self.homes.get(module)?;
        let inner = &module[module_of(file).len()..];
        // `pub(super) use name;` passes on a macro that is defined in the same file.
        let is_of_the_file = |import: &Import| import.path.len() == 1 && import.path[0] == name;
        let fits = |import: &&Import| import.module == inner && import.name == name && !is_of_the_file(import);
        let import = self.files[file].imports.iter().find(fits)?;
        seen.insert((module.to_vec(), name.to_owned())).then_some(import)
    }

    fn home(&self, module: &[String]) -> String {
        self.homes.get(module).cloned().unwrap_or_else(|| panic!("no file for the module {}", module.join("::")))
    }
}

/// The module whose text a file is: `src/store/mod.rs` is `store`, and `src/lib.rs` the crate itself.
pub fn module_of(file: &str) -> Path {
    let path = file.trim_start_matches("src/").trim_end_matches(".rs");
    match path {
        "lib" => Vec::new(),
        path => path.trim_end_matches("/mod").split('/').map(str::to_owned).collect(),
    }
}
