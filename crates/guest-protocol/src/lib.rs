//! What server and guest say to each other over the guest link, and the output buffer that both of them keep.
#![forbid(unsafe_code)]

mod messages;
mod output_buffer;
mod report;

pub use messages::{BadLink, FromGuest, LinkBuffer, PaneNo, ToGuest, VERSION};
pub use output_buffer::OutputBuffer;
pub use report::GuestReport;
