//! Who is asking: accounts, passwords, login sessions.

mod caller;

pub use caller::Caller;
