//! The rules for new passwords that need no word list. The page checks them before it sends a request, and the server
//! enforces them.

use crate::{
    limits::{PASSWORD_CHARS, PASSWORD_LONG_CHARS},
    names::{InvalidText, Username},
};

/// Checks the length, that there are at least two different characters, and that the password contains neither the
/// username (if there is one) nor the name of the product.
///
/// # Errors
/// [`InvalidText`] with a sentence for the user.
pub fn check(password: &str, username: Option<&Username>) -> Result<(), InvalidText> {
    let chars = password.chars().count();
    if chars < *PASSWORD_CHARS.start() {
        return Err(InvalidText(
            "A password has at least 8 characters; 15 or more are better. A few random words are fine.",
        ));
    }
    if chars > *PASSWORD_CHARS.end() {
        return Err(InvalidText("A password has at most 128 characters."));
    }
    // Usernames are ASCII. Unicode case tables would increase the size of the page.
    let plain = password.to_ascii_lowercase();
    let first = plain.chars().next();
    if plain.chars().all(|c| Some(c) == first) {
        return Err(InvalidText("One character again and again is among the first things an attacker tries."));
    }
    // The words are ASCII, so bytes can be compared. `str::contains` would increase the size of the page.
    let has = |word: &str| plain.as_bytes().windows(word.len()).any(|part| part == word.as_bytes());
    if username.is_some_and(|name| has(name.as_str())) || (has("rexec") && chars < PASSWORD_LONG_CHARS) {
        return Err(InvalidText("A password must not contain the username or the name of the product."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_long_repetitive_and_name_containing_passwords_are_rejected() {
        let ada = Username::parse("ada").unwrap();
        for bad in ["", "short", "zzzzzzzzzz", "xxADA-lovelace", "rexec-rexec", &"x1".repeat(65)] {
            assert!(check(bad, Some(&ada)).is_err(), "{bad}");
        }
        for good in ["correct horse battery", "p\u{e4}ssw\u{f6}rter", "x y z 1 2 3", "long enough for rexec"] {
            assert_eq!(check(good, Some(&ada)), Ok(()), "{good}");
        }
        assert_eq!(check("xxada-lovelace", None), Ok(()), "without a username only the other rules apply");
    }

    #[test]
    fn error_sentences_contain_the_limits() {
        let sentence = |password: &str| check(password, None).unwrap_err().0;
        assert!(sentence("").contains(&format!("{} characters; {PASSWORD_LONG_CHARS}", PASSWORD_CHARS.start())));
        assert!(sentence(&"ab".repeat(100)).contains(&format!("{} characters", PASSWORD_CHARS.end())));
    }
}
