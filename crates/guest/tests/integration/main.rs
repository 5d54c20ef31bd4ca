//! Tests of the guest as an ordinary process, with real PTYs and a real socket. The tests take the place of the server.

mod flow_control;
mod lifecycle;
mod resume;
mod shell;
mod sudo;
mod support;
