//! What `GET /api/events` (server-sent events) says. Never a byte of a terminal's content.

use serde::{Deserialize, Serialize};

use crate::{TerminalId, terminals::Terminal};

/// Steps of a launch, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Stage {
    /// The record is written.
    Recorded,
    /// The home volume is made.
    Volume,
    /// The container is created.
    Container,
    /// The engine's own description was compared with the profile.
    Verified,
    /// The container runs.
    Started,
    /// The guest reported what it sees from inside.
    Inside,
    /// A shell can be reached.
    Ready,
}

impl Stage {
    /// Every stage in order.
    pub const ALL: [Self; 7] =
        [Self::Recorded, Self::Volume, Self::Container, Self::Verified, Self::Started, Self::Inside, Self::Ready];

    /// Words for people.
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
    /// A terminal is new or changed (state, name, lock, grant).
    Terminal {
        /// As it is now, for the listening login session.
        terminal: Terminal,
    },
    /// A launch came a step further.
    Progress {
        /// Which.
        id: TerminalId,
        /// The step that has just been done.
        stage: Stage,
    },
    /// A terminal is gone.
    Deleted {
        /// Which.
        id: TerminalId,
        /// Why, when a launch failed.
        error: Option<String>,
    },
    /// Events were missed; read the list again.
    Resync,
}
