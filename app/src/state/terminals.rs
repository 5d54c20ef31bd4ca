//! The user's terminals: seeded by the first response, updated by events.
//!
//! Updates are versioned. A response is ignored when its terminal was updated, by an event or by a local change, after
//! the request was sent.

use leptos::{prelude::*, task::spawn_local};
use protocol::{
    TerminalId, Timestamp,
    events::Stage,
    mfa::LockStatus,
    terminals::{Terminal, TerminalState},
};

use web_sys::{StorageEvent, VisibilityState};

use super::Clock;
use crate::{api, browser};

/// Name of the browser setting that holds the time when a grant was last given or extended.
const GRANT: &str = "grant";

/// Notifies the other tabs that the end of a grant changed. Visible tabs reload at once, hidden ones when they become
/// visible.
pub(crate) fn notify_other_tabs() {
    browser::save_setting(GRANT, Some(&Clock::now().millis().to_string()));
}

/// The terminals and the progress of each creation.
#[derive(Clone, Copy)]
pub(crate) struct Terminals {
    list: RwSignal<Vec<Terminal>>,
    progress: RwSignal<Vec<(TerminalId, Stage)>>,
    failures: RwSignal<Vec<(TerminalId, String)>>,
    versions: StoredValue<Versions>,
}

/// Versions of the last updates.
#[derive(Default)]
struct Versions {
    /// The last version issued.
    count: u64,
    /// The version of the last complete list; terminals that only an older response contains no longer exist.
    list: u64,
    /// The version of each terminal.
    of: Vec<(TerminalId, u64)>,
}

impl Terminals {
    pub(super) fn provide() {
        provide_context(Self {
            list: RwSignal::new(Vec::new()),
            progress: RwSignal::new(Vec::new()),
            failures: RwSignal::new(Vec::new()),
            versions: StoredValue::default(),
        });
    }

    /// The handle from the context.
    pub(crate) fn get() -> Self {
        expect_context()
    }

    /// The next version. Taken before a request is sent.
    pub(crate) fn next_version(self) -> u64 {
        let next = |versions: &mut Versions| {
            versions.count += 1;
            versions.count
        };
        self.versions.try_update_value(next).unwrap_or_default()
    }

    /// Whether data of this version is newer than what is known of the terminal; if so, records the version.
    fn update_version(self, id: TerminalId, version: u64) -> bool {
        let update_version = |versions: &mut Versions| {
            let known = versions.of.iter().find(|(known, _)| *known == id).map_or(versions.list, |(_, at)| *at);
            let newer = known <= version;
            if newer {
                versions.of.retain(|(known, _)| *known != id);
                versions.of.push((id, version));
            }
            newer
        };
        self.versions.try_update_value(update_version).unwrap_or_default()
    }

    /// Applies a complete list that was requested at `version`.
    pub(crate) fn seed(self, mut items: Vec<Terminal>, version: u64) {
        // Terminals that were changed, created or removed since keep their current data.
        let before = self.list.get_untracked();
        items.retain(|item| self.update_version(item.id, version));
        self.versions.update_value(|versions| versions.list = versions.list.max(version));
        for (at, known) in before.into_iter().enumerate() {
            if !self.update_version(known.id, version) {
                items.insert(at.min(items.len()), known);
            }
        }
        if self.list.with_untracked(|list| *list != items) {
            self.list.set(items);
        }
    }

    /// Reloads the list.
    pub(crate) fn reload(self) {
        let version = self.next_version();
        spawn_local(async move {
            match fetch_all().await {
                Ok(items) => self.seed(items, version),
                Err(problem) => drop(browser::redirect_to_login(&problem)),
            }
        });
    }

    /// Reloads one terminal.
    pub(crate) fn reload_one(self, id: TerminalId) {
        let version = self.next_version();
        spawn_local(async move {
            match api::terminal(id).await {
                Ok(terminal) => self.put_versioned(terminal, version),
                Err(problem) if problem.status == 404 => self.remove(id),
                Err(_) => {}
            }
        });
    }

    /// Applies a terminal that the server just published.
    pub(crate) fn put(self, terminal: Terminal) {
        self.put_versioned(terminal, self.next_version());
    }

    /// Applies a terminal that was requested at `version`.
    pub(crate) fn put_versioned(self, terminal: Terminal, version: u64) {
        if !self.update_version(terminal.id, version) {
            return;
        }
        self.list.update(|list| match list.iter_mut().find(|known| known.id == terminal.id) {
            Some(known) => *known = terminal,
            None => list.insert(0, terminal),
        });
    }

    /// Removes a terminal.
    pub(crate) fn remove(self, id: TerminalId) {
        self.update_version(id, self.next_version());
        self.list.update(|list| list.retain(|terminal| terminal.id != id));
        self.progress.update(|all| all.retain(|(known, _)| *known != id));
    }

    /// Applies an expected change before the server confirms it.
    pub(crate) fn change(self, id: TerminalId, change: impl FnOnce(&mut Terminal)) {
        self.update_version(id, self.next_version());
        self.list.update(|list| {
            if let Some(terminal) = list.iter_mut().find(|terminal| terminal.id == id) {
                change(terminal);
            }
        });
    }

    /// Applies the response of a lock route.
    pub(crate) fn put_lock(self, id: TerminalId, status: &LockStatus) {
        self.change(id, |terminal| {
            terminal.mfa_locked = status.mfa_locked;
            terminal.granted_until = status.granted_until;
        });
    }

    /// Applies the new end of a grant.
    pub(crate) fn put_grant(self, id: TerminalId, until: Timestamp) {
        self.change(id, |terminal| terminal.granted_until = Some(until));
    }

    /// Reloads after another tab of this browser changed a grant; the tabs share the login session and its grants. A
    /// hidden tab without a granted terminal waits until it is visible, because mounting a terminal would set its size
    /// to that of the hidden tab.
    pub(super) fn on_storage_event(self, event: &StorageEvent) {
        let visible = browser::document().visibility_state() == VisibilityState::Visible;
        // A tab that has a granted terminal already mounted reloads even while hidden.
        let has_granted = || self.list.with_untracked(|list| list.iter().any(|t| t.granted_until > Some(Clock::now())));
        if (visible || has_granted()) && event.key().is_some_and(|key| key == browser::setting_key(GRANT)) {
            self.reload();
        }
    }

    /// Records a completed step of a creation.
    pub(crate) fn set_progress(self, id: TerminalId, stage: Stage) {
        self.progress.update(|all| {
            all.retain(|(known, _)| *known != id);
            all.push((id, stage));
        });
    }

    /// Records why a creation failed; the server keeps no terminal of it.
    pub(crate) fn set_failure(self, id: TerminalId, reason: String) {
        self.failures.update(|all| all.push((id, reason)));
    }

    /// All terminals, in the order of the list.
    pub(crate) fn all(self) -> Vec<Terminal> {
        self.list.get()
    }

    /// The known ids, without tracking.
    pub(crate) fn ids_untracked(self) -> Vec<TerminalId> {
        self.list.with_untracked(|list| list.iter().map(|terminal| terminal.id).collect())
    }

    /// One terminal by id.
    pub(crate) fn find(self, id: TerminalId) -> Option<Terminal> {
        self.list.with(|list| list.iter().find(|terminal| terminal.id == id).cloned())
    }

    /// The last completed step of a creation.
    pub(crate) fn progress(self, id: TerminalId) -> Option<Stage> {
        self.progress.with(|all| all.iter().find(|(known, _)| *known == id).map(|(_, stage)| *stage))
    }

    /// The creation that started after `known` was read.
    pub(crate) fn creation_since(self, known: &[TerminalId]) -> Option<TerminalId> {
        let from_list = self.list.with(|list| {
            let new = |t: &&Terminal| t.phase.state() == TerminalState::Creating && !known.contains(&t.id);
            list.iter().find(new).map(|t| t.id)
        });
        from_list.or_else(|| self.progress.with(|all| all.iter().map(|(id, _)| *id).find(|id| !known.contains(id))))
    }

    /// Why a creation failed.
    pub(crate) fn failure(self, id: TerminalId) -> Option<String> {
        self.failures.with(|all| all.iter().find(|(known, _)| *known == id).map(|(_, reason)| reason.clone()))
    }
}

/// All pages of the list. Quotas keep the list short.
async fn fetch_all() -> Result<Vec<Terminal>, protocol::Problem> {
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
