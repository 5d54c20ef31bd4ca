//! The protocol between server and guest: messages, their wire format, and the output buffer that both sides keep.
//!
//! The guest link is a Unix socket per terminal. The guest connects and sends the first message.
#![forbid(unsafe_code)]

mod codec;
mod frame_buffer;
mod messages;
mod output_buffer;
mod report;

pub use codec::FrameError;
pub use frame_buffer::FrameBuffer;
pub use messages::{FromGuest, OLDEST_VERSION, PaneNumber, ToGuest, VERSION, is_retired_tag};
pub use output_buffer::OutputBuffer;
pub use report::GuestReport;
