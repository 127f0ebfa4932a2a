//! Keeps what `wasm-split-cli` needs to cut the program into its parts (`app/src/parts.rs`).

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-arg-cdylib=--emit-relocs");
}
