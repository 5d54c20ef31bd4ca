//! Why the server does not start.

use crate::admin::preflight::PreflightError;

/// The sentences that the operator reads; `None` for failures of the database and the engine, which have their own.
pub fn preflight_text(error: &PreflightError) -> Option<String> {
    Some(match error {
        PreflightError::Instance { database, ours } => format!(
            "the database records instance {database}, but the data directory is instance {ours}. Put back the \
             database that belongs to this directory; if only its file `instance` was lost, write {database} into it. \
             Nothing was changed."
        ),
        PreflightError::Emptied(terminals) => format!(
            "the database is empty, but {terminals} terminals of this data directory exist on the engine. Put the \
             database back (rexec.db, with its -wal and -shm files where they are there). To begin anew all the same, \
             choose another --data-dir; the terminals stay where they are. Nothing was changed."
        ),
        PreflightError::NoKey(key) => format!(
            "a second factor is sealed with a key ({key}) that is not in the file `keys` of the data directory. Put \
             that file back: without it nobody with MFA can sign in and no lock can be opened. Nothing was changed."
        ),
        PreflightError::Store(_) | PreflightError::Engine(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_to_start_names_the_file_to_put_back() {
        let text = preflight_text(&PreflightError::NoKey("k1".to_owned())).unwrap();
        assert!(text.starts_with("a second factor is sealed with a key (k1) that is not in the file `keys`"), "{text}");
    }
}
