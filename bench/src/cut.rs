//! The lock: from the request to the end of the last socket it cuts.

use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result, bail, ensure};
use data_encoding::BASE32_NOPAD;
use futures_util::future::try_join_all;
use protocol::{ProblemKind, limits};
use reqwest::Method;
use serde_json::json;
use totp_rs::{Algorithm, Builder};

use crate::{
    client::{Attached, Client, PASSWORD},
    figures::Samples,
};

/// Locks one terminal again and again while `sockets` views of it show a flood; every socket is a sample.
pub async fn cuts(client: &Client, image: &str, sockets: usize) -> Result<Samples> {
    let mut codes = enrol(client).await?;
    let id = client.create(image).await?;
    let mut samples = Samples::default();
    loop {
        let mut views = try_join_all((0..sockets).map(|_| client.attach(&id))).await?;
        if let Some(first) = views.first_mut() {
            first.input(b"while :; do echo tick; done\r").await?;
        }
        for view in &mut views {
            view.wait_for(b"tick\r\ntick").await?;
        }
        let path = format!("/api/security/terminal/{id}");
        let lock = format!("{path}/mfa-lock");
        let began = Instant::now();
        let (_, took) = tokio::try_join!(
            client.call(Method::POST, &lock, None),
            try_join_all(views.into_iter().map(|view| cut(view, began))),
        )?;
        took.into_iter().for_each(|took| samples.push(took));
        let code = codes.pop().context("no recovery codes")?;
        let last = codes.is_empty();
        let way = if last { "mfa-unlock" } else { "mfa-verify" };
        client.call(Method::POST, &format!("{path}/{way}"), Some(json!({ "code": code }))).await?;
        if last {
            client.delete(&id).await?;
            return Ok(samples);
        }
    }
}

async fn cut(view: Attached, began: Instant) -> Result<Duration> {
    let code = view.closed().await?;
    ensure!(code == Some(ProblemKind::Locked.close_code()), "closed with {code:?}");
    Ok(began.elapsed())
}

/// Sets a factor up, as an authenticator app does; gives the recovery codes.
async fn enrol(client: &Client) -> Result<Vec<String>> {
    let made = client.call(Method::POST, "/api/account/mfa/enrol", Some(json!({ "password": PASSWORD }))).await?;
    let secret = BASE32_NOPAD.decode(made["secret"].as_str().context("no secret")?.replace(' ', "").as_bytes())?;
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
