//! The test DC's checks of `auth.bindTempAuthKey`: each forged field is refused.

use std::time::Duration;

use sansgram_core::crypto::message::seal_binding;
use sansgram_core::crypto::{AuthKey, SecureRandom};
use sansgram_core::tl::{Serialize, functions};
use sansgram_testkit::raw_client::RawClient;
use sansgram_testkit::server::ServerOptions;

use crate::common::first_call;

const RPC_ERROR: u32 = 0x2144_ca19;
const BOOL_TRUE: u32 = 0x9972_75b5;

/// A correct binding, to be changed by a test.
struct Attempt {
    permanent: AuthKey,
    named: u64,
    temporary: u64,
    session_id: i64,
    expires_at: i32,
    inner_expires_at: i32,
    nonce: i64,
    inner_nonce: i64,
    msg_id_ahead: u64,
}

struct Keys {
    client: RawClient,
    permanent: AuthKey,
}

fn keys() -> Keys {
    let mut client = RawClient::with_key(ServerOptions::default());
    let permanent = client.key.clone().unwrap();
    client.handshake(Some(3600)).unwrap();
    Keys { client, permanent }
}

impl Keys {
    fn attempt(&self) -> Attempt {
        let expires_at = self.client.now.unix.as_secs() as i32 + 3600;
        Attempt {
            permanent: self.permanent.clone(),
            named: self.permanent.id().0,
            temporary: self.client.key.as_ref().unwrap().id().0,
            session_id: self.client.session_id,
            expires_at,
            inner_expires_at: expires_at,
            nonce: 5,
            inner_nonce: 5,
            msg_id_ahead: 0,
        }
    }

    /// Sends the binding. Returns the name of the error; `None` if it was accepted.
    fn bind(&mut self, attempt: &Attempt) -> Option<String> {
        let client = &mut self.client;
        let msg_id = client.next_msg_id();
        let mut inner = [0; 40];
        let fields = [
            &0x75a3_f765_u32.to_le_bytes()[..],
            &attempt.inner_nonce.to_le_bytes(),
            &attempt.temporary.to_le_bytes(),
            &attempt.named.to_le_bytes(),
            &attempt.session_id.to_le_bytes(),
            &attempt.inner_expires_at.to_le_bytes(),
        ];
        inner.copy_from_slice(&fields.concat());
        let mut random = [0; 16];
        client.random.fill(&mut random);
        let sealed = seal_binding(&attempt.permanent, random, msg_id + attempt.msg_id_ahead, &inner, [7; 8]);
        let request = functions::auth::BindTempAuthKey {
            perm_auth_key_id: attempt.named as i64,
            nonce: attempt.nonce,
            expires_at: attempt.expires_at,
            encrypted_message: sealed.to_vec(),
        };
        let seq_no = client.next_seq_no(true);
        let forged = client.forge(msg_id, seq_no, &request.to_bytes());
        client.send_forged(&forged);
        answer(client)
    }

    /// Calls a function under the current key. Returns the name of the error; `None` if it succeeded.
    fn call(&mut self, body: &[u8]) -> Option<String> {
        let mut wrapped = first_call();
        wrapped.truncate(wrapped.len() - 4);
        wrapped.extend(body);
        self.client.send(&wrapped, true);
        answer(&mut self.client)
    }
}

fn answer(client: &mut RawClient) -> Option<String> {
    let result = client.receive().into_iter().find(|message| message.constructor() == 0xf35c_6d01);
    let body = result.expect("there is an answer").body.split_off(12);
    let constructor = u32::from_le_bytes(body[..4].try_into().unwrap());
    if constructor != RPC_ERROR {
        return None;
    }
    let length = usize::from(body[8]);
    Some(String::from_utf8(body[9..9 + length].to_vec()).unwrap())
}

#[test]
fn a_right_binding_is_accepted_and_accepted_again() {
    let mut keys = keys();
    for _ in 0..2 {
        let attempt = keys.attempt();
        assert_eq!(keys.bind(&attempt), None);
    }
    assert_ne!(BOOL_TRUE, RPC_ERROR);
    assert!(keys.client.refusals.is_empty(), "{:?}", keys.client.refusals);
}

#[test]
fn each_forgery_is_refused() {
    let mut keys = keys();
    let mut other = [0; 256];
    keys.client.random.fill(&mut other);
    let foreign = AuthKey::new(other);
    let right = keys.attempt();
    let (named, session_id, temporary) = (right.named, right.session_id, right.temporary);
    let invalid = "ENCRYPTED_MESSAGE_INVALID";
    let forgeries: [(Attempt, &str); 9] = [
        (Attempt { permanent: foreign.clone(), ..keys.attempt() }, invalid),
        (Attempt { named: foreign.id().0, permanent: foreign, ..keys.attempt() }, invalid),
        (Attempt { named: named ^ 1, ..keys.attempt() }, invalid),
        (Attempt { temporary: temporary ^ 1, ..keys.attempt() }, invalid),
        (Attempt { session_id: session_id ^ 1, ..keys.attempt() }, invalid),
        (Attempt { inner_nonce: 6, ..keys.attempt() }, invalid),
        (Attempt { msg_id_ahead: 4, ..keys.attempt() }, invalid),
        (Attempt { inner_expires_at: right.expires_at + 1, ..keys.attempt() }, invalid),
        (
            Attempt { expires_at: i32::MAX, inner_expires_at: i32::MAX, ..keys.attempt() },
            "EXPIRES_AT_INVALID",
        ),
    ];
    for (index, (attempt, expected)) in forgeries.iter().enumerate() {
        assert_eq!(keys.bind(attempt).as_deref(), Some(*expected), "forgery {index}");
    }
    let right = keys.attempt();
    assert_eq!(keys.bind(&right), None);
}

#[test]
fn a_permanent_key_cannot_be_bound() {
    let mut client = RawClient::with_key(ServerOptions::default());
    let permanent = client.key.clone().unwrap();
    client.handshake(None).unwrap();
    let mut keys = Keys { client, permanent };
    let attempt = keys.attempt();
    assert_eq!(keys.bind(&attempt).as_deref(), Some("TEMP_AUTH_KEY_EMPTY"));
}

#[test]
fn an_unbound_key_may_call_little() {
    let mut keys = keys();
    let state = functions::updates::GetState {}.to_bytes();
    assert_eq!(keys.call(&functions::help::GetConfig {}.to_bytes()), None);
    assert_eq!(keys.call(&functions::help::GetNearestDc {}.to_bytes()), None);
    assert_eq!(keys.call(&state).as_deref(), Some("AUTH_KEY_PERM_EMPTY"));
    let attempt = keys.attempt();
    assert_eq!(keys.bind(&attempt), None);
    assert_eq!(keys.call(&state).as_deref(), Some("AUTH_KEY_UNREGISTERED"));
}

#[test]
fn a_temporary_key_ends_with_its_time_and_with_the_next_binding() {
    let mut first = keys();
    let attempt = first.attempt();
    assert_eq!(first.bind(&attempt), None);
    let bound = first.client.key.clone();
    first.client.handshake(Some(3600)).unwrap();
    let attempt = first.attempt();
    assert_eq!(first.bind(&attempt), None);
    first.client.key = bound;
    first.client.send(&functions::help::GetConfig {}.to_bytes(), true);
    assert_eq!(first.client.transport_errors, [-404]);

    let mut second = keys();
    second.client.wait(Duration::from_secs(3601));
    second.client.send(&functions::help::GetConfig {}.to_bytes(), true);
    assert_eq!(second.client.transport_errors, [-404]);
}
