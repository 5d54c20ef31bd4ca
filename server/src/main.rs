//! server main
fn main() {}
