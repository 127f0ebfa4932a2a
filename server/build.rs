//! Rebuilds the program when the web assets it embeds change.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../target/site");
}
