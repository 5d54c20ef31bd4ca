//! Proofs of access for tests below the gate.

use super::database::sandbox_of;
use access::{Action, Authorized, Caller, Credential, TerminalFacts};
use protocol::{SessionId, TerminalId, UserId, auth::Role, names::Username, terminals::Phase};

/// A proof without a real caller. Store writes only use its terminal id.
pub fn proof<A: Action<Lease = ()>>(id: TerminalId) -> Authorized<A> {
    let caller = Caller {
        user: UserId::nil(),
        username: Username::parse("nobody").unwrap(),
        role: Role::User,
        credential: Credential::Session { id: SessionId::nil(), generation: 0 },
        trusted_device: None,
        address: [127, 0, 0, 1].into(),
        request_id: "test".to_owned(),
    };
    let sandbox = sandbox_of(id);
    let facts = TerminalFacts { owner: caller.user, sandbox, phase: Phase::Running, locked: false, epoch: 0 };
    Authorized::for_test(&caller, id, facts)
}
