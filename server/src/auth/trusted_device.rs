//! Trusted devices: browsers in which a user has logged in before, identified by a cookie that is sealed for the
//! account's name. The cookie authenticates nobody. Wrong passwords from a trusted device are counted apart from those
//! of other clients at the same address.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use secrets::{KeyError, Keyring, Sealed, Secret};

/// Random id of a device.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TrustedDevice([u8; 16]);

impl fmt::Debug for TrustedDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TrustedDevice(..)")
    }
}

/// The cookie value for a new device of the account.
///
/// # Errors
/// When it cannot be sealed.
pub fn new_cookie(keys: &Keyring, name: &str) -> Result<Secret<String>, KeyError> {
    let id: [u8; 16] = rand::random();
    let sealed = keys.seal(&id, &associated_data(name))?;
    Ok(Secret::new(format!("{}.{}", sealed.key_id, BASE64URL_NOPAD.encode(&sealed.bytes))))
}

/// The device of a cookie value; `None` unless this server sealed it for this name.
pub fn from_cookie(keys: &Keyring, cookie: &str, name: &str) -> Option<TrustedDevice> {
    let (key_id, text) = cookie.split_once('.')?;
    let sealed = Sealed { key_id: key_id.to_owned(), bytes: BASE64URL_NOPAD.decode(text.as_bytes()).ok()? };
    let id = keys.unseal(&sealed, &associated_data(name)).ok()?;
    id.reveal().as_slice().try_into().ok().map(TrustedDevice)
}

fn associated_data(name: &str) -> Vec<u8> {
    ["known-device/", name].concat().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_valid_for_one_name_and_one_server() {
        let keys = Keyring::default();
        let cookie = new_cookie(&keys, "ada").unwrap();
        assert_eq!(from_cookie(&keys, cookie.reveal(), "ada"), from_cookie(&keys, cookie.reveal(), "ada"));
        assert!(from_cookie(&keys, cookie.reveal(), "ada").is_some());
        assert!(from_cookie(&keys, cookie.reveal(), "bob").is_none());
        assert!(from_cookie(&Keyring::default(), cookie.reveal(), "ada").is_none());
        for strange in ["", ".", "k1.", "k1.AAAA", "x", &cookie.reveal().to_uppercase()] {
            assert!(from_cookie(&keys, strange, "ada").is_none(), "{strange}");
        }
    }
}
