//! PID 1 of every container.
fn main() {}
