//! Pages of long lists: the place where one begins, and where it is cut off. Opaque to clients; what is no place is
//! refused where requests are read.

use std::{fmt, str::FromStr};

use protocol::{Page, TerminalId, Timestamp, names::Username};
use uuid::Uuid;

/// This is not a place of that list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a place of this list")]
pub struct NoPlace;

/// A place among terminals, newest first: right behind one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BehindTerminal(pub Timestamp, pub TerminalId);

impl Default for BehindTerminal {
    /// The beginning.
    fn default() -> Self {
        Self(Timestamp::from_millis(i64::MAX), TerminalId::new(Uuid::max()))
    }
}

impl fmt::Display for BehindTerminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0.millis(), self.1)
    }
}

impl FromStr for BehindTerminal {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let parsed = text.split_once('.').and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)));
        parsed.map(|(at, id)| Self(Timestamp::from_millis(at), id)).ok_or(NoPlace)
    }
}

/// A place among accounts, by name: right behind one of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BehindName(Option<Username>);

/// No name begins so: what people type is not taken for a place.
const NAME_MARK: char = '~';

impl BehindName {
    /// Right behind this one.
    pub fn new(name: &Username) -> Self {
        Self(Some(name.clone()))
    }

    /// The name; empty at the beginning.
    pub fn as_str(&self) -> &str {
        self.0.as_ref().map_or("", Username::as_str)
    }
}

impl fmt::Display for BehindName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{NAME_MARK}{}", self.as_str())
    }
}

impl FromStr for BehindName {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let name = text.strip_prefix(NAME_MARK).ok_or(NoPlace)?;
        Username::parse(name).map(|name| Self(Some(name))).map_err(|_| NoPlace)
    }
}

/// A page of rows of which one more than `limit` was asked for: whether it came says whether there is a next page.
pub fn page<R, T>(mut rows: Vec<R>, limit: u32, place: impl Fn(&R) -> String, view: impl Fn(R) -> T) -> Page<T> {
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more).map(place);
    Page { items: rows.into_iter().map(view).collect(), next }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_back_and_nothing_else_is_one() {
        let terminal = BehindTerminal(Timestamp::from_millis(12), TerminalId::new(Uuid::from_u128(3)));
        assert_eq!(terminal.to_string().parse(), Ok(terminal));
        let name = BehindName::new(&Username::parse("ada").unwrap());
        assert_eq!(name.to_string().parse(), Ok(name));
        for no in ["", "zzz", ".", "12.x", "x.00000000-0000-0000-0000-000000000003", "ada", "~", "~a b"] {
            assert_eq!(no.parse::<BehindTerminal>(), Err(NoPlace), "{no}");
            assert_eq!(no.parse::<BehindName>(), Err(NoPlace), "{no}");
        }
    }

    #[test]
    fn only_a_page_that_is_not_the_last_has_a_next() {
        let cut = |n: u32| page((0..n).collect(), 2, u32::to_string, |row| row);
        assert_eq!((cut(3).items, cut(3).next), (vec![0, 1], Some("1".to_owned())));
        assert_eq!((cut(2).items, cut(2).next), (vec![0, 1], None));
        assert_eq!(cut(0).next, None);
    }
}
