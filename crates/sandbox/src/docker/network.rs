//! The bridge all terminals are on: traffic between containers refused.

use std::collections::HashMap;

use bollard::models::{NetworkCreateRequest, NetworkInspect};

use super::engine::{ASK, Engine, WORK, found, within};
use crate::RuntimeError;

const ICC: &str = "com.docker.network.bridge.enable_icc";
const BRIDGE: &str = "com.docker.network.bridge.name";

/// Makes the bridge when it is missing, and refuses one that is not what it must be.
///
/// # Errors
/// [`RuntimeError::Differs`] when a network of that name exists and lets containers talk to each other.
pub async fn ensure(engine: &Engine, name: &str) -> Result<(), RuntimeError> {
    let docker = engine.client().await?;
    if let Some(network) = found(ASK, docker.inspect_network(name, None)).await? {
        return check(name, &network);
    }
    let request = NetworkCreateRequest {
        name: name.to_owned(),
        driver: Some("bridge".to_owned()),
        // The bridge has the network's own name: of two servers that make it at once, one is refused by the engine.
        options: Some(HashMap::from([
            (ICC.to_owned(), "false".to_owned()),
            (BRIDGE.to_owned(), name.chars().take(15).collect()),
        ])),
        labels: Some(HashMap::from([("rexec.network".to_owned(), name.to_owned())])),
        ..NetworkCreateRequest::default()
    };
    let made = within(WORK, docker.create_network(request)).await;
    match (found(ASK, docker.inspect_network(name, None)).await?, made) {
        (Some(network), _) => check(name, &network),
        (None, Err(error)) => Err(error),
        (None, Ok(_)) => Err(RuntimeError::Engine(format!("the network {name} was made and is not there"))),
    }
}

/// What the network must be.
fn check(name: &str, network: &NetworkInspect) -> Result<(), RuntimeError> {
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
    Err(RuntimeError::Differs(format!(
        "the network {name} {wrong}. Remove it (docker network rm {name}); it is made again as it must be"
    )))
}

/// Whether the network is there and as it must be, for the doctor.
pub async fn look(engine: &Engine, name: &str) -> Result<Option<Result<(), RuntimeError>>, RuntimeError> {
    let docker = engine.client().await?;
    Ok(found(ASK, docker.inspect_network(name, None)).await?.map(|network| check(name, &network)))
}
