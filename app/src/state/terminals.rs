//! The person's terminals as the page knows them: seeded by the first answer, kept true by events.

use leptos::{prelude::*, task::spawn_local};
use protocol::{
    TerminalId, Timestamp,
    events::Stage,
    mfa::LockStatus,
    terminals::{Terminal, TerminalState},
};

use web_sys::StorageEvent;

use super::Clock;
use crate::{api, browser};

/// Under which name this browser keeps when a grant was last given or renewed.
const GRANT: &str = "grant";

/// Tells the other pages of this browser that a grant has a new end. They hear it at once, also while they are hidden and
/// follow no events.
pub(crate) fn tell_other_pages() {
    browser::save_setting(GRANT, Some(&Clock::read().millis().to_string()));
}

/// The list, and how far each launch has come.
#[derive(Clone, Copy)]
pub(crate) struct Terminals {
    list: RwSignal<Vec<Terminal>>,
    progress: RwSignal<Vec<(TerminalId, Stage)>>,
    failures: RwSignal<Vec<(TerminalId, String)>>,
}

impl Terminals {
    pub(super) fn provide() {
        provide_context(Self {
            list: RwSignal::new(Vec::new()),
            progress: RwSignal::new(Vec::new()),
            failures: RwSignal::new(Vec::new()),
        });
    }

    /// The handle from the context.
    pub(crate) fn get() -> Self {
        expect_context()
    }

    /// Takes over a whole list.
    pub(crate) fn seed(self, items: Vec<Terminal>) {
        if self.list.with_untracked(|list| *list != items) {
            self.list.set(items);
        }
    }

    /// Reads the list again.
    pub(crate) fn reload(self) {
        spawn_local(async move {
            match all().await {
                Ok(items) => self.seed(items),
                Err(problem) => drop(browser::left_for_login(&problem)),
            }
        });
    }

    /// Reads one terminal again.
    pub(crate) fn reload_one(self, id: TerminalId) {
        spawn_local(async move {
            match api::terminal(id).await {
                Ok(terminal) => self.put(terminal),
                Err(problem) if problem.status == 404 => self.remove(id),
                Err(_) => {}
            }
        });
    }

    /// A terminal is new or changed.
    pub(crate) fn put(self, terminal: Terminal) {
        self.list.update(|list| match list.iter_mut().find(|known| known.id == terminal.id) {
            Some(known) => *known = terminal,
            None => list.insert(0, terminal),
        });
    }

    /// A terminal is gone.
    pub(crate) fn remove(self, id: TerminalId) {
        self.list.update(|list| list.retain(|terminal| terminal.id != id));
        self.progress.update(|all| all.retain(|(known, _)| *known != id));
    }

    /// Changes what is known of a terminal before the server confirms it.
    pub(crate) fn change(self, id: TerminalId, change: impl FnOnce(&mut Terminal)) {
        self.list.update(|list| {
            if let Some(terminal) = list.iter_mut().find(|terminal| terminal.id == id) {
                change(terminal);
            }
        });
    }

    /// Takes over what a lock route answered.
    pub(crate) fn put_lock(self, id: TerminalId, status: &LockStatus) {
        self.change(id, |terminal| {
            terminal.mfa_locked = status.mfa_locked;
            terminal.granted_until = status.granted_until;
        });
    }

    /// A grant was given or renewed.
    pub(crate) fn put_grant(self, id: TerminalId, until: Timestamp) {
        self.change(id, |terminal| terminal.granted_until = Some(until));
        tell_other_pages();
    }

    /// Another page of this browser has the same login, and so the same grants: what it keeps says that one has moved.
    pub(super) fn hear(self, kept: &StorageEvent) {
        if kept.key().is_some_and(|key| key == browser::setting_key(GRANT)) {
            self.reload();
        }
    }

    /// A launch came a step further.
    pub(crate) fn advance(self, id: TerminalId, stage: Stage) {
        self.progress.update(|all| {
            all.retain(|(known, _)| *known != id);
            all.push((id, stage));
        });
    }

    /// A launch failed and left nothing behind but this reason.
    pub(crate) fn fail(self, id: TerminalId, reason: String) {
        self.failures.update(|all| all.push((id, reason)));
    }

    /// Ids in the list's order.
    pub(crate) fn all(self) -> Vec<Terminal> {
        self.list.get()
    }

    /// Whether a terminal was already known, without listening to changes.
    pub(crate) fn ids_untracked(self) -> Vec<TerminalId> {
        self.list.with_untracked(|list| list.iter().map(|terminal| terminal.id).collect())
    }

    /// One terminal.
    pub(crate) fn one(self, id: TerminalId) -> Option<Terminal> {
        self.list.with(|list| list.iter().find(|terminal| terminal.id == id).cloned())
    }

    /// How far a launch has come.
    pub(crate) fn stage(self, id: TerminalId) -> Option<Stage> {
        self.progress.with(|all| all.iter().find(|(known, _)| *known == id).map(|(_, stage)| *stage))
    }

    /// The launch that began after `known` was taken: the one the person waits for.
    pub(crate) fn launch_beyond(self, known: &[TerminalId]) -> Option<TerminalId> {
        let from_list = self.list.with(|list| {
            let fresh = |t: &&Terminal| t.state == TerminalState::Creating && !known.contains(&t.id);
            list.iter().find(fresh).map(|t| t.id)
        });
        from_list.or_else(|| self.progress.with(|all| all.iter().map(|(id, _)| *id).find(|id| !known.contains(id))))
    }

    /// Why a launch failed.
    pub(crate) fn failure(self, id: TerminalId) -> Option<String> {
        self.failures.with(|all| all.iter().find(|(known, _)| *known == id).map(|(_, reason)| reason.clone()))
    }
}

/// Every page of the list; quotas keep it short.
async fn all() -> Result<Vec<Terminal>, protocol::Problem> {
    let mut items = Vec::new();
    let mut after = None;
    loop {
        let page = api::terminals(api::After(after)).await?;
        items.extend(page.items);
        after = page.next;
        if after.is_none() {
            return Ok(items);
        }
    }
}
