//! Devices where a person was signed in before. A cookie says so, sealed for the account's name; it proves nothing about
//! who asks now, and its wrong passwords are counted apart from those of everybody else at the same address.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use secrets::{KeyError, Keyring, Sealed, Secret};

/// Which device: chosen at random when somebody signed in there.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TrustedDevice([u8; 16]);

impl fmt::Debug for TrustedDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TrustedDevice(..)")
    }
}

/// A new device of the account with this name, as its cookie carries it.
///
/// # Errors
/// When it cannot be sealed.
pub fn cookie(keys: &Keyring, name: &str) -> Result<Secret<String>, KeyError> {
    let id: [u8; 16] = rand::random();
    let sealed = keys.seal(&id, &context(name))?;
    Ok(Secret::new(format!("{}.{}", sealed.key_id, BASE64URL_NOPAD.encode(&sealed.bytes))))
}

/// The device of a cookie, when it was sealed by this server for this name.
pub fn device(keys: &Keyring, cookie: &str, name: &str) -> Option<TrustedDevice> {
    let (key_id, text) = cookie.split_once('.')?;
    let sealed = Sealed { key_id: key_id.to_owned(), bytes: BASE64URL_NOPAD.decode(text.as_bytes()).ok()? };
    let id = keys.open_sealed(&sealed, &context(name)).ok()?;
    id.reveal().as_slice().try_into().ok().map(TrustedDevice)
}

fn context(name: &str) -> Vec<u8> {
    ["known-device/", name].concat().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_known_for_one_name_and_by_its_own_server() {
        let keys = Keyring::default();
        let cookie = cookie(&keys, "ada").unwrap();
        assert_eq!(device(&keys, cookie.reveal(), "ada"), device(&keys, cookie.reveal(), "ada"));
        assert!(device(&keys, cookie.reveal(), "ada").is_some());
        assert!(device(&keys, cookie.reveal(), "bob").is_none());
        assert!(device(&Keyring::default(), cookie.reveal(), "ada").is_none());
        for strange in ["", ".", "k1.", "k1.AAAA", "x", &cookie.reveal().to_uppercase()] {
            assert!(device(&keys, strange, "ada").is_none(), "{strange}");
        }
    }
}
