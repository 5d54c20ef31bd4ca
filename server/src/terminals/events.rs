//! The event stream of one login: changes of its owner's terminals, each read again with the login's own eyes at the
//! moment it is told. Ends with the login. Bounded: a listener that falls behind is told to read everything again.

use futures_util::stream::{self, Stream};
use protocol::events::Event;
use tokio::sync::broadcast::error::RecvError;

use super::{TerminalError, list};
use crate::{
    access::{Denied, LoginLease},
    auth::Caller,
    bus::{Listening, Signal},
    services::Services,
};

struct Listener {
    services: Services,
    caller: Caller,
    bus: Listening,
    login: LoginLease,
}

/// What happens to the caller's terminals from now on.
///
/// # Errors
/// [`TerminalError::Denied`] when the login has just ended, [`TerminalError::TooManyStreams`] when it, or the account, has
/// as many open as it may.
pub async fn events(
    services: &Services,
    caller: Caller,
) -> Result<impl Stream<Item = Event> + Send + use<>, TerminalError> {
    let bus = services.bus.listen_for(caller.session, caller.user)?;
    let login = services.gate.stay(&caller).await?;
    let listener = Listener { services: services.clone(), caller, bus, login };
    Ok(stream::unfold(listener, |mut listener| async move { Some((listener.next().await?, listener)) }))
}

impl Listener {
    async fn next(&mut self) -> Option<Event> {
        loop {
            let signal = tokio::select! {
                biased;
                () = self.services.shutdown.cancelled() => return None,
                () = self.login.ended() => {
                    // Ended, or only its time as it was when last looked at: another request may have moved it on.
                    self.login = self.services.gate.stay(&self.caller).await.ok()?;
                    continue;
                }
                signal = self.bus.signals.recv() => signal,
            };
            match signal {
                Ok((owner, signal)) if owner == self.caller.user => match self.tell(signal).await {
                    Told::Event(event) => return Some(event),
                    Told::Nothing => {}
                    Told::End => return None,
                },
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => return Some(Event::Resync),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    async fn tell(&self, signal: Signal) -> Told {
        match signal {
            Signal::Progress(id, stage) => Told::Event(Event::Progress { id, stage }),
            Signal::Deleted(id, error) => Told::Event(Event::Deleted { id, error }),
            Signal::Changed(id) => match list::get(&self.services, &self.caller, id).await {
                Ok(terminal) => Told::Event(Event::Terminal { terminal }),
                Err(TerminalError::Denied(Denied::NotLoggedIn)) => Told::End,
                // Gone since; that is told by a signal of its own.
                Err(TerminalError::Denied(Denied::NotFound)) => Told::Nothing,
                Err(_) => Told::Event(Event::Resync),
            },
        }
    }
}

enum Told {
    Event(Event),
    Nothing,
    End,
}
