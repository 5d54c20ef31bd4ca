//! The person's terminals as the page knows them: seeded by the first answer, kept true by events.
//!
//! What is learnt is counted. An answer that was asked for before something newer was learnt of its terminal, by an event or by
//! what the person did here, says how things were, and changes nothing.

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

/// Under which name this browser keeps when a grant was last given or renewed.
const GRANT: &str = "grant";

/// Tells the other pages of this browser that a grant has a new end: those that are seen hear it at once, the others read
/// everything anew when they are.
pub(crate) fn tell_other_pages() {
    browser::save_setting(GRANT, Some(&Clock::read().millis().to_string()));
}

/// The list, and how far each launch has come.
#[derive(Clone, Copy)]
pub(crate) struct Terminals {
    list: RwSignal<Vec<Terminal>>,
    progress: RwSignal<Vec<(TerminalId, Stage)>>,
    failures: RwSignal<Vec<(TerminalId, String)>>,
    learnt: StoredValue<Learnt>,
}

/// What was learnt when.
#[derive(Default)]
struct Learnt {
    /// The last count.
    count: u64,
    /// The count of the last whole list: what an older one knows besides is gone.
    list: u64,
    /// The count of each terminal.
    of: Vec<(TerminalId, u64)>,
}

impl Terminals {
    pub(super) fn provide() {
        provide_context(Self {
            list: RwSignal::new(Vec::new()),
            progress: RwSignal::new(Vec::new()),
            failures: RwSignal::new(Vec::new()),
            learnt: StoredValue::default(),
        });
    }

    /// The handle from the context.
    pub(crate) fn get() -> Self {
        expect_context()
    }

    /// The next count: taken before a question is asked.
    pub(crate) fn count(self) -> u64 {
        let next = |learnt: &mut Learnt| {
            learnt.count += 1;
            learnt.count
        };
        self.learnt.try_update_value(next).unwrap_or_default()
    }

    /// Whether what was asked for at a count is still news of a terminal; if so, that is what is known from now on.
    fn learn(self, id: TerminalId, asked: u64) -> bool {
        let learn = |learnt: &mut Learnt| {
            let known = learnt.of.iter().find(|(known, _)| *known == id).map_or(learnt.list, |(_, at)| *at);
            let news = known <= asked;
            if news {
                learnt.of.retain(|(known, _)| *known != id);
                learnt.of.push((id, asked));
            }
            news
        };
        self.learnt.try_update_value(learn).unwrap_or_default()
    }

    /// Takes over a whole list, asked for at a count.
    pub(crate) fn seed(self, mut items: Vec<Terminal>, asked: u64) {
        // What is known better stays as it is: changed, made or removed since.
        let before = self.list.get_untracked();
        items.retain(|item| self.learn(item.id, asked));
        self.learnt.update_value(|learnt| learnt.list = learnt.list.max(asked));
        for (at, known) in before.into_iter().enumerate() {
            if !self.learn(known.id, asked) {
                items.insert(at.min(items.len()), known);
            }
        }
        if self.list.with_untracked(|list| *list != items) {
            self.list.set(items);
        }
    }

    /// Reads the list again.
    pub(crate) fn reload(self) {
        let asked = self.count();
        spawn_local(async move {
            match all().await {
                Ok(items) => self.seed(items, asked),
                Err(problem) => drop(browser::left_for_login(&problem)),
            }
        });
    }

    /// Reads one terminal again.
    pub(crate) fn reload_one(self, id: TerminalId) {
        let asked = self.count();
        spawn_local(async move {
            match api::terminal(id).await {
                Ok(terminal) => self.put_asked(terminal, asked),
                Err(problem) if problem.status == 404 => self.remove(id),
                Err(_) => {}
            }
        });
    }

    /// A terminal is new or changed, as the server just said.
    pub(crate) fn put(self, terminal: Terminal) {
        self.put_asked(terminal, self.count());
    }

    /// What a question was answered that was asked at a count.
    pub(crate) fn put_asked(self, terminal: Terminal, asked: u64) {
        if !self.learn(terminal.id, asked) {
            return;
        }
        self.list.update(|list| match list.iter_mut().find(|known| known.id == terminal.id) {
            Some(known) => *known = terminal,
            None => list.insert(0, terminal),
        });
    }

    /// A terminal is gone.
    pub(crate) fn remove(self, id: TerminalId) {
        self.learn(id, self.count());
        self.list.update(|list| list.retain(|terminal| terminal.id != id));
        self.progress.update(|all| all.retain(|(known, _)| *known != id));
    }

    /// Changes what is known of a terminal before the server confirms it.
    pub(crate) fn change(self, id: TerminalId, change: impl FnOnce(&mut Terminal)) {
        self.learn(id, self.count());
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

    /// The end of a grant, as the server just said it.
    pub(crate) fn put_grant(self, id: TerminalId, until: Timestamp) {
        self.change(id, |terminal| terminal.granted_until = Some(until));
    }

    /// Another page of this browser has the same login, and so the same grants: what it keeps says that one has moved. A page
    /// that nobody sees waits until it is seen: opening its terminal would give that its size.
    pub(super) fn hear(self, kept: &StorageEvent) {
        let seen = browser::document().visibility_state() == VisibilityState::Visible;
        // What it has open already it may go on having.
        let open = || self.list.with_untracked(|list| list.iter().any(|t| t.granted_until > Some(Clock::read())));
        if (seen || open()) && kept.key().is_some_and(|key| key == browser::setting_key(GRANT)) {
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
