//! Compiles the store again when a migration is added: the macro that embeds migrations sees only the files it knows.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
