//! sqlx with its derive and `migrate!`, but without its feature `macros`: that would compile tokio, both drivers and
//! SQLite a second time, as dependencies of the procedural macros.

pub use ::sqlx::*;
pub use sqlx_macros::{FromRow, migrate};

/// The derive of `FromRow` calls this for the error of a conversion (`try_from`).
macro_rules! spec_error {
    ($error:expr) => {
        $error.into()
    };
}
pub(crate) use spec_error as __spec_error;
