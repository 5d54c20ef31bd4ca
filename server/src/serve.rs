//! The lifecycle of a server process: opens its resources, reconciles what a crash left, prints the ready line, serves,
//! and shuts down in order.

use std::{
    io::{Write as _, stdout},
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::Duration,
};

use access;
use anyhow::{Context as _, Result};
use sandbox::{docker::Docker, profile::STANDARD};
use secrets::Keyring;
use store::Db;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    accounts,
    admin::{self, housekeeping},
    audit,
    config::Config,
    data_dir::DataDir,
    http::{
        self, Bounds, connections,
        static_files::{self, Site},
    },
    problem::preflight_text,
    services::Services,
    telemetry, terminals,
};
pub use rust_embed::EmbeddedFile;

/// Files that the binary embeds. The library does not, because other builds produce them in parallel.
#[derive(Clone, Copy)]
pub struct Assets {
    /// The site's files by path, such as `pkg/rexec.css`.
    pub site: Site,
    /// The guest: the program that runs as PID 1 of every container.
    pub guest: &'static [u8],
}

/// On shutdown, open sockets and then running operations have this long to finish.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves until a signal arrives.
///
/// # Errors
/// When a resource cannot be opened; the message says what to do.
pub async fn run(config: Config, assets: Assets) -> Result<()> {
    telemetry::start(&config);
    let data = DataDir::open(&config.data_dir)?;
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {}: choose another address with --listen", config.listen))?;
    let services = services(config, assets, &data, listener.local_addr()?).await?;
    let preflight = admin::preflight::check(&services, &data.instance().to_string()).await;
    preflight.map_err(|error| preflight_text(&error).map_or_else(|| error.into(), anyhow::Error::msg))?;
    audit::establish(&services.audit, data.path()).await?;
    let link = accounts::setup_link(&services).await.context("the set-up link cannot be made")?;
    cancel_on_signal(services.shutdown.clone());
    terminals::reconciler::reconcile_at_start(&services).await;
    services.tasks.spawn(housekeeping::run(services.clone()));
    services.tasks.spawn(terminals::reconciler::run(services.clone()));
    services.tasks.spawn(access::watch_database(
        Arc::new(services.db.clone()),
        services.revocations.clone(),
        services.shutdown.clone(),
    ));
    data.save_origin(services.origins.public())?;
    print_ready_line(&services, link.as_deref());
    serve(listener, &services, assets.site).await;
    finish_tasks(&services).await;
    if let Err(error) = housekeeping::append_counts(&services, true).await {
        tracing::warn!(%error, "the numbers of suppressed audit events could not be written");
    }
    housekeeping::write_checkpoint(&services).await;
    // Merges the write-ahead log into the file of the embedded database.
    services.db.close().await;
    drop(data);
    Ok(())
}

/// Builds the services.
async fn services(config: Config, assets: Assets, data: &DataDir, address: SocketAddr) -> Result<Services> {
    anyhow::ensure!(
        !assets.guest.is_empty() && static_files::built(assets.site),
        "this binary was built without its pages or its guest; build it with `./run --build`"
    );
    let keys = Keyring::open(&data.path().join("keys")).context("the keys cannot be opened")?;
    let db = open_db(&config, data.path()).await?;
    let audit_keys = audit::open_keys(&db, data.path()).await?;
    let guest = data.install_guest(assets.guest)?;
    let engine = Docker::connect(config.docker_host.as_deref(), data.instance(), data.path(), &guest, STANDARD)
        .await
        .context("the container engine cannot be reached; start it, or name it with --docker-host")?;
    Ok(Services::builder(config, db, keys, audit_keys, Arc::new(engine)).address(address).build())
}

/// The configured PostgreSQL, or the file in the data directory.
///
/// # Errors
/// When it cannot be opened or brought up to date.
pub async fn open_db(config: &Config, data_dir: &Path) -> Result<Db> {
    match &config.database_url {
        Some(url) => Db::postgres(url.reveal()).await.context("the PostgreSQL database cannot be used"),
        None => Db::sqlite(&data_dir.join("rexec.db")).await.context("the embedded database cannot be used"),
    }
}

/// Prints the ready line. Programs wait for it, so standard output has no other lines.
fn print_ready_line(services: &Services, setup_link: Option<&str>) {
    let url = setup_link.unwrap_or_else(|| services.origins.public());
    if let Err(error) = writeln!(stdout(), "Rexec is ready: {url}") {
        tracing::warn!(%error, "the ready line could not be written to standard output");
    }
}

async fn serve(listener: TcpListener, services: &Services, site: Site) {
    let bounds = Bounds::default().within_descriptors();
    let app = http::router(services, site);
    let peers = (services.config.trusted_proxies.clone(), services.signed_in_addresses.clone());
    let serving = connections::serve(listener, app, bounds, peers, services.shutdown.clone());
    let deadline = async {
        services.shutdown.cancelled().await;
        tokio::time::sleep(SHUTDOWN_TIMEOUT).await;
    };
    tokio::select! {
        () = serving => {}
        () = deadline => {}
    }
}

/// Waits for running launches and removals, so that the next start has little to reconcile. Containers keep running.
async fn finish_tasks(services: &Services) {
    services.tasks.close();
    let ended = async { tokio::join!(services.tasks.wait(), services.sessions.wait()) };
    if tokio::time::timeout(SHUTDOWN_TIMEOUT, ended).await.is_err() {
        tracing::warn!("some launches or removals were not finished; the next start reconciles them");
    }
}

fn cancel_on_signal(shutdown: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        tracing::warn!("signal handlers could not be installed; shutdown will not be graceful");
        return;
    };
    // Not tracked as a task, because it starts the shutdown.
    tokio::spawn(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
        tracing::info!("shutting down: sockets are closed, containers keep running");
        shutdown.cancel();
    });
}
