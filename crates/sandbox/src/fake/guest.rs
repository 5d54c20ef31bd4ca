//! The guest of a fake container.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use guest_protocol::{FromGuest, PaneNumber, ToGuest, VERSION};
use terminal::{GuestLink, GuestUnavailable};
use tokio::sync::mpsc;

const INBOX_MESSAGES: usize = 1024;

/// A guest whose shells run `echo WORDS`, `flood BYTES` and `exit STATUS`. Input is echoed as a terminal does.
#[derive(Debug, Default)]
pub struct FakeGuest(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    to_server: Option<mpsc::Sender<FromGuest>>,
    shells: HashMap<String, Shell>,
    panes: HashMap<PaneNumber, String>,
}

#[derive(Debug, Default)]
struct Shell {
    output: Vec<u8>,
    line: Vec<u8>,
    alive: bool,
}

impl FakeGuest {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl GuestLink for FakeGuest {
    async fn send(&self, message: ToGuest) -> Result<(), GuestUnavailable> {
        let (to_server, answers) = {
            let mut state = self.state();
            let answers = state.answer(message);
            (state.to_server.clone(), answers)
        };
        let to_server = to_server.ok_or(GuestUnavailable)?;
        for answer in answers {
            to_server.send(answer).await.map_err(|_| GuestUnavailable)?;
        }
        Ok(())
    }

    async fn connect(&self) -> Result<mpsc::Receiver<FromGuest>, GuestUnavailable> {
        let (sender, receiver) = mpsc::channel(INBOX_MESSAGES);
        let _ = sender.try_send(FromGuest::Hello { version: VERSION, boot_id: 1 });
        let mut state = self.state();
        state.panes.clear();
        state.to_server = Some(sender);
        Ok(receiver)
    }
}

impl State {
    fn answer(&mut self, message: ToGuest) -> Vec<FromGuest> {
        match message {
            ToGuest::Open { pane, name, from, .. } => self.open(pane, name, from),
            ToGuest::Input { pane, bytes } => self.input(pane, &bytes),
            ToGuest::Inspect => vec![FromGuest::Report(Box::default())],
            ToGuest::Resize { .. } | ToGuest::Window { .. } | ToGuest::Policy { .. } => Vec::new(),
        }
    }

    fn open(&mut self, pane: PaneNumber, name: String, from: u64) -> Vec<FromGuest> {
        let shell = self.shells.entry(name.clone()).or_default();
        let new_shell = !shell.alive;
        if new_shell {
            shell.alive = true;
            shell.output.extend_from_slice(b"$ ");
        }
        let newest = shell.output.len() as u64;
        let start = usize::try_from(from).unwrap_or(usize::MAX).min(shell.output.len());
        let bytes = shell.output[start..].to_vec();
        self.panes.insert(pane, name);
        let mut answers = vec![FromGuest::Opened { pane, oldest: 0, newest, new_shell }];
        if !bytes.is_empty() {
            answers.push(FromGuest::Output { pane, position: start as u64, bytes });
        }
        answers
    }

    fn input(&mut self, pane: PaneNumber, bytes: &[u8]) -> Vec<FromGuest> {
        let Some(shell) = self.panes.get(&pane).and_then(|name| self.shells.get_mut(name)) else { return Vec::new() };
        let position = shell.output.len() as u64;
        let mut exit = None;
        for &byte in bytes {
            if byte != b'\r' {
                shell.line.push(byte);
                shell.output.push(byte);
                continue;
            }
            shell.output.extend_from_slice(b"\r\n");
            let line = String::from_utf8_lossy(&std::mem::take(&mut shell.line)).into_owned();
            match line.split_once(' ').unwrap_or((&line, "")) {
                ("echo", words) => shell.output.extend_from_slice(format!("{words}\r\n").as_bytes()),
                ("flood", bytes) => {
                    let flood = b"y\r\n".iter().cycle().take(bytes.parse().unwrap_or(0));
                    shell.output.extend(flood);
                }
                ("exit", status) => exit = Some(status.parse().unwrap_or(0)),
                _ => {}
            }
            if exit.is_some() {
                break;
            }
            shell.output.extend_from_slice(b"$ ");
        }
        let start = usize::try_from(position).unwrap_or(usize::MAX).min(shell.output.len());
        let mut answers = vec![FromGuest::Output { pane, position, bytes: shell.output[start..].to_vec() }];
        if let Some(status) = exit {
            answers.extend(self.end(pane, status));
        }
        answers
    }

    fn end(&mut self, pane: PaneNumber, status: i32) -> Vec<FromGuest> {
        let Some(name) = self.panes.remove(&pane) else { return Vec::new() };
        if let Some(shell) = self.shells.get_mut(&name) {
            (shell.alive, shell.line) = (false, Vec::new());
        }
        vec![FromGuest::Exited { pane, status }]
    }
}
