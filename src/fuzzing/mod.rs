//! What must hold whatever bytes come: a function for each kind of input that a stranger may send.
//!
//! Each takes bytes and panics if a promise is broken. `.ci/fuzz` looks for such bytes, guided by which code they reach; the
//! plain tests try those that are kept in `fuzz/corpus`, among them all that once broke one. Nothing of this is in the program.

mod cookies;
mod headers;
mod json_bodies;
mod keys;
mod parameters;
mod periods;
mod tables;
mod webhooks;

pub use cookies::cookies;
pub use headers::headers;
pub use json_bodies::json_bodies;
pub use keys::keys;
pub use parameters::parameters;
pub use periods::periods;
pub use tables::{csv, json_lines};
pub use webhooks::webhooks;

/// Its name, and the function.
pub type Target = (&'static str, fn(&[u8]));

/// All of them. Each is a file of `fuzz/fuzz_targets` and a folder of `fuzz/corpus`, too.
pub const TARGETS: [Target; 9] = [
    ("cookies", cookies),
    ("csv", csv),
    ("headers", headers),
    ("json_bodies", json_bodies),
    ("json_lines", json_lines),
    ("keys", keys),
    ("parameters", parameters),
    ("periods", periods),
    ("webhooks", webhooks),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    fn fuzz() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
    }

    /// The files and folders in a folder, in order.
    fn entries(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).expect("a folder");
        let paths: BTreeSet<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
        paths.into_iter().collect()
    }

    #[test]
    fn the_kept_inputs_break_nothing() {
        for (name, check) in TARGETS {
            let inputs = entries(&fuzz().join("corpus").join(name));
            assert!(inputs.len() >= 3, "{name} has {} inputs", inputs.len());
            for input in inputs {
                println!("{}", input.display());
                check(&fs::read(&input).expect("an input"));
            }
        }
    }

    #[test]
    fn each_is_a_program_with_kept_inputs_of_a_few_bytes() {
        let names: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
        let stems = |folder: &str| -> BTreeSet<String> {
            let stem = |path: PathBuf| path.file_stem().expect("a name").to_str().expect("UTF-8").to_owned();
            entries(&fuzz().join(folder)).into_iter().map(stem).collect()
        };
        assert_eq!(stems("corpus"), names);
        assert_eq!(stems("fuzz_targets"), names);
        let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).expect("a manifest");
        for name in &names {
            assert!(manifest.contains(&format!("name = \"{name}\"\n")), "{name}");
            let program = fs::read_to_string(fuzz().join(format!("fuzz_targets/{name}.rs"))).expect("a program");
            assert!(program.contains(&format!("scorekeeper::fuzzing::{name}(data)")), "{name}");
        }
        let inputs = names.iter().flat_map(|name| entries(&fuzz().join("corpus").join(name)));
        let bytes: u64 = inputs.map(|input| fs::metadata(input).expect("an input").len()).sum();
        assert!(bytes < 32 << 10, "the kept inputs have {bytes} bytes");
    }
}
