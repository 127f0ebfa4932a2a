//! A new file in the blueprints folder is embedded without touching a source file.

fn main() {
    println!("cargo::rerun-if-changed=../../blueprints");
}
