//! Host names that derive from the name of a terminal, and names for terminals that are created without one. Names of
//! containers and volumes derive from the sandbox's id alone.

use protocol::names::{Slug, TerminalName};

/// Maximum length of a host name, in characters.
const HOSTNAME_CHARS_MAX: usize = 32;

/// The host name inside: `[a-z0-9-]{1,32}`, no dash at either end. It is derived once, at creation; a new
/// name does not change it.
pub fn hostname(name: &TerminalName) -> String {
    let mut host = String::new();
    for c in name.as_str().chars().flat_map(char::to_lowercase) {
        if host.len() == HOSTNAME_CHARS_MAX {
            break;
        }
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            host.push(c);
        } else if !host.is_empty() && !host.ends_with('-') {
            host.push('-');
        }
    }
    let host = host.trim_end_matches('-');
    if host.is_empty() { "terminal".to_owned() } else { host.to_owned() }
}

/// The default name: the image's name and the first number the owner has not used.
pub fn generate(image: &Slug, taken: &[TerminalName]) -> TerminalName {
    let free = |n: &usize| !taken.iter().any(|name| name.as_str() == format!("{image}-{n}"));
    let n = (1..=taken.len() + 1).find(free).unwrap_or(1);
    TerminalName::parse(&format!("{image}-{n}")).unwrap_or_else(|_| unreachable!("a slug and a number are a name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_have_only_safe_characters() {
        let long = "x".repeat(64);
        for (name, host) in [
            ("prod", "prod"),
            ("  <b>Prod</b> 💥 ", "b-prod-b"),
            ("../../etc/passwd", "etc-passwd"),
            ("$(reboot); rm -rf /", "reboot-rm-rf"),
            ("^rexec-.*$|.*", "rexec"),
            ("日本語", "terminal"),
            ("---", "terminal"),
            ("İstanbul", "i-stanbul"),
            ("a--b__c", "a-b-c"),
            (long.as_str(), "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
        ] {
            let host_name = hostname(&TerminalName::parse(name).unwrap());
            assert_eq!(host_name, host, "{name}");
            assert!((1..=32).contains(&host_name.len()) && !host_name.starts_with('-') && !host_name.ends_with('-'));
        }
    }

    #[test]
    fn generated_names_do_not_repeat() {
        let image = Slug::parse("debian").unwrap();
        let taken: Vec<_> = ["debian-1", "debian-3", "other"].map(|n| TerminalName::parse(n).unwrap()).to_vec();
        assert_eq!(generate(&image, &[]).as_str(), "debian-1");
        assert_eq!(generate(&image, &taken).as_str(), "debian-2");
    }
}
