//! A client of the public API.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use protocol::frame::SUBPROTOCOL;
use serde_json::{Value, json};
use tokio_tungstenite::{MaybeTlsStream, tungstenite::client::IntoClientRequest as _};

use crate::{
    attached::Attached,
    server::Server,
    timeout::{STEP_TIMEOUT, with_timeout},
};

/// Password of the account that the bench creates.
pub const PASSWORD: &str = "correct horse battery";

/// A signed-in API client.
pub struct Client {
    http: reqwest::Client,
    base: String,
    /// Cookie of the login session. The server replaces it when the session changes, e.g. after a factor is enrolled.
    cookie: Mutex<String>,
}

/// The cookie that a response sets.
fn cookie_of(response: &reqwest::Response) -> Option<String> {
    let set = response.headers().get("set-cookie")?.to_str().ok()?;
    Some(set.split(';').next().unwrap_or_default().to_owned())
}

impl Client {
    /// Creates the administrator with the set-up link of a new server.
    ///
    /// # Errors
    /// The request fails.
    pub async fn set_up(server: &Server) -> Result<Self> {
        let http = reqwest::Client::builder().timeout(STEP_TIMEOUT).build()?;
        let body = json!({"token": server.token, "username": "bench", "password": PASSWORD});
        let request = http.post(format!("{}/api/setup", server.base)).header("origin", &server.base).json(&body);
        let response = request.send().await?.error_for_status()?;
        let cookie = Mutex::new(cookie_of(&response).context("no cookie")?);
        Ok(Self { http, base: server.base.clone(), cookie })
    }

    /// A client of an existing login session.
    ///
    /// # Errors
    /// The HTTP client cannot be created.
    pub fn of_session(base: &str, cookie: &str) -> Result<Self> {
        let http = reqwest::Client::builder().timeout(STEP_TIMEOUT).build()?;
        Ok(Self { http, base: base.to_owned(), cookie: Mutex::new(cookie.to_owned()) })
    }

    /// Invites an account with the user's role and accepts the invitation.
    ///
    /// # Errors
    /// A request fails.
    pub async fn invite(&self, username: &str) -> Result<Self> {
        let invitation = json!({"role": "user"});
        let link = self.call(reqwest::Method::POST, "/api/admin/users/invite", Some(invitation)).await?;
        let (_, token) = link["url"].as_str().and_then(|url| url.split_once("token=")).context("no token")?;
        let body = json!({"token": token, "username": username, "password": PASSWORD});
        let request = self.http.post(format!("{}/api/invite", self.base)).header("origin", &self.base).json(&body);
        let response = request.send().await?.error_for_status()?;
        Self::of_session(&self.base, &cookie_of(&response).context("no cookie")?)
    }

    /// The cookie of the login session.
    pub fn cookie(&self) -> String {
        self.cookie.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends a request and returns the JSON of the response, `null` when there is none.
    ///
    /// # Errors
    /// The request fails, or the status is not a success.
    pub async fn call(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> Result<Value> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        request = request.header("cookie", self.cookie()).header("origin", &self.base);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await?;
        if let Some(cookie) = cookie_of(&response) {
            *self.cookie.lock().unwrap_or_else(PoisonError::into_inner) = cookie;
        }
        let (status, text) = (response.status(), response.text().await?);
        ensure!(status.is_success(), "{path}: {status} {text}");
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Creates a terminal, waits until it runs and returns its id.
    ///
    /// # Errors
    /// The launch fails.
    pub async fn create(&self, image: &str) -> Result<String> {
        let mut terminal = self.call(reqwest::Method::POST, "/api/terminals", Some(json!({ "image": image }))).await?;
        let id = terminal["id"].as_str().context("no id")?.to_owned();
        let running = async {
            while terminal["state"] == "creating" {
                tokio::time::sleep(Duration::from_millis(2)).await;
                terminal = self.call(reqwest::Method::GET, &format!("/api/terminals/{id}"), None).await?;
            }
            Ok(())
        };
        with_timeout("launch", running).await?;
        ensure!(terminal["state"] == "running", "not running: {terminal}");
        Ok(id)
    }

    /// Deletes a terminal and waits for the end of the deletion.
    ///
    /// # Errors
    /// The deletion fails.
    pub async fn delete(&self, id: &str) -> Result<()> {
        self.call(reqwest::Method::DELETE, &format!("/api/terminals/{id}"), None).await?;
        let deleted = async {
            while self.call(reqwest::Method::GET, &format!("/api/terminals/{id}"), None).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Ok(())
        };
        with_timeout("deletion", deleted).await
    }

    /// Attaches to the main pane.
    ///
    /// # Errors
    /// The handshake fails.
    pub async fn attach(&self, id: &str) -> Result<Attached> {
        self.attach_pane(id, "main").await
    }

    /// Attaches to a pane, which is created if it does not exist.
    ///
    /// # Errors
    /// The handshake fails.
    pub async fn attach_pane(&self, id: &str, pane: &str) -> Result<Attached> {
        let base = self.base.replacen("http", "ws", 1);
        let url = format!("{base}/api/terminals/{id}/attach?cols=80&rows=24&pane={pane}");
        let mut request = url.into_client_request()?;
        let headers = request.headers_mut();
        headers.insert("cookie", self.cookie().parse()?);
        headers.insert("origin", self.base.parse()?);
        headers.insert("sec-websocket-protocol", SUBPROTOCOL.parse()?);
        let connect = async { Ok(tokio_tungstenite::connect_async(request).await?) };
        let (mut socket, _) = with_timeout("attach", connect).await?;
        if let MaybeTlsStream::Plain(tcp) = socket.get_mut() {
            tcp.set_nodelay(true)?;
        }
        Ok(Attached::new(socket))
    }
}
