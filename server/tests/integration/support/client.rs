//! An HTTP client with a cookie jar, as a browser has one. Each response is checked against the OpenAPI document.

use std::{collections::BTreeMap, sync::Mutex};

use serde_json::Value;

use super::documented;

/// A response.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Reply {
    /// `type` of a problem.
    pub fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap_or_default()
    }

    /// Every refusal is a problem document whose detail is not a repetition of its title.
    fn checked(self) -> Self {
        if self.status >= 400 {
            assert_eq!(self.headers["content-type"], "application/problem+json", "{}", self.body);
            let member_text = |member: &str| self.body[member].as_str().unwrap_or_default().to_owned();
            let (title, detail) = (member_text("title"), member_text("detail"));
            assert!(!title.is_empty() && detail.len() > 12 && detail.ends_with('.'), "{}", self.body);
            assert!(!title.contains(detail.trim_end_matches('.')), "no more than the title says: {}", self.body);
        }
        self
    }
}

/// An HTTP client with a cookie jar.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    origin: String,
    cookies: Mutex<BTreeMap<String, String>>,
}

impl Clone for Client {
    /// As a stolen session: the same cookies, in a separate jar.
    fn clone(&self) -> Self {
        let cookies = self.cookies.lock().unwrap().clone();
        Self { http: self.http.clone(), origin: self.origin.clone(), cookies: Mutex::new(cookies) }
    }
}

impl Client {
    /// A client without cookies.
    pub fn new(http: reqwest::Client, origin: String) -> Self {
        Self { http, origin, cookies: Mutex::default() }
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    pub fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    pub fn remove_cookie(&self, name: &str) {
        self.cookies.lock().unwrap().remove(name);
    }

    /// One request; `Null` is no body.
    pub async fn ask(&self, method: &str, path: &str, body: Value) -> Reply {
        self.ask_with(method, path, body, &[]).await
    }

    pub async fn ask_with(&self, method: &str, path: &str, body: Value, headers: &[(&str, &str)]) -> Reply {
        let response = self.send(method, path, body, headers).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        for line in headers.get_all("set-cookie") {
            let (pair, attributes) = line.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            let mut jar = self.cookies.lock().unwrap();
            if attributes.contains("Max-Age=0") {
                jar.remove(name)
            } else {
                jar.insert(name.into(), value.into())
            };
        }
        documented::check(method, path, status);
        let bytes = response.bytes().await.unwrap();
        Reply { status, headers, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }.checked()
    }

    /// Sends this text as the body; `kind` is the content type, or empty for none.
    pub async fn send_raw(&self, method: &str, path: &str, kind: &str, text: &str) -> Reply {
        let url = format!("{}{path}", self.origin);
        let mut request = self.http.request(method.parse().unwrap(), url).header("origin", &self.origin);
        request = request.header("cookie", format!("__Host-rexec={}", self.cookie("__Host-rexec").unwrap()));
        if !kind.is_empty() {
            request = request.header("content-type", kind);
        }
        let response = request.body(text.to_owned()).send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        documented::check(method, path, status);
        Reply { status, headers, body: response.json().await.unwrap_or(Value::Null) }.checked()
    }

    /// A response whose body has not been read.
    pub async fn open(&self, path: &str) -> reqwest::Response {
        self.send("GET", path, Value::Null, &[]).await
    }

    async fn send(&self, method: &str, path: &str, body: Value, headers: &[(&str, &str)]) -> reqwest::Response {
        let method = method.parse::<reqwest::Method>().unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.origin)).header("origin", &self.origin);
        let line: Vec<String> = self.cookies.lock().unwrap().iter().map(|(k, v)| format!("{k}={v}")).collect();
        if !line.is_empty() {
            request = request.header("cookie", line.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        request.send().await.unwrap()
    }

    /// A request that must succeed.
    pub async fn ok(&self, method: &str, path: &str, body: Value) -> Value {
        let reply = self.ask(method, path, body).await;
        assert!((200..300).contains(&reply.status), "{method} {path}: {} {}", reply.status, reply.body);
        reply.body
    }

    /// A request that must be refused with this status; gives the problem.
    pub async fn refused(&self, status: u16, method: &str, path: &str, body: Value) -> Value {
        let reply = self.ask(method, path, body).await;
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.body);
        assert_eq!(reply.headers["content-type"], "application/problem+json", "{method} {path}");
        assert_eq!(reply.body["status"], status);
        reply.body
    }
}
