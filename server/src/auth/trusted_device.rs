//! Trusted devices: browsers in which a user has completed a login, identified by a cookie that remains after logout.
//! It is sealed for the account's name, so that forged ones cause no read of the database. It authenticates nobody.
//! Wrong passwords and codes from a trusted device are counted apart from those of all other clients.

use data_encoding::BASE64URL_NOPAD;
use protocol::{Timestamp, UserId, names::Username};
use secrets::{KeyError, Keyring, Sealed, Secret};
use sha2::{Digest as _, Sha256};
use store::{DeviceHash, StoreError, Tx};

use super::Visitor;

/// How long a device is trusted after its last login.
pub const TRUSTED_DEVICE_SECS: u32 = 180 * 24 * 3600;

/// The earliest last login of devices that are trusted now.
pub fn valid_since(now: Timestamp) -> Timestamp {
    now.plus_secs(-i64::from(TRUSTED_DEVICE_SECS))
}

/// The device of a cookie value; `None` unless this server sealed it for this name. Only the store knows whether it is
/// still trusted.
pub fn device(keys: &Keyring, cookie: &str, name: &Username) -> Option<DeviceHash> {
    let (key_id, text) = cookie.split_once('.')?;
    let sealed = Sealed { key_id: key_id.to_owned(), bytes: BASE64URL_NOPAD.decode(text.as_bytes()).ok()? };
    let id = keys.unseal(&sealed, &context(name)).ok()?;
    (id.reveal().len() == 16).then(|| hash(id.reveal()))
}

/// The device of a client, for this name.
pub fn of_visitor(keys: &Keyring, visitor: &Visitor, name: &Username) -> Option<DeviceHash> {
    visitor.trusted_device.as_ref().and_then(|cookie| device(keys, cookie.reveal(), name))
}

/// Trusts the client's device after a complete login. Returns the value of its cookie; `None` when it cannot be sealed,
/// because the login does not depend on it.
///
/// # Errors
/// When the database does not answer.
pub async fn trust(
    tx: &mut Tx,
    keys: &Keyring,
    visitor: &Visitor,
    (user, name): (UserId, &Username),
    now: Timestamp,
) -> Result<Option<Secret<String>>, StoreError> {
    if let Some((cookie, device)) = visitor.trusted_device.as_ref().zip(of_visitor(keys, visitor, name))
        && tx.trusted_device(user, &device, valid_since(now)).await?.is_some()
    {
        tx.trust_device(user, &device, now).await?;
        return Ok(Some(Secret::new(cookie.reveal().to_owned())));
    }
    let Ok((cookie, device)) = new_device(keys, name) else { return Ok(None) };
    tx.trust_device(user, &device, now).await?;
    Ok(Some(cookie))
}

/// A new device of the account, and the value of its cookie.
fn new_device(keys: &Keyring, name: &Username) -> Result<(Secret<String>, DeviceHash), KeyError> {
    let id: [u8; 16] = rand::random();
    let sealed = keys.seal(&id, &context(name))?;
    Ok((Secret::new(format!("{}.{}", sealed.key_id, BASE64URL_NOPAD.encode(&sealed.bytes))), hash(&id)))
}

fn hash(id: &[u8]) -> DeviceHash {
    Sha256::digest(id).into()
}

fn context(name: &Username) -> Vec<u8> {
    ["known-device/", name.as_str()].concat().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_valid_for_one_name_and_one_server() {
        let keys = Keyring::default();
        let [ada, bob] = ["ada", "bob"].map(|name| Username::parse(name).unwrap());
        let (cookie, new) = new_device(&keys, &ada).unwrap();
        assert_eq!(device(&keys, cookie.reveal(), &ada), Some(new));
        assert!(device(&keys, cookie.reveal(), &bob).is_none());
        assert!(device(&Keyring::default(), cookie.reveal(), &ada).is_none());
        for strange in ["", ".", "k1.", "k1.AAAA", "x", &cookie.reveal().to_uppercase()] {
            assert!(device(&keys, strange, &ada).is_none(), "{strange}");
        }
    }
}
