//! What a caller may do with a terminal, as types: a function that takes an [`Authorized`] value can only be called
//! after [`TerminalGate::authorize`](crate::TerminalGate::authorize) returned it.

use std::marker::PhantomData;

use protocol::{SessionId, TerminalId, UserId};

use crate::{Caller, Credential, Lease, TerminalFacts};

mod sealed {
    pub trait Sealed {}
}

/// Something that a caller may be allowed to do with one terminal.
pub trait Action: sealed::Sealed + Send {
    /// What limits the validity of the proof: a [`Lease`] if the action transfers terminal content, else `()`.
    type Lease: std::fmt::Debug + Send + Sync;

    #[doc(hidden)]
    const RULE: Rule;

    /// `None` when the action requires a lease and there is none. The gate then denies the action.
    #[doc(hidden)]
    fn require_lease(lease: Option<Lease>) -> Option<Self::Lease>;
}

/// The part of the policy that decides about an action.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The owner, whether the terminal is locked or not.
    Owner,
    /// The owner of a running terminal that is not locked, or locked and granted to this login session.
    OwnerUnlocked,
    /// An administrator.
    Administrator,
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident: $rule:ident, $lease:ty, $require:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name;
        impl sealed::Sealed for $name {}
        impl Action for $name {
            type Lease = $lease;
            const RULE: Rule = Rule::$rule;
            fn require_lease(lease: Option<Lease>) -> Option<$lease> {
                let require: fn(Option<Lease>) -> Option<$lease> = $require;
                require(lease)
            }
        }
    )*};
}

actions! {
    /// Read its metadata (name, state, lock, limits), without access to its content.
    View: Owner, (), |_| Some(());
    /// Read and write the bytes of its shells.
    Attach: OwnerUnlocked, Lease, |lease| lease;
    /// Start, stop, restart, rename, resize, lock and unlock it.
    Operate: Owner, (), |_| Some(());
    /// Delete it with its home. A locked terminal also requires a code.
    Delete: Owner, (), |_| Some(());
    /// Stop or delete another user's terminal as an administrator, without access to its content.
    Administer: Administrator, (), |_| Some(());
}

/// Actions that include stopping the terminal.
pub trait AllowsStop: Action {}
impl AllowsStop for Operate {}
impl AllowsStop for Administer {}

/// Actions that include deleting the terminal.
pub trait AllowsDelete: Action {}
impl AllowsDelete for Delete {}
impl AllowsDelete for Administer {}

/// What an attached client may do besides receiving output. Part of the proof: see [`InputRight`] and [`ResizeRight`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rights {
    /// Send input.
    pub input: bool,
    /// Change the size of the pane.
    pub resize: bool,
}

impl Rights {
    /// The owner's rights.
    pub const OWNER: Self = Self { input: true, resize: true };
}

/// The right to send input. Only a proof with [`Rights::input`] gives one, and not for longer than it exists. What
/// sends input takes it, so a client without the right cannot construct an input message:
///
/// ```compile_fail
/// let forged = access::InputRight(std::marker::PhantomData);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct InputRight<'proof>(PhantomData<&'proof ()>);

/// The right to change the size of the pane. Only a proof with [`Rights::resize`] gives one.
#[derive(Debug, Clone, Copy)]
pub struct ResizeRight<'proof>(PhantomData<&'proof ()>);

/// Proof that the caller may do `A` with one terminal. Only the gate creates one, and it cannot be cloned.
#[derive(Debug)]
pub struct Authorized<A: Action> {
    pub(crate) id: TerminalId,
    pub(crate) user: UserId,
    pub(crate) credential: Credential,
    pub(crate) rights: Rights,
    pub(crate) facts: TerminalFacts,
    pub(crate) lease: A::Lease,
}

impl<A: Action> Authorized<A> {
    pub(crate) fn new(caller: &Caller, id: TerminalId, facts: TerminalFacts, lease: A::Lease) -> Self {
        Self { id, user: caller.user, credential: caller.credential.clone(), rights: Rights::OWNER, facts, lease }
    }

    /// The terminal.
    pub fn id(&self) -> TerminalId {
        self.id
    }

    /// The caller's account.
    pub fn user(&self) -> UserId {
        self.user
    }

    /// What the request authenticated with.
    pub fn credential(&self) -> &Credential {
        &self.credential
    }

    /// The login session; `None` for callers with an API token.
    pub fn session(&self) -> Option<SessionId> {
        match self.credential {
            Credential::Session { id, .. } => Some(id),
            Credential::Token { .. } => None,
        }
    }

    /// The terminal's facts when the decision was made.
    pub fn facts(&self) -> &TerminalFacts {
        &self.facts
    }
}

#[cfg(feature = "testing")]
impl<A: Action<Lease = ()>> Authorized<A> {
    /// A proof without a decision, for tests of functions that take one.
    pub fn for_test(caller: &Caller, id: TerminalId, facts: TerminalFacts) -> Self {
        Self::new(caller, id, facts, ())
    }
}

impl Authorized<Attach> {
    /// The lease: check [`Lease::check`] for every frame and wait on [`Lease::ended`].
    pub fn lease(&self) -> &Lease {
        &self.lease
    }

    /// The right to send input; `None` for a view-only client.
    pub fn input_right(&self) -> Option<InputRight<'_>> {
        self.rights.input.then_some(InputRight(PhantomData))
    }

    /// The right to change the size of the pane.
    pub fn resize_right(&self) -> Option<ResizeRight<'_>> {
        self.rights.resize.then_some(ResizeRight(PhantomData))
    }

    /// The proof with other rights, for tests of what takes one.
    #[cfg(feature = "testing")]
    pub fn with_rights(mut self, rights: Rights) -> Self {
        self.rights = rights;
        self
    }
}
