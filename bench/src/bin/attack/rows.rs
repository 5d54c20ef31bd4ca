//! The rows: what an attacker does, by the id of the finding.

use std::pin::Pin;

use anyhow::Result;

use crate::load;

/// What a load runs against.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// Base URL of the server.
    pub(crate) base: String,
    /// Cookie of the attacker's login session.
    pub(crate) cookie: String,
    /// Id of a terminal of the attacker's, empty when the row needs none.
    pub(crate) terminal: String,
}

type Running = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// One attack.
pub(crate) struct Row {
    /// Id of the finding, with a letter when it has several inputs.
    pub(crate) id: &'static str,
    /// What it does.
    pub(crate) what: &'static str,
    /// Whether it needs a terminal of the attacker's.
    pub(crate) needs_terminal: bool,
    run: fn(Target) -> Running,
}

impl Row {
    /// Runs the load until it fails or the process is killed.
    ///
    /// # Errors
    /// A step fails that the attack depends on. A rejected request is not an error.
    pub(crate) async fn run(&self, target: Target) -> Result<()> {
        (self.run)(target).await
    }
}

/// The row of an id.
pub(crate) fn find(id: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.id == id)
}

macro_rules! rows {
    ($($id:literal $what:literal, $terminal:literal, |$target:ident| $load:expr;)*) => {
        /// All rows, in the order of their ids.
        pub(crate) const ROWS: &[Row] = &[$(
            Row { id: $id, what: $what, needs_terminal: $terminal, run: |$target| Box::pin($load) },
        )*];
    };
}

rows! {
    "A1" "resizes between 1000x500 and 2x1", true, |target| load::resizes(target);
    "A2a" "ESC # 8 in the largest pane", true, |target| load::prints(target, r"\e#8");
    "A2b" "ESC [ 2 J in the largest pane", true, |target| load::prints(target, r"\e[2J");
    "A2c" "ESC [ 65535 S in the largest pane", true, |target| load::prints(target, r"\e[65535S");
    "A2d" "A ESC [ 65535 b in the largest pane", true, |target| load::prints(target, r"A\e[65535b");
    "A3" "24-bit cells, readers that never read", true, |target| load::never_reads(target);
    "A4" "Ack frames as fast as possible", true, |target| load::acks(target);
    "A6" "wrong invitation tokens, 64 at once", false, |target| load::wrong_tokens(target);
    "A7" "attach and detach in a loop", true, |target| load::attaches(target);
    "A9" "wrong sign-ins of many names", false, |target| load::wrong_sign_ins(target);
    "A10" "half request heads from four addresses", false, |target| load::half_heads(target);
}
