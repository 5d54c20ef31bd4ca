//! The bridge network of all terminals. It refuses traffic between containers.

use std::collections::HashMap;

use bollard::models::{NetworkCreateRequest, NetworkInspect};

use super::connection::{CHANGE_TIMEOUT, Connection, QUERY_TIMEOUT, call, call_optional};
use crate::EngineError;

const ICC: &str = "com.docker.network.bridge.enable_icc";
const BRIDGE: &str = "com.docker.network.bridge.name";

/// Creates the network if it is missing, and checks an existing one.
///
/// # Errors
/// [`EngineError::ProfileMismatch`] when a network of this name exists with other settings.
pub async fn ensure(connection: &Connection, name: &str) -> Result<(), EngineError> {
    let docker = connection.client().await?;
    if let Some(network) = call_optional(QUERY_TIMEOUT, docker.inspect_network(name, None)).await? {
        return check(name, &network);
    }
    let request = NetworkCreateRequest {
        name: name.to_owned(),
        driver: Some("bridge".to_owned()),
        // The bridge interface has the network's name, so the engine refuses the second of two concurrent creations.
        options: Some(HashMap::from([
            (ICC.to_owned(), "false".to_owned()),
            (BRIDGE.to_owned(), name.chars().take(15).collect()),
        ])),
        labels: Some(HashMap::from([("rexec.network".to_owned(), name.to_owned())])),
        ..NetworkCreateRequest::default()
    };
    let created = call(CHANGE_TIMEOUT, docker.create_network(request)).await;
    match (call_optional(QUERY_TIMEOUT, docker.inspect_network(name, None)).await?, created) {
        (Some(network), _) => check(name, &network),
        (None, Err(error)) => Err(error),
        (None, Ok(_)) => Err(EngineError::Failed(format!("the network {name} was created and does not exist"))),
    }
}

/// Compares the settings of the network with the required ones.
fn check(name: &str, network: &NetworkInspect) -> Result<(), EngineError> {
    let option = |key: &str| network.options.as_ref().and_then(|options| options.get(key)).map(String::as_str);
    let wrong = if network.name.as_deref() != Some(name) {
        "is another network"
    } else if network.driver.as_deref() != Some("bridge") {
        "is not a bridge"
    } else if option(ICC) != Some("false") {
        "lets containers talk to each other"
    } else if network.attachable == Some(true) || network.ingress == Some(true) {
        "lets others attach"
    } else if network.enable_ipv6 == Some(true) {
        "has IPv6, which the rules of this version do not cover"
    } else {
        return Ok(());
    };
    Err(EngineError::ProfileMismatch(format!(
        "the network {name} {wrong}. Remove it (docker network rm {name}); it is created again with the right settings"
    )))
}

/// The result of the check of an existing network, `None` when there is no network.
pub async fn inspect(connection: &Connection, name: &str) -> Result<Option<Result<(), EngineError>>, EngineError> {
    let docker = connection.client().await?;
    Ok(call_optional(QUERY_TIMEOUT, docker.inspect_network(name, None)).await?.map(|network| check(name, &network)))
}
