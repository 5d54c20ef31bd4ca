//! Validated text types. Their values can only be created by parsing.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use crate::limits::{TERMINAL_NAME_CHARS_MAX, USERNAME_CHARS};

/// The text was rejected. The sentence is shown to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidText(pub &'static str);

impl fmt::Display for InvalidText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for InvalidText {}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
        pub struct $name(String);

        impl $name {
            /// Validates user input.
            ///
            /// # Errors
            /// [`InvalidText`] with a sentence for the user.
            pub fn parse(text: &str) -> Result<Self, InvalidText> {
                let check: fn(&str) -> Result<String, InvalidText> = $check;
                check(text).map(Self)
            }
            /// The text.
            pub fn as_str(&self) -> &str { &self.0 }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
        impl TryFrom<String> for $name {
            type Error = InvalidText;
            fn try_from(text: String) -> Result<Self, InvalidText> { Self::parse(&text) }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
                Self::parse(&text).map_err(D::Error::custom)
            }
        }
    };
}

text!(
    /// Name of an account: 3 to 32 of `a-z 0-9 . _ -`, starting with a letter. Names that differ only in case do not
    /// exist.
    Username,
    |text| {
        let text = text.trim();
        let mut chars = text.chars();
        let first = chars.next().is_some_and(|c| c.is_ascii_lowercase());
        let rest = chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-'));
        if first && rest && USERNAME_CHARS.contains(&text.len()) {
            Ok(text.to_owned())
        } else {
            Err(InvalidText("A username has 3 to 32 of a-z, 0-9, dot, dash and underscore, and starts with a letter."))
        }
    }
);

/// Invisible characters, and those that change the direction of the surrounding text: Unicode's default ignorable code
/// points except variation selectors, line and paragraph separators, and the blank Braille pattern.
const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

text!(
    /// Name of a terminal: 1 to 64 characters, without control and invisible characters. It need not be unique.
    TerminalName,
    |text| {
        let text = text.trim();
        let bad = |c: char| c.is_control() || is_invisible(c);
        // A variation selector is visible only after another character.
        let is_visible = |c: char| !c.is_whitespace() && !matches!(c, '\u{fe00}'..='\u{fe0f}');
        if !text.chars().any(is_visible) || text.chars().count() > TERMINAL_NAME_CHARS_MAX {
            Err(InvalidText("A terminal's name has 1 to 64 characters."))
        } else if text.chars().any(bad) {
            Err(InvalidText("A terminal's name has no control or invisible characters."))
        } else {
            Ok(text.to_owned())
        }
    }
);

text!(
    /// Name of an image, tier, profile or pane: 1 to 32 of `a-z 0-9 -`.
    Slug,
    |text| {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let ok = !text.is_empty() && text.len() <= 32 && text.chars().all(allowed);
        if ok { Ok(text.to_owned()) } else { Err(InvalidText("A name here has 1 to 32 of a-z, 0-9 and dash.")) }
    }
);

/// A secret in a request: a password, code or token. Its debug output does not contain the value.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String, format = Password))]
pub struct Sensitive(String);

impl Sensitive {
    /// Wraps a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
    /// The secret. Callers should neither store nor copy it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Sensitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sensitive(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_are_short_lower_case_ascii() {
        assert!(Username::parse("ada.l-1").is_ok());
        for bad in ["Ada", "ab", "1ada", "a b c", "ädä", &"a".repeat(33)] {
            assert!(Username::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn terminal_names_have_no_invisible_characters() {
        assert_eq!(TerminalName::parse("  <b>prod</b> 💥 ").unwrap().as_str(), "<b>prod</b> 💥");
        assert_eq!(TerminalName::parse("cloud \u{2601}\u{fe0f}").unwrap().as_str(), "cloud \u{2601}\u{fe0f}");
        for hidden in "\u{3164}\u{115f}\u{ad}\u{34f}\u{180e}\u{e0041}\u{61c}\u{2800}\u{ffa0}\u{2066}".chars() {
            assert!(TerminalName::parse(&hidden.to_string()).is_err(), "{hidden:?} alone");
            assert!(TerminalName::parse(&format!("prod{hidden}")).is_err(), "{hidden:?} beside others");
        }
        for bad in ["", "   ", "a\u{202e}b", "a\nb", "\u{fe0f}", " \u{fe0f} \u{a0}", &"x".repeat(65)] {
            assert!(TerminalName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn debug_output_does_not_contain_the_secret() {
        assert_eq!(format!("{:?}", Sensitive::new("hunter2")), "Sensitive(..)");
    }
}
