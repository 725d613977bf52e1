//! The rules of messages: a msg_id stands for one message of its session, and msg_ids rise.

use std::collections::BTreeMap;

use sansgram_testkit::server::ReceivedMessage;

use super::violation::Violation;
use crate::pair::CONNECTIONS_PER_PROCESS;

/// The messages of all processes of the client.
#[derive(Debug, Default)]
pub(super) struct Messages {
    /// What each identifier of a session stood for.
    digests: BTreeMap<(i64, u64), u64>,
    /// The last packet of each session over each connection. Connections of one session may overtake each other.
    last_packets: BTreeMap<(i64, u64), u64>,
    /// The last message of the container that is read.
    last_inside: Option<((i64, u64), u64)>,
    /// The process of each session.
    processes: BTreeMap<i64, u64>,
}

impl Messages {
    pub(super) fn receive(&mut self, message: &ReceivedMessage) -> Result<(), Violation> {
        let ReceivedMessage { conn, session_id, msg_id, digest, container, .. } = *message;
        let process = conn / CONNECTIONS_PER_PROCESS;
        if *self.processes.entry(session_id).or_insert(process) != process {
            return Err(Violation::SessionReused(session_id));
        }
        let fell = |before| Violation::MsgIdFell { session_id, msg_id, before };
        if self.digests.insert((session_id, msg_id), digest).is_some_and(|earlier| earlier != digest) {
            return Err(Violation::MsgIdReused { session_id, msg_id });
        }
        if let Some(container) = container {
            if msg_id >= container {
                return Err(fell(container));
            }
            let place = (session_id, container);
            let before = self.last_inside.filter(|(of, _)| *of == place).map(|(_, before)| before);
            self.last_inside = Some((place, msg_id));
            return match before.filter(|before| msg_id <= *before) {
                Some(before) => Err(fell(before)),
                None => Ok(()),
            };
        }
        match self.last_packets.insert((session_id, conn), msg_id).filter(|before| msg_id <= *before) {
            Some(before) => Err(fell(before)),
            None => Ok(()),
        }
    }
}
