//! Guest sockets of the containers.

use std::{io, sync::Arc};

use access::{Attach, Authorized};
use async_trait::async_trait;
use protocol::SandboxId;
use terminal::GuestLink;

use super::{
    Docker, Inner,
    connection::{QUERY_TIMEOUT, call},
    host, is_running,
};
use crate::{
    EngineError, GuestConnection,
    guest_socket::{GuestSocket, SOCKET_NAME},
};

impl Inner {
    /// The listening guest socket of a sandbox; creates it if there is none. `remapped_root` is the host uid of
    /// container root when the engine remaps users.
    pub(super) fn listen(
        &self,
        id: SandboxId,
        root_allowed: bool,
        remapped_root: Option<u32>,
    ) -> Result<Arc<GuestSocket>, EngineError> {
        let mut sockets = self.sockets();
        if let Some(socket) = sockets.get(&id) {
            return Ok(socket.clone());
        }
        let dir = self.socket_dir(id);
        let failed = |e: io::Error| EngineError::Failed(format!("the guest socket cannot be created: {e}"));
        let socket = GuestSocket::bind(&dir, root_allowed, self.closing.clone()).map_err(failed)?;
        if let Some(uid) = remapped_root {
            // The guest runs as this host user and needs access to the socket. No other user gets it.
            let path = dir.join(SOCKET_NAME);
            for path in [&path, &dir] {
                std::os::unix::fs::chown(path, Some(uid), Some(uid)).map_err(failed)?;
            }
        }
        let socket = Arc::new(socket);
        let (disconnects, lost) = (socket.disconnects(), self.guest_lost.clone());
        self.tasks.spawn(disconnects.for_each(move || lost.notify_one()));
        sockets.insert(id, socket.clone());
        Ok(socket)
    }
}

#[async_trait]
impl GuestConnection for Docker {
    async fn link(&self, access: &Authorized<Attach>) -> Result<Arc<dyn GuestLink>, EngineError> {
        let id = access.facts().sandbox;
        let listening = self.0.sockets().get(&id).cloned();
        if let Some(socket) = listening {
            return Ok(socket);
        }
        self.reconnect(id).await?;
        let socket = self.0.sockets().get(&id).cloned();
        socket.map(|socket| socket as Arc<dyn GuestLink>).ok_or(EngineError::NoContainer)
    }

    async fn reconnect(&self, id: SandboxId) -> Result<(), EngineError> {
        let docker = self.0.connection.client().await?;
        if !is_running(&self.0.existing(docker, id).await?) {
            return Err(EngineError::NoContainer);
        }
        let info = call(QUERY_TIMEOUT, docker.info()).await?;
        self.0.listen(id, self.0.profile.root_allowed, host::remapped_root(&info)).map(drop)
    }

    async fn guest_lost(&self) {
        self.0.guest_lost.notified().await;
    }
}
