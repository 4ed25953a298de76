//! Cargo does not see a new migration by itself: the macro that embeds them reads a folder.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
