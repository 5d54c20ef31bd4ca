//! The command line: `serve`, `doctor`, `config check`, `admin reset-link`.

fn main() {}
