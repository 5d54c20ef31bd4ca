//! Pages rendered by the server: complete documents, a content security policy each, no data of other users.

use serde_json::Value;

use crate::support::server::TestServer;

struct Page {
    status: u16,
    policy: String,
    cache: String,
    html: String,
}

async fn page(server: &TestServer, path: &str, cookie: &str) -> Page {
    let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let answer = http.get(format!("{}{path}", server.origin)).header("cookie", cookie).send().await.unwrap();
    let header = |name| answer.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let (policy, cache) = (header("content-security-policy"), header("cache-control"));
    Page { status: answer.status().as_u16(), policy, cache, html: answer.text().await.unwrap() }
}

fn nonce(policy: &str) -> &str {
    policy.split_once("'nonce-").and_then(|(_, rest)| rest.split_once('\'')).map_or("", |(nonce, _)| nonce)
}

#[tokio::test]
async fn every_page_has_its_own_content_security_policy() {
    let server = TestServer::start().await;
    let first = page(&server, "/setup?token=x", "").await;
    let second = page(&server, "/login", "").await;
    for shown in [&first, &second] {
        assert_eq!(shown.status, 200);
        assert!(shown.html.starts_with("<!DOCTYPE html>"), "{}", &shown.html[..100.min(shown.html.len())]);
        let nonce = nonce(&shown.policy);
        assert!(nonce.len() >= 16, "{}", shown.policy);
        assert!(!shown.policy.contains("unsafe-inline") && !shown.policy.contains("'unsafe-eval'"));
        assert!(shown.html.contains(&format!("nonce=\"{nonce}\"")), "the scripts carry the nonce");
        assert!(!shown.html.contains(" style=\""), "no inline style: the policy refuses it");
        assert_eq!(shown.cache, "no-store");
    }
    assert_ne!(nonce(&first.policy), nonce(&second.policy));
}

#[tokio::test]
async fn the_dashboard_is_rendered_for_its_owner_only() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ada = server.user(&admin, "ada").await;
    let id = server.terminal(&ada.client).await;
    let cookie =
        |p: &crate::support::server::User| format!("__Host-rexec={}", p.client.cookie("__Host-rexec").unwrap());
    let own = page(&server, "/", &cookie(&ada)).await;
    assert!(own.html.contains(&id.to_string()), "the card is rendered by the server");
    for (who, cookie) in [("nobody", String::new()), ("the administrator", cookie(&admin))] {
        let other = page(&server, "/", &cookie).await;
        assert!(!other.html.contains(&id.to_string()), "{who} sees it");
        let direct = page(&server, &format!("/terminals/{id}"), &cookie).await;
        assert!(!direct.html.contains("debian-1"), "{who} reads its name");
    }
}

/// The title of a page contains the name of the terminal.
#[tokio::test]
async fn a_hostile_name_is_escaped_in_the_title() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let id = server.terminal(&admin.client).await;
    let name = "</title><meta name=x>&amp;";
    admin.client.ok("PATCH", &format!("/api/terminals/{id}"), serde_json::json!({"name": name})).await;
    let cookie = format!("__Host-rexec={}", admin.client.cookie("__Host-rexec").unwrap());
    let html = page(&server, &format!("/terminals/{id}"), &cookie).await.html;
    let (_, title) = html.split_once("<title").unwrap();
    let (title, _) = title.split_once("</title>").unwrap();
    assert!(title.contains("&lt;/title&gt;&lt;meta name=x&gt;&amp;amp; · Rexec"), "{title}");
    assert!(!html.contains("<meta name=x>"));
}

/// The refusal in the HTML equals the one in the embedded data, however often that part of the page was rendered.
/// Otherwise hydration fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_rendered_page_matches_its_embedded_data() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    server.enrol(&admin).await;
    let ada = server.user(&admin, "ada").await;
    let mut settings = admin.client.ok("GET", "/api/admin/settings", Value::Null).await;
    settings["mfa_required"] = true.into();
    admin.client.ok("PUT", "/api/admin/settings", settings).await;
    let cookie = format!("__Host-rexec={}", ada.client.cookie("__Host-rexec").unwrap());
    for _ in 0..20 {
        for shown in futures_util::future::join_all((0..10).map(|_| page(&server, "/", &cookie))).await {
            let (_, request) = shown.html.split_once("Request ").expect("a refusal names its request");
            let request = request.split_once("<code>").unwrap().1.get(..32).unwrap();
            let data: Vec<_> =
                shown.html.split("__RESOLVED_RESOURCES[").filter(|part| part.contains("mfa_required")).collect();
            assert!(!data.is_empty(), "the refusal is in the data");
            assert!(data.iter().all(|part| part.contains(request)), "{request} is not in {data:?}");
        }
    }
}

#[tokio::test]
async fn a_missing_file_answers_404() {
    let server = TestServer::start().await;
    assert_eq!(page(&server, "/pkg/nothing.js", "").await.status, 404);
}
