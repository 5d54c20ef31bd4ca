//! Pagination of lists: cursors and pages. Cursors are opaque to clients; a text that is not a cursor of the list is
//! rejected when the request is parsed.

use std::{fmt, str::FromStr};

use protocol::{Page, TerminalId, Timestamp, names::Username};
use uuid::Uuid;

/// The text is not a cursor of this list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of this list")]
pub struct InvalidCursor;

/// A position in the list of terminals, newest first: directly after the terminal with this creation time and id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TerminalCursor(pub Timestamp, pub TerminalId);

impl Default for TerminalCursor {
    /// The beginning of the list.
    fn default() -> Self {
        Self(Timestamp::from_millis(i64::MAX), TerminalId::new(Uuid::max()))
    }
}

impl fmt::Display for TerminalCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0.millis(), self.1)
    }
}

impl FromStr for TerminalCursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let parsed = text.split_once('.').and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)));
        parsed.map(|(at, id)| Self(Timestamp::from_millis(at), id)).ok_or(InvalidCursor)
    }
}

/// A position in the list of accounts, ordered by name: directly after the account of this name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UsernameCursor(Option<Username>);

/// Prefix of a cursor. No name begins with it, so a name is never accepted as a cursor.
const CURSOR_PREFIX: char = '~';

impl UsernameCursor {
    /// Directly after this account.
    pub fn new(name: &Username) -> Self {
        Self(Some(name.clone()))
    }

    /// The name; empty at the beginning of the list.
    pub fn as_str(&self) -> &str {
        self.0.as_ref().map_or("", Username::as_str)
    }
}

impl fmt::Display for UsernameCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{CURSOR_PREFIX}{}", self.as_str())
    }
}

impl FromStr for UsernameCursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let name = text.strip_prefix(CURSOR_PREFIX).ok_or(InvalidCursor)?;
        Username::parse(name).map(|name| Self(Some(name))).map_err(|_| InvalidCursor)
    }
}

/// Makes a page of at most `limit` rows. The caller queries one row more; its presence means that there is a next page.
pub fn page<R, T>(mut rows: Vec<R>, limit: u32, cursor: impl Fn(&R) -> String, view: impl Fn(R) -> T) -> Page<T> {
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more).map(cursor);
    Page { items: rows.into_iter().map(view).collect(), next }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_round_trip_and_other_text_is_rejected() {
        let terminal = TerminalCursor(Timestamp::from_millis(12), TerminalId::new(Uuid::from_u128(3)));
        assert_eq!(terminal.to_string().parse(), Ok(terminal));
        let name = UsernameCursor::new(&Username::parse("ada").unwrap());
        assert_eq!(name.to_string().parse(), Ok(name));
        for text in ["", "zzz", ".", "12.x", "x.00000000-0000-0000-0000-000000000003", "ada", "~", "~a b"] {
            assert_eq!(text.parse::<TerminalCursor>(), Err(InvalidCursor), "{text}");
            assert_eq!(text.parse::<UsernameCursor>(), Err(InvalidCursor), "{text}");
        }
    }

    #[test]
    fn only_the_last_page_has_no_next_cursor() {
        let first_page = |n: u32| page((0..n).collect(), 2, u32::to_string, |row| row);
        assert_eq!((first_page(3).items, first_page(3).next), (vec![0, 1], Some("1".to_owned())));
        assert_eq!((first_page(2).items, first_page(2).next), (vec![0, 1], None));
        assert_eq!(first_page(0).next, None);
    }
}
