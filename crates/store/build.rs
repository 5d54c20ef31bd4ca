//! Migrations are embedded at compile time, so the crate is rebuilt when they change.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
