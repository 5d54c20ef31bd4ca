//! A signed-in user of the REST API and of the terminal socket.

use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use protocol::frame::{ClientFrame, SUBPROTOCOL, ServerFrame};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{self, Message, client::IntoClientRequest as _},
};

const DEADLINE: Duration = Duration::from_secs(60);

pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub struct User {
    http: reqwest::Client,
    origin: String,
    cookies: Mutex<BTreeMap<String, String>>,
}

impl User {
    /// Signs in; `code` is a recovery code, for a user with a factor.
    pub async fn sign_in(origin: &str, name: &str, password: &str, code: Option<&str>) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let user = Self { http, origin: origin.to_owned(), cookies: Mutex::default() };
        let answer = user.ok("POST", "/api/auth/login", json!({"username": name, "password": password})).await;
        let expected = if code.is_some() { "mfa_required" } else { "ok" };
        assert_eq!(answer["status"], expected, "login of {name}");
        if let Some(code) = code {
            user.ok("POST", "/api/auth/login/mfa", json!({ "code": code })).await;
        }
        user
    }

    fn cookie_header(&self) -> String {
        let cookies = self.cookies.lock().unwrap();
        cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// Sends a request that must succeed. `Null` is no body.
    pub async fn ok(&self, method: &str, path: &str, body: Value) -> Value {
        let mut request = self.http.request(method.parse().unwrap(), format!("{}{path}", self.origin));
        request = request.header("origin", &self.origin).header("cookie", self.cookie_header());
        if !body.is_null() {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        for line in response.headers().get_all("set-cookie") {
            let (pair, _) = line.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
        }
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    pub async fn until_running(&self, id: &str) {
        let running = async {
            while self.ok("GET", &format!("/api/terminals/{id}"), Value::Null).await["state"] != "running" {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(DEADLINE, running).await.expect("the terminal runs in time");
    }

    /// Attaches to the main pane; `Err` is the status of a refusal.
    pub async fn attach(&self, id: &str) -> Result<Socket, u16> {
        let origin = self.origin.replacen("http", "ws", 1);
        let url = format!("{origin}/api/terminals/{id}/attach?cols=80&rows=24");
        let mut request = url.into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert("origin", self.origin.parse().unwrap());
        headers.insert("cookie", self.cookie_header().parse().unwrap());
        headers.insert("sec-websocket-protocol", SUBPROTOCOL.parse().unwrap());
        match tokio_tungstenite::connect_async(request).await {
            Ok((socket, _)) => Ok(socket),
            Err(tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("attach: {error}"),
        }
    }
}

pub async fn type_line(socket: &mut Socket, line: &str) {
    let input = format!("{line}\r");
    socket.send(Message::Binary(ClientFrame::Input(input.as_bytes()).encode().into())).await.unwrap();
}

/// Reads output until it contains the text.
pub async fn read_until(socket: &mut Socket, text: &str) {
    let mut seen = String::new();
    let found = async {
        while !seen.contains(text) {
            let message = socket.next().await.expect("the socket stays open").unwrap();
            let Message::Binary(bytes) = message else { continue };
            if let ServerFrame::Output { bytes, .. } | ServerFrame::Snapshot { bytes, .. } =
                ServerFrame::decode(&bytes).unwrap()
            {
                seen.push_str(&String::from_utf8_lossy(&bytes));
            }
        }
    };
    let in_time = tokio::time::timeout(DEADLINE, found).await;
    assert!(in_time.is_ok(), "`{text}` is not in the output: {seen}");
}
