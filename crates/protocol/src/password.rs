//! The rule for new passwords, as far as it needs no list: the form tells it before anything is sent, the server holds it.

use crate::{
    limits::{PASSWORD_CHARS, PASSWORD_LONG_CHARS},
    names::{BadText, Username},
};

/// Checks length, variety and that it does not tell the name; without a name, the rest.
///
/// # Errors
/// [`BadText`] with the sentence to show.
pub fn check(password: &str, username: Option<&Username>) -> Result<(), BadText> {
    let chars = password.chars().count();
    if chars < *PASSWORD_CHARS.start() {
        return Err(BadText(
            "A password has at least 8 characters; 15 or more are better. A few random words are fine.",
        ));
    }
    if chars > *PASSWORD_CHARS.end() {
        return Err(BadText("A password has at most 128 characters."));
    }
    // Usernames are ASCII, and the tables for the case of every other letter are large in a page.
    let plain = password.to_ascii_lowercase();
    let first = plain.chars().next();
    if plain.chars().all(|c| Some(c) == first) {
        return Err(BadText("One character again and again is among the first things an attacker tries."));
    }
    // By bytes: what is looked for is ASCII, and the search for text is large in a page.
    let has = |word: &str| plain.as_bytes().windows(word.len()).any(|part| part == word.as_bytes());
    if username.is_some_and(|name| has(name.as_str())) || (has("rexec") && chars < PASSWORD_LONG_CHARS) {
        return Err(BadText("A password must not contain the username or the name of the product."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_long_dull_and_telling_passwords_are_refused() {
        let ada = Username::parse("ada").unwrap();
        for bad in ["", "short", "zzzzzzzzzz", "xxADA-lovelace", "rexec-rexec", &"x1".repeat(65)] {
            assert!(check(bad, Some(&ada)).is_err(), "{bad}");
        }
        for good in ["correct horse battery", "p\u{e4}ssw\u{f6}rter", "x y z 1 2 3", "long enough for rexec"] {
            assert_eq!(check(good, Some(&ada)), Ok(()), "{good}");
        }
        assert_eq!(check("xxada-lovelace", None), Ok(()), "no name is told where none is known");
    }

    #[test]
    fn the_sentences_name_the_limits() {
        let said = |password: &str| check(password, None).unwrap_err().0;
        assert!(said("").contains(&format!("{} characters; {PASSWORD_LONG_CHARS}", PASSWORD_CHARS.start())));
        assert!(said(&"ab".repeat(100)).contains(&format!("{} characters", PASSWORD_CHARS.end())));
    }
}
