//! Time-based codes (RFC 6238): SHA-1, six digits, thirty seconds, 160-bit secrets, because that is what authenticator
//! apps support. Pure functions.

use data_encoding::BASE32_NOPAD;
use protocol::{Timestamp, names::Username};
use qrcode::{QrCode, render::svg};
use secrets::Secret;
use subtle::ConstantTimeEq as _;
use totp_rs::{Algorithm, Builder};
use zeroize::Zeroizing;

/// Length of a step (RFC 6238 4.1).
pub const STEP_SECS: i64 = 30;
const DIGITS: u8 = protocol::limits::CODE_DIGITS as u8;
/// 160 bit (RFC 4226 4, requirement 6).
const SECRET_BYTES: usize = 20;

/// A new random secret. Clients never choose one.
pub fn generate_secret() -> Secret<Vec<u8>> {
    let bytes: Zeroizing<[u8; SECRET_BYTES]> = Zeroizing::new(rand::random());
    Secret::new(bytes.to_vec())
}

/// The step that contains an instant.
pub fn step_at(now: Timestamp) -> i64 {
    now.secs().div_euclid(STEP_SECS)
}

/// The code of a step.
pub fn code(secret: &[u8], step: i64) -> String {
    let totp = Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(DIGITS)
        .with_step_duration(STEP_SECS.unsigned_abs())
        .with_secret(secret)
        .build_noncompliant();
    totp.generate(step.max(0).unsigned_abs().saturating_mul(STEP_SECS.unsigned_abs())).to_string()
}

/// The newest step whose code matches, among the current one, the previous one (delay of entry) and, where allowed, the
/// next one (a fast clock). RFC 6238 5.2 recommends no wider window.
pub fn matching_step(secret: &[u8], typed: &str, now: Timestamp, one_ahead: bool) -> Option<i64> {
    let present = step_at(now);
    let mut found = None;
    // All steps are compared, so that timing does not reveal which one matched.
    for step in present - 1..=present + i64::from(one_ahead) {
        if bool::from(code(secret, step).as_bytes().ct_eq(typed.as_bytes())) {
            found = Some(step);
        }
    }
    found
}

/// The secret in base32, for manual entry.
pub fn base32(secret: &[u8]) -> String {
    BASE32_NOPAD.encode(secret)
}

/// What an authenticator app reads (Key URI format). A username needs no escaping.
pub fn otpauth_url(secret: &[u8], username: &Username) -> String {
    let secret = base32(secret);
    format!(
        "otpauth://totp/Rexec:{username}?secret={secret}&issuer=Rexec&algorithm=SHA1&digits={DIGITS}&period={STEP_SECS}"
    )
}

/// The URL as a QR code: one `<svg>` element without script or style. `None` when the URL is too long.
pub fn qr_svg(url: &str) -> Option<String> {
    let picture = QrCode::new(url).ok()?.render::<svg::Color<'_>>().min_dimensions(220, 220).quiet_zone(true).build();
    picture.find("<svg").map(|at| picture[at..].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RFC: &[u8] = b"12345678901234567890";

    #[test]
    fn codes_match_the_test_vectors_of_rfc_6238() {
        // Appendix B, SHA-1, the last six of eight digits.
        for (secs, expected) in
            [(59, "287082"), (1_111_111_109, "081804"), (1_111_111_111, "050471"), (1_234_567_890, "005924")]
        {
            assert_eq!(code(RFC, step_at(Timestamp::from_millis(secs * 1000))), expected);
        }
    }

    #[test]
    fn the_next_step_matches_only_when_allowed() {
        let now = Timestamp::from_millis(1_234_567_890_000);
        let fits = |offset: i64, ahead| matching_step(RFC, &code(RFC, step_at(now) + offset), now, ahead).is_some();
        assert_eq!([-2, -1, 0, 1, 2].map(|o| fits(o, false)), [false, true, true, false, false]);
        assert_eq!([-2, -1, 0, 1, 2].map(|o| fits(o, true)), [false, true, true, true, false]);
    }

    #[test]
    fn a_qr_code_is_one_svg_element() {
        let url = otpauth_url(&[7; 20], &Username::parse("ada").unwrap());
        assert!(url.starts_with("otpauth://totp/Rexec:ada?secret="));
        let svg = qr_svg(&url).unwrap();
        assert!(
            svg.starts_with("<svg") && svg.ends_with("</svg>") && !svg.contains("style") && !svg.contains("script")
        );
    }
}
