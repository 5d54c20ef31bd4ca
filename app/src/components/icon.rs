//! The icons, drawn as strokes in the text colour on a grid of 16 units, and the logo.

use leptos::prelude::*;

/// The icons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub(crate) enum Glyph {
    Back,
    Box,
    Check,
    ChevronDown,
    Clock,
    Close,
    Contrast,
    Copy,
    Cpu,
    Dots,
    Download,
    Edit,
    Expand,
    Key,
    Keyboard,
    LockClosed,
    LockOpen,
    Logout,
    Memory,
    Minus,
    Moon,
    Paste,
    User,
    Users,
    Play,
    Plus,
    Pulse,
    Refresh,
    Scroll,
    Search,
    Settings,
    Shield,
    Stop,
    Sun,
    Terminal,
    Trash,
    Warning,
}

impl Glyph {
    /// Path data on a 16 by 16 grid.
    const fn path(self) -> &'static str {
        match self {
            Self::Back => "M9.5 3.5 5 8l4.5 4.5",
            Self::Box => "M8 1.8 13.5 4.7v6.6L8 14.2l-5.5-2.9V4.7L8 1.8zM2.7 4.8 8 7.6l5.3-2.8M8 7.6v6.4",
            Self::Check => "m3 8.5 3.2 3.2L13 4.8",
            Self::ChevronDown => "m4 6 4 4 4-4",
            Self::Clock => "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.8V8l2.2 1.6",
            Self::Close => "m4 4 8 8M12 4l-8 8",
            Self::Contrast => "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 2v12M10 3.2v9.6M12 5v6",
            Self::Copy => "M5.5 5.5h7v8h-7zM10.5 5.5v-3h-7v8h2",
            Self::Cpu => {
                "M4.5 4.5h7v7h-7zM6.5 2v2.5M9.5 2v2.5M6.5 11.5V14M9.5 11.5V14M2 6.5h2.5M2 9.5h2.5M11.5 6.5H14\
                 M11.5 9.5H14"
            }
            Self::Dots => "M8 3.5h.01M8 8h.01M8 12.5h.01",
            Self::Download => "M8 2.5v7.5M4.8 7 8 10.2 11.2 7M3 13h10",
            Self::Edit => "m10.8 2.8 2.4 2.4-7.4 7.4-3.1.7.7-3.1 7.4-7.4zM9.4 4.2l2.4 2.4",
            Self::Expand => "M9.8 2.5h3.7v3.7M6.2 13.5H2.5V9.8M13.2 2.8 9.4 6.6M2.8 13.2l3.8-3.8",
            Self::Key => {
                "M10.3 9.2a3.5 3.5 0 1 0-3.5-3.5c0 .4.1.8.2 1.1L2.5 11.3v2.2h2.4v-1.6h1.6\
                 v-1.6l1.7-1.3c.6.1 1.3.2 2.1.2zM11 5h.01"
            }
            Self::Keyboard => "M1.8 4h12.4v8H1.8zM4.5 6.7h.01M7 6.7h.01M9.5 6.7h.01M12 6.7h.01M5 9.5h6",
            Self::LockClosed => "M3.5 7.2h9v6.3h-9zM5.3 7.2V5a2.7 2.7 0 0 1 5.4 0v2.2M8 9.6v1.6",
            Self::LockOpen => "M3.5 7.2h9v6.3h-9zM5.3 7.2V4.6a2.7 2.7 0 0 1 5.2-1M8 9.6v1.6",
            Self::Logout => "M6.5 2.5h-4v11h4M10 11l3-3-3-3M13 8H6",
            Self::Memory => "M2 5h12v6H2zM4.5 5v2.5M7 5v2.5M9.5 5v2.5M12 5v2.5M4 11v2M8 11v2M12 11v2",
            Self::Minus => "M3.5 8h9",
            Self::Moon => "M13.3 9.6A5.6 5.6 0 0 1 6.4 2.7a5.6 5.6 0 1 0 6.9 6.9z",
            Self::Paste => "M5.5 3h-2v10.5h9V3h-2M5.5 2h5v2.5h-5zM6 8h4M6 10.5h4",
            Self::User => "M8 8a2.8 2.8 0 1 0 0-5.6A2.8 2.8 0 0 0 8 8zM2.8 13.8c.4-2.6 2.5-4 5.2-4s4.8 1.4 5.2 4",
            Self::Users => {
                "M6 7.8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM1.5 13.2c.3-2.2 2-3.4 4.5-3.4s4.2 1.2 4.5 3.4\
                 M10.5 3a2.5 2.5 0 0 1 0 4.6M12 10.1c1.5.5 2.3 1.6 2.5 3.1"
            }
            Self::Play => "m5 3 8 5-8 5z",
            Self::Plus => "M8 3v10M3 8h10",
            Self::Pulse => "M1.8 8.5h2.7L6.5 3.5l3 9 2-4h2.7",
            Self::Refresh => "M13.5 8a5.5 5.5 0 1 1-1.7-4M13.5 2v3h-3",
            Self::Scroll => "M3.5 2.5h9v11h-9zM6 5.5h4M6 8h4M6 10.5h2.5",
            Self::Search => "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.3 10.3l3.2 3.2",
            Self::Settings => "M2.5 4.5h6M11.5 4.5h2M10 3v3M2.5 11.5h2M7.5 11.5h6M6 10v3",
            Self::Shield => {
                "M8 1.8 13.2 3.6v4c0 3.2-2.2 5.4-5.2 6.6-3-1.2-5.2-3.4-5.2-6.6v-4L8 1.8zM5.7 8l1.7 1.7 3-3.2"
            }
            Self::Stop => "M4 4h8v8H4z",
            Self::Sun => {
                "M8 10.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6zM8 1.5v1.5M8 13v1.5M1.5 8H3M13 8h1.5M3.4 3.4l1.1 1.1\
                 M11.5 11.5l1.1 1.1M12.6 3.4l-1.1 1.1M4.5 11.5l-1.1 1.1"
            }
            Self::Terminal => "M1.8 3h12.4v10H1.8zM4.5 6l2.2 2-2.2 2M8.5 10.2h3",
            Self::Trash => "M2.5 4.5h11M6 4.5v-2h4v2M4 4.5l.6 9h6.8l.6-9M6.7 7v4M9.3 7v4",
            Self::Warning => "M8 2.2 14.5 13.5h-13L8 2.2zM8 6.5v3.3M8 11.6v.01",
        }
    }
}

/// An icon. It is hidden from screen readers; a button without text needs an `aria-label`.
#[component]
pub(crate) fn Icon(
    /// Which icon.
    glyph: Glyph,
) -> impl IntoView {
    view! {
        <svg
            class="icon"
            class:icon-dots=glyph == Glyph::Dots
            viewBox="0 0 16 16"
            width="16"
            height="16"
            aria-hidden="true"
            focusable="false"
        >
            <path d=glyph.path()></path>
        </svg>
    }
    .into_any()
}

/// The logo: a prompt inside a padlock.
#[component]
pub(crate) fn Logo() -> impl IntoView {
    view! {
        <svg class="logo" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false">
            <path class="logo-shackle" d="M7.5 10V7a4.5 4.5 0 0 1 9 0v3"></path>
            <rect class="logo-body" x="3.5" y="9.5" width="17" height="11.5" rx="3"></rect>
            <path class="logo-prompt" d="m8 13 2.5 2.3L8 17.6M12.5 17.8h4"></path>
        </svg>
    }
    .into_any()
}
