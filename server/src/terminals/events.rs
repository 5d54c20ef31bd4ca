//! The event stream of one login session: changes of its account's terminals. Each terminal is read again with the
//! caller's rights when an event is delivered. The stream ends with the login. A stream that falls behind receives
//! [`Event::Resync`].

use access::{Caller, Denied, LoginLease};
use futures_util::stream::{self, Stream};
use protocol::events::Event;
use tokio::sync::broadcast::error::RecvError;

use super::{TerminalError, list};
use crate::{
    events::{EventStream, TerminalEvent},
    services::Services,
};

struct Subscriber {
    services: Services,
    caller: Caller,
    stream: EventStream,
    login: LoginLease,
}

/// The events of the caller's terminals from now on.
///
/// # Errors
/// [`TerminalError::Denied`] when the login has ended, [`TerminalError::TooManyStreams`] when the login session or the
/// account has reached its limit.
pub async fn events(
    services: &Services,
    caller: Caller,
) -> Result<impl Stream<Item = Event> + Send + use<>, TerminalError> {
    let stream = services.events.subscribe_for(caller.login_session()?, caller.user)?;
    let login = services.gate.login_lease(&caller).await?;
    let subscriber = Subscriber { services: services.clone(), caller, stream, login };
    Ok(stream::unfold(subscriber, |mut subscriber| async move { Some((subscriber.next().await?, subscriber)) }))
}

impl Subscriber {
    async fn next(&mut self) -> Option<Event> {
        loop {
            let received = tokio::select! {
                biased;
                () = self.services.shutdown.cancelled() => return None,
                () = self.login.ended() => {
                    // Activity of other requests may have extended the login since the lease was taken.
                    self.login = self.services.gate.login_lease(&self.caller).await.ok()?;
                    continue;
                }
                received = self.stream.events.recv() => received,
            };
            match received {
                Ok((owner, event)) if owner == self.caller.user => match self.read(event).await {
                    Delivery::Event(event) => return Some(*event),
                    Delivery::Skip => {}
                    Delivery::End => return None,
                },
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => return Some(Event::Resync),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    async fn read(&self, event: TerminalEvent) -> Delivery {
        let event = match event {
            TerminalEvent::Progress(id, stage) => Event::Progress { id, stage },
            TerminalEvent::Deleted(id, error) => Event::Deleted { id, error },
            TerminalEvent::Changed(id) => match list::get(&self.services, &self.caller, id).await {
                Ok(terminal) => Event::Terminal { terminal },
                Err(TerminalError::Denied(Denied::NotLoggedIn)) => return Delivery::End,
                // It was deleted since, which is an event of its own.
                Err(TerminalError::Denied(Denied::NotFound)) => return Delivery::Skip,
                Err(_) => Event::Resync,
            },
        };
        Delivery::Event(Box::new(event))
    }
}

enum Delivery {
    Event(Box<Event>),
    Skip,
    End,
}
