//! Latency of the lock: from the request to the close of each attached client.

use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result, bail, ensure};
use data_encoding::BASE32_NOPAD;
use futures_util::future::try_join_all;
use protocol::{ProblemKind, limits};
use reqwest::Method;
use serde_json::json;
use totp_rs::{Algorithm, Builder};

use crate::{
    attached::Attached,
    client::{Client, PASSWORD},
    figures::Samples,
};

/// Locks one terminal repeatedly, once per recovery code, while `clients` attached clients receive continuous output.
/// Each client is one sample per round.
///
/// # Errors
/// A request fails, or a client is not closed with the code of a locked terminal.
pub async fn measure(client: &Client, image: &str, clients: usize) -> Result<Samples> {
    let mut codes = enrol(client).await?;
    let id = client.create(image).await?;
    let mut samples = Samples::default();
    loop {
        let mut attached = try_join_all((0..clients).map(|_| client.attach(&id))).await?;
        if let Some(first) = attached.first_mut() {
            first.input(b"while :; do echo tick; done\r").await?;
        }
        for one in &mut attached {
            one.read_until(b"tick\r\ntick").await?;
        }
        let path = format!("/api/security/terminal/{id}");
        let lock = format!("{path}/mfa-lock");
        let began = Instant::now();
        let (_, took) = tokio::try_join!(
            client.call(Method::POST, &lock, None),
            try_join_all(attached.into_iter().map(|one| time_to_close(one, began))),
        )?;
        took.into_iter().for_each(|took| samples.push(took));
        let code = codes.pop().context("no recovery codes")?;
        let last = codes.is_empty();
        let action = if last { "mfa-unlock" } else { "mfa-verify" };
        client.call(Method::POST, &format!("{path}/{action}"), Some(json!({ "code": code }))).await?;
        if last {
            client.delete(&id).await?;
            return Ok(samples);
        }
    }
}

async fn time_to_close(attached: Attached, began: Instant) -> Result<Duration> {
    let code = attached.wait_closed().await?;
    ensure!(code == Some(ProblemKind::Locked.close_code()), "closed with {code:?}");
    Ok(began.elapsed())
}

/// Enrols an authenticator app and returns the recovery codes.
///
/// # Errors
/// A request fails.
pub async fn enrol(client: &Client) -> Result<Vec<String>> {
    let enrolment = client.call(Method::POST, "/api/account/mfa/enrol", Some(json!({ "password": PASSWORD }))).await?;
    let secret = BASE32_NOPAD.decode(enrolment["secret"].as_str().context("no secret")?.replace(' ', "").as_bytes())?;
    let app = Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(u8::try_from(limits::CODE_DIGITS)?)
        .with_step_duration(30)
        .with_secret(secret.as_slice());
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
    let code = app.build_noncompliant().generate(now).to_string();
    let confirmed = client.call(Method::POST, "/api/account/mfa/confirm", Some(json!({ "code": code }))).await?;
    let Some(codes) = confirmed["recovery_codes"].as_array() else { bail!("no recovery codes: {confirmed}") };
    Ok(codes.iter().filter_map(|code| code.as_str().map(str::to_owned)).collect())
}
