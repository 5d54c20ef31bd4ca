//! Identifiers. Only the lower-case hyphenated form of a UUID is accepted, so that each object has exactly one id text
//! in caches and in searches of the audit log.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use uuid::Uuid;

/// The text is not a canonical UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidId;

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a canonical UUID (8-4-4-4-12 lower-case hexadecimal digits)")
    }
}

impl std::error::Error for InvalidId {}

fn parse_canonical(text: &str) -> Result<Uuid, InvalidId> {
    let id = Uuid::try_parse(text).map_err(|_| InvalidId)?;
    let mut buffer = [0u8; uuid::fmt::Hyphenated::LENGTH];
    if id.hyphenated().encode_lower(&mut buffer) == text { Ok(id) } else { Err(InvalidId) }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String, format = Uuid))]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID. The server generates random ones (version 4).
            pub const fn new(id: Uuid) -> Self { Self(id) }
            /// The nil UUID, which names nothing.
            pub const fn nil() -> Self { Self(Uuid::nil()) }
            /// The UUID, for storage.
            pub const fn uuid(self) -> Uuid { self.0 }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{}", self.0.hyphenated()) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0.hyphenated())
            }
        }
        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self { Self(id) }
        }
        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> { parse_canonical(text).map(Self) }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> { s.collect_str(self) }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
                parse_canonical(&text).map(Self).map_err(D::Error::custom)
            }
        }
    };
}

id!(
    /// A terminal.
    TerminalId
);
id!(
    /// A sandbox: the container, home volume and guest socket directory that run a terminal.
    SandboxId
);
id!(
    /// An API token.
    TokenId
);
id!(
    /// An account.
    UserId
);
id!(
    /// A login session. Not secret: it is listed among the account's sessions and is not the secret of the cookie.
    SessionId
);
id!(
    /// An invitation or reset link. Not secret: the secret is the token in the link.
    InviteId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_form_is_an_id() {
        let good = "67e55044-10b1-426f-9247-bb680e5fe0c8";
        assert_eq!(good.parse::<TerminalId>().unwrap().to_string(), good);
        for bad in [
            "67E55044-10B1-426F-9247-BB680E5FE0C8",
            "67e5504410b1426f9247bb680e5fe0c8",
            "{67e55044-10b1-426f-9247-bb680e5fe0c8}",
            "urn:uuid:67e55044-10b1-426f-9247-bb680e5fe0c8",
            " 67e55044-10b1-426f-9247-bb680e5fe0c8",
            "",
        ] {
            assert_eq!(bad.parse::<TerminalId>(), Err(InvalidId), "{bad}");
        }
    }

    #[test]
    fn json_of_an_id_is_its_text() {
        let id: TerminalId = "67e55044-10b1-426f-9247-bb680e5fe0c8".parse().unwrap();
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, "\"67e55044-10b1-426f-9247-bb680e5fe0c8\"");
        assert_eq!(serde_json::from_str::<TerminalId>(&json).unwrap(), id);
    }
}
