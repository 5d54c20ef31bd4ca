//! The events of `GET /api/events` (server-sent events). They never contain input or output of a terminal.

use serde::{Deserialize, Serialize};

use crate::{TerminalId, terminals::Terminal};

/// The steps of a launch, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Stage {
    /// The record was written.
    Recorded,
    /// The home volume was created.
    Volume,
    /// The container was created.
    Container,
    /// The engine's description of the container was compared with the profile.
    Verified,
    /// The container was started.
    Started,
    /// The report of the guest was compared with the profile.
    Inside,
    /// Clients can attach.
    Ready,
}

impl Stage {
    /// All stages in order.
    pub const ALL: [Self; 7] =
        [Self::Recorded, Self::Volume, Self::Container, Self::Verified, Self::Started, Self::Inside, Self::Ready];

    /// Display title.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Recorded => "Reserving",
            Self::Volume => "Making the home volume",
            Self::Container => "Creating the container",
            Self::Verified => "Checking the hardening from outside",
            Self::Started => "Starting",
            Self::Inside => "Checking the hardening from inside",
            Self::Ready => "Ready",
        }
    }
}

/// One event. The SSE `event:` name is the `kind`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Event {
    /// A terminal was created, or its state, name, lock or grant changed.
    Terminal {
        /// Its current state, for the login session that receives the event.
        terminal: Terminal,
    },
    /// A launch completed a stage.
    Progress {
        /// Terminal id.
        id: TerminalId,
        /// The completed stage.
        stage: Stage,
    },
    /// A terminal was deleted.
    Deleted {
        /// Terminal id.
        id: TerminalId,
        /// The reason when a launch failed.
        error: Option<String>,
    },
    /// Events were lost. The client must fetch the list again.
    Resync,
}
