//! The shared parts of a server, passed to every use-case as one value.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use access::{Caller, Clock, RevocationRegistry, Revocations, TerminalGate};
use ipnet::IpNet;
use protocol::Timestamp;
use sandbox::Engine;
use secrets::Keyring;
use store::Db;
use terminal::Sessions;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    audit::{Actor, AuditKeys, AuditLog, SearchSlots},
    auth::{SignedInAddresses, Throttle},
    config::Config,
    events::Events,
    mfa::{FactorPurpose, Verification},
    operations::Operations,
    reconciler_state::ReconcilerState,
};

/// Maximum time that a request waits for an operation on the engine before it is answered with 202.
pub const OPERATION_WAIT: Duration = Duration::from_secs(10);

/// The shared parts of a running server. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Services {
    /// Configuration.
    pub config: Arc<Config>,
    /// Clock.
    pub clock: Clock,
    /// The store.
    pub db: Db,
    /// The audit log.
    pub audit: AuditLog,
    /// Turns of searches of the audit log.
    pub searches: Arc<SearchSlots>,
    /// Keys for secrets at rest.
    pub keys: Arc<Keyring>,
    /// Throttle of password guesses.
    pub throttle: Arc<Throttle>,
    /// Addresses with a recent signed-in request.
    pub signed_in_addresses: Arc<SignedInAddresses>,
    /// Ends leases.
    pub revocations: Arc<dyn Revocations>,
    /// Decides about access to terminals.
    pub gate: TerminalGate,
    /// The engine.
    pub engine: Arc<dyn Engine>,
    /// Sessions of running terminals.
    pub sessions: Arc<Sessions>,
    /// Runs operations.
    pub operations: Arc<Operations>,
    /// Shared by the reconciler and the operations of requests.
    pub reconciler: Arc<ReconcilerState>,
    /// Publishes changes to the event streams of pages.
    pub events: Events,
    /// Origins a browser may call from.
    pub origins: Arc<Origins>,
    /// Cancelled when the server shuts down.
    pub shutdown: CancellationToken,
    /// Tasks that shutdown waits for (launches, deletions).
    pub tasks: TaskTracker,
    /// How long a request waits for an operation on the engine before it is answered with 202.
    pub operation_wait: Duration,
    /// When this process started.
    pub started_at: Timestamp,
}

impl Services {
    /// Services over a store and an engine; everything else has a default.
    pub fn builder(
        config: Config,
        db: Db,
        keys: Keyring,
        audit_keys: AuditKeys,
        engine: Arc<dyn Engine>,
    ) -> ServicesBuilder {
        let (clock, address, operation_wait) = (Clock::System, config.listen, OPERATION_WAIT);
        ServicesBuilder { config, db, keys, audit_keys, engine, clock, address, operation_wait }
    }

    /// A verification of a code of the signed-in caller.
    pub fn verification<'a>(
        &'a self,
        caller: &'a Caller,
        actor: &'a Actor,
        purpose: FactorPurpose,
    ) -> Verification<'a> {
        Verification {
            db: &self.db,
            audit: &self.audit,
            keys: &self.keys,
            now: self.clock.now(),
            actor,
            user: caller.user,
            username: &caller.username,
            device: caller.trusted_device,
            purpose,
        }
    }
}

/// Builds [`Services`].
#[derive(Debug)]
#[must_use]
pub struct ServicesBuilder {
    config: Config,
    db: Db,
    keys: Keyring,
    audit_keys: AuditKeys,
    engine: Arc<dyn Engine>,
    clock: Clock,
    address: SocketAddr,
    operation_wait: Duration,
}

impl ServicesBuilder {
    /// Another clock than the system's.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The address that the listener is bound to, when it differs from the configured one.
    pub fn address(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// How long a request waits for an operation on the engine before it is answered with 202.
    pub fn operation_wait(mut self, wait: Duration) -> Self {
        self.operation_wait = wait;
        self
    }

    /// The services.
    pub fn build(self) -> Services {
        let (registry, shutdown) = (Arc::new(RevocationRegistry::default()), CancellationToken::new());
        let tasks = TaskTracker::new();
        let facts = Arc::new(self.db.clone());
        Services {
            origins: Arc::new(Origins::new(self.config.public_url.as_deref(), self.address)),
            config: Arc::new(self.config),
            gate: TerminalGate::new(facts, registry.clone(), self.clock.clone()),
            started_at: self.clock.now(),
            signed_in_addresses: Arc::new(SignedInAddresses::new(self.clock.clone())),
            clock: self.clock,
            audit: AuditLog::new(self.db.clone(), self.audit_keys),
            searches: Arc::default(),
            db: self.db,
            keys: Arc::new(self.keys),
            throttle: Arc::default(),
            revocations: registry,
            engine: self.engine,
            sessions: Arc::new(Sessions::new(shutdown.clone())),
            reconciler: Arc::default(),
            operations: Arc::new(Operations::new(tasks.clone())),
            events: Events::default(),
            shutdown,
            tasks,
            operation_wait: self.operation_wait,
        }
    }
}

/// The origins of Rexec's own pages. Requests from all others are rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origins {
    public: String,
    allowed: Vec<String>,
}

impl Origins {
    /// The configured public URL's origin; without one, the loopback names of the port.
    pub fn new(public_url: Option<&str>, listen: SocketAddr) -> Self {
        if let Some(url) = public_url {
            let url = url.trim_end_matches('/').to_owned();
            return Self { allowed: vec![url.clone()], public: url };
        }
        let port = listen.port();
        let mut allowed = vec![format!("http://{listen}")];
        if listen.ip().is_loopback() {
            allowed.extend(["127.0.0.1", "localhost", "[::1]"].map(|name| format!("http://{name}:{port}")));
        }
        Self { public: format!("http://{listen}"), allowed }
    }

    /// The address to print and to build links from, without a slash at the end.
    pub fn public(&self) -> &str {
        &self.public
    }

    /// Whether an `Origin` header is one of these, by exact comparison.
    pub fn allows(&self, origin: &str) -> bool {
        self.allowed.iter().any(|ours| ours == origin)
    }
}

/// Whether a hop is one of the configured proxies. A dual-stack socket reports IPv4 addresses as mapped IPv6 ones.
pub fn is_trusted(hop: IpAddr, trusted: &[IpNet]) -> bool {
    let hop = hop.to_canonical();
    let mapped = match hop {
        IpAddr::V4(v4) => IpAddr::V6(v4.to_ipv6_mapped()),
        v6 @ IpAddr::V6(_) => v6,
    };
    trusted.iter().any(|net| net.contains(&hop) || net.contains(&mapped))
}

/// The client's address: the socket's, unless that hop is a configured proxy; then the nearest hop that is not one.
/// (ASVS 4.1.3)
pub fn client_address(socket: IpAddr, forwarded_for: Option<&str>, trusted: &[IpNet]) -> IpAddr {
    let mut address = socket.to_canonical();
    let mut hops = forwarded_for.unwrap_or_default().rsplit(',').map(|hop| hop.trim().parse::<IpAddr>());
    while is_trusted(address, trusted) {
        match hops.next() {
            Some(Ok(next)) => address = next.to_canonical(),
            _ => break,
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_compared_exactly() {
        let ours = Origins::new(Some("https://rexec.example/"), "0.0.0.0:80".parse().unwrap());
        assert!(ours.allows("https://rexec.example"));
        for foreign in [
            "null",
            "",
            "http://rexec.example",
            "https://rexec.example.evil.test",
            "https://evil-rexec.example",
            "https://rexec.example:8443",
        ] {
            assert!(!ours.allows(foreign), "{foreign}");
        }
        let local = Origins::new(None, "127.0.0.1:8080".parse().unwrap());
        assert!(local.allows("http://localhost:8080") && local.allows("http://127.0.0.1:8080"));
        assert!(!local.allows("http://localhost:80"));
    }

    #[test]
    fn forwarded_addresses_are_trusted_only_from_configured_proxies() {
        let (proxy, client, liar) = ("10.0.0.1", "203.0.113.9", "198.51.100.7");
        let ip = |s: &str| s.parse::<IpAddr>().unwrap();
        let trusted = ["10.0.0.0/8".parse::<IpNet>().unwrap()];
        assert_eq!(client_address(ip(client), Some(liar), &trusted), ip(client), "a direct client cannot choose");
        assert_eq!(client_address(ip(proxy), Some(&format!("{liar}, {client}")), &trusted), ip(client));
        assert_eq!(client_address(ip("::ffff:10.0.0.1"), Some(client), &trusted), ip(client), "the same proxy in IPv6");
        assert_eq!(client_address(ip(&format!("::ffff:{client}")), None, &trusted), ip(client));
        assert_eq!(client_address(ip(proxy), Some("not an address"), &trusted), ip(proxy));
        assert_eq!(client_address(ip(proxy), None, &trusted), ip(proxy));
        assert_eq!(client_address(ip(proxy), Some(&format!("{client}, 10.0.0.2")), &trusted), ip(client));
    }
}
