//! Every list has the same two parameters, the same pages, and the same refusal of an invalid cursor.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{
    database,
    server::{Client, TestServer},
};

const LISTS: [&str; 11] = [
    "/api/images",
    "/api/tiers",
    "/api/terminals",
    "/api/account/sessions",
    "/api/admin/users",
    "/api/admin/invites",
    "/api/admin/terminals",
    "/api/admin/images",
    "/api/admin/tiers",
    "/api/account/audit",
    "/api/admin/audit",
];

/// The identifying field of each item of a page.
fn names(page: &Value) -> Vec<String> {
    let name = |item: &Value| ["id", "seq", "name"].iter().find_map(|key| item.get(key)).unwrap().to_string();
    page["items"].as_array().unwrap().iter().map(name).collect()
}

async fn walk(client: &Client, list: &str) -> Vec<String> {
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let page = client.ok("GET", &format!("{list}?limit=1&after={next}"), Value::Null).await;
        let items = names(&page);
        assert_eq!(items.len(), 1, "{list}: {page}");
        seen.extend(items);
        match page["next"].as_str() {
            Some(place) => place.clone_into(&mut next),
            None => return seen,
        }
    }
}

#[tokio::test]
async fn every_list_is_paginated_and_rejects_an_invalid_cursor() {
    for db in database::each().await {
        let server = TestServer::on(db).await;
        let admin = server.admin().await;
        for name in ["ada", "bob"] {
            server.user(&admin, name).await;
            server.terminal(&admin.client).await;
            server.log_in_again(&admin).await;
            admin.client.ok("POST", "/api/admin/users/invite", serde_json::json!({"role": "user"})).await;
        }
        for list in LISTS.iter().filter(|list| !list.ends_with("/audit")) {
            let whole = names(&admin.client.ok("GET", list, Value::Null).await);
            assert!(whole.len() > 1, "{list}");
            assert_eq!(walk(&admin.client, list).await, whole, "{list}");
        }
        for list in ["/api/account/audit", "/api/admin/audit"] {
            let seen = walk(&admin.client, list).await;
            assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), seen.len(), "{list}: {seen:?}");
        }
        let mut answers = BTreeSet::new();
        for list in LISTS {
            let problem = admin.client.refused(400, "GET", &format!("{list}?after=zzz"), Value::Null).await;
            answers.insert(format!("{} {} {}", problem["type"], problem["field"], problem["detail"]));
            for limit in ["x", "0", "-1"] {
                admin.client.refused(400, "GET", &format!("{list}?limit={limit}"), Value::Null).await;
            }
        }
        assert_eq!(answers.len(), 1, "{answers:?}");
    }
}
