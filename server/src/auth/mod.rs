//! Authentication: passwords, tokens, login sessions, the throttle of guesses. The use-cases that combine them are in
//! `accounts`.

mod argon;
mod caller;
pub mod password;
pub mod sessions;
mod signed_in_addresses;
pub mod throttle;
pub mod token;
pub mod trusted_device;
pub mod user_agent;

pub use caller::{PendingLogin, Visitor};
pub use sessions::NewToken;
pub use signed_in_addresses::SignedInAddresses;
pub use throttle::Throttle;
pub use token::RandomToken;
