//! A running terminal as its attached clients see it: every byte once and in order, or a redraw; no byte after a
//! revocation.

mod clients;
mod fixture;
mod flow;
mod malformed_input;
mod resume;
mod revocation;
