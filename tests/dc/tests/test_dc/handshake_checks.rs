//! Each check of the handshake server: one wrong field, and its refusal. The client's bytes are made here by hand.

use num_bigint_dig::BigUint;
use sansgram_core::crypto::aes_ige;
use sansgram_core::crypto::factorize::factorize;
use sansgram_core::crypto::hash::sha1;
use sansgram_core::crypto::rsa::PublicKey;
use sansgram_core::transport::Framing;
use sansgram_testkit::raw_client::RawClient;
use sansgram_testkit::server::{HandshakeRefusal, Refusal, ServerOptions, Tolerance};

/// The inner data of the second step, right or wrong.
#[derive(Clone)]
struct Inner {
    constructor: u32,
    pq: Vec<u8>,
    p: Vec<u8>,
    q: Vec<u8>,
    nonce: [u8; 16],
    server_nonce: [u8; 16],
    new_nonce: [u8; 32],
    tail: Vec<i32>,
}

impl Inner {
    fn bytes(&self) -> Vec<u8> {
        let mut out = self.constructor.to_le_bytes().to_vec();
        for number in [&self.pq, &self.p, &self.q] {
            out.extend(tl_bytes(number));
        }
        out.extend(self.nonce);
        out.extend(self.server_nonce);
        out.extend(self.new_nonce);
        out.extend(self.tail.iter().flat_map(|number| number.to_le_bytes()));
        out
    }
}

/// The second step, right or wrong.
#[derive(Clone)]
struct Outer {
    nonce: [u8; 16],
    server_nonce: [u8; 16],
    p: Vec<u8>,
    q: Vec<u8>,
    fingerprint: u64,
}

fn tl_bytes(value: &[u8]) -> Vec<u8> {
    let mut out = match value.len() {
        short @ 0..254 => vec![short as u8],
        long => vec![254, long as u8, (long >> 8) as u8, (long >> 16) as u8],
    };
    out.extend(value);
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

fn public_key(client: &RawClient) -> PublicKey {
    PublicKey::from_pem(client.dcs.public_key_pem()).unwrap()
}

/// Runs the first step. Returns the correct second one.
fn first_step(options: ServerOptions) -> (RawClient, Inner, Outer) {
    let mut client = RawClient::connect(options, 2, Framing::Intermediate);
    let (inner, outer) = begin(&mut client);
    (client, inner, outer)
}

fn begin(client: &mut RawClient) -> (Inner, Outer) {
    let nonce: [u8; 16] = client.random_bytes();
    let reply = client.exchange_plain(&[&0xbe7e_8ef1_u32.to_le_bytes()[..], &nonce].concat()).unwrap();
    assert_eq!(reply[..20], [&0x0516_2463_u32.to_le_bytes()[..], &nonce].concat());
    let server_nonce: [u8; 16] = reply[20..36].try_into().unwrap();
    assert_eq!(reply[36], 8);
    let pq = reply[37..45].to_vec();
    let fingerprint = u64::from_le_bytes(reply[56..64].try_into().unwrap());
    assert_eq!(fingerprint, public_key(client).fingerprint());
    let (p, q) = factorize(u64::from_be_bytes(pq[..].try_into().unwrap())).unwrap();
    let [p, q] = [p, q].map(|factor| (factor as u32).to_be_bytes().to_vec());
    let new_nonce = client.random_bytes();
    let outer = Outer { nonce, server_nonce, p: p.clone(), q: q.clone(), fingerprint };
    let inner = Inner { constructor: 0xa9f5_5f95, pq, p, q, nonce, server_nonce, new_nonce, tail: vec![2] };
    (inner, outer)
}

fn second_step(client: &mut RawClient, outer: &Outer, encrypted: &[u8]) -> Option<Vec<u8>> {
    let mut body = 0xd712_e4be_u32.to_le_bytes().to_vec();
    body.extend(outer.nonce);
    body.extend(outer.server_nonce);
    body.extend(tl_bytes(&outer.p));
    body.extend(tl_bytes(&outer.q));
    body.extend(outer.fingerprint.to_le_bytes());
    body.extend(tl_bytes(encrypted));
    client.exchange_plain(&body)
}

fn padded(client: &mut RawClient, inner: &Inner) -> Vec<u8> {
    public_key(client).encrypt_padded(&inner.bytes(), &mut client.random).unwrap().to_vec()
}

/// SHA-1 of the data, the data, random bytes up to 255.
fn padded_as_of_old(client: &RawClient, inner: &Inner) -> Vec<u8> {
    let data = inner.bytes();
    let mut block = [&sha1(&[&data])[..], &data].concat();
    block.resize(255, 0x5a);
    let key = public_key(client);
    let modulus = BigUint::from_bytes_be(key.modulus_bytes());
    let exponent = BigUint::from_bytes_be(key.exponent_bytes());
    let cipher = BigUint::from_bytes_be(&block).modpow(&exponent, &modulus).to_bytes_be();
    [vec![0; 256 - cipher.len()], cipher].concat()
}

/// Sends a second step with `change` applied, and expects this refusal.
fn refused(expected: HandshakeRefusal, change: impl FnOnce(&mut Inner, &mut Outer)) {
    let (mut client, mut inner, mut outer) = first_step(ServerOptions::default());
    change(&mut inner, &mut outer);
    let encrypted = padded(&mut client, &inner);
    assert_eq!(second_step(&mut client, &outer, &encrypted), None);
    assert_eq!(client.refusals, [Refusal::Handshake(expected)]);
    let code = if matches!(expected, HandshakeRefusal::WrongDc { .. }) { -444 } else { -404 };
    assert_eq!(client.transport_errors, [code]);
    assert!(client.closed);
}

#[test]
fn every_field_of_the_second_step_is_compared() {
    use HandshakeRefusal::{ExpiresIn, Factors, Fingerprint, InnerField, LegacyRsa, ServerNonce, WrongDc};
    refused(ServerNonce, |_, outer| outer.server_nonce[0] ^= 1);
    refused(Factors, |_, outer| std::mem::swap(&mut outer.p, &mut outer.q));
    refused(Factors, |_, outer| outer.p.insert(0, 0));
    refused(Fingerprint(7), |_, outer| outer.fingerprint = 7);
    refused(InnerField("pq"), |inner, _| inner.pq[7] ^= 1);
    refused(InnerField("p"), |inner, _| inner.p[3] ^= 2);
    refused(InnerField("q"), |inner, _| inner.q[3] ^= 2);
    refused(InnerField("nonce"), |inner, _| inner.nonce[0] ^= 1);
    refused(InnerField("server_nonce"), |inner, _| inner.server_nonce[15] ^= 1);
    refused(WrongDc { found: 3, expected: 2 }, |inner, _| inner.tail = vec![3]);
    refused(WrongDc { found: 10_002, expected: 2 }, |inner, _| inner.tail = vec![10_002]);
    refused(ExpiresIn(0), |inner, _| (inner.constructor, inner.tail) = (0x56fd_df88, vec![2, 0]));
    refused(LegacyRsa, |inner, _| (inner.constructor, inner.tail) = (0x83c9_5aec, vec![]));
    refused(HandshakeRefusal::Unexpected(0xbe7e_8ef1), |inner, _| inner.constructor = 0xbe7e_8ef1);
}

#[test]
fn the_media_half_of_a_dc_is_the_same_dc() {
    let (mut client, mut inner, outer) = first_step(ServerOptions::default());
    inner.tail = vec![-2];
    let encrypted = padded(&mut client, &inner);
    assert!(second_step(&mut client, &outer, &encrypted).is_some());
}

#[test]
fn another_nonce_is_another_handshake() {
    let (mut client, inner, mut outer) = first_step(ServerOptions::default());
    let encrypted = padded(&mut client, &inner);
    outer.nonce[0] ^= 1;
    assert_eq!(second_step(&mut client, &outer, &encrypted), None);
    assert_eq!(client.refusals, [Refusal::Handshake(HandshakeRefusal::UnknownNonce)]);
}

#[test]
fn rsa_data_that_does_not_decrypt_is_refused() {
    let cases: [(Vec<u8>, HandshakeRefusal); 3] = [
        (vec![1; 256], HandshakeRefusal::RsaHash),
        (vec![0xff; 256], HandshakeRefusal::RsaRange(256)),
        (vec![1; 255], HandshakeRefusal::RsaRange(255)),
    ];
    for (encrypted, refusal) in cases {
        let (mut client, _, outer) = first_step(ServerOptions::default());
        second_step(&mut client, &outer, &encrypted);
        assert_eq!(client.refusals, [Refusal::Handshake(refusal)]);
    }
}

#[test]
fn a1_lenient_dcs_accept_legacy_padding_and_report_it_once() {
    for accepted in [false, true] {
        let options = ServerOptions::lenient().with_accept_legacy_rsa(accepted);
        let (mut client, mut inner, mut outer) = first_step(options);
        (inner.constructor, inner.tail) = (0x83c9_5aec, vec![]);
        let encrypted = padded_as_of_old(&client, &inner);
        assert_eq!(second_step(&mut client, &outer, &encrypted).is_some(), accepted);
        assert_eq!(client.refusals.is_empty(), accepted);
        assert_eq!(client.tolerated, [Tolerance::LegacyRsa][..usize::from(accepted)]);
        // Another handshake is accepted too, but not reported again.
        client.reconnect();
        (inner, outer) = begin(&mut client);
        (inner.constructor, inner.tail) = (0x83c9_5aec, vec![]);
        let encrypted = padded_as_of_old(&client, &inner);
        assert_eq!(second_step(&mut client, &outer, &encrypted).is_some(), accepted);
        assert_eq!(client.tolerated.len(), usize::from(accepted));
    }
}

#[test]
fn a2b_lenient_dcs_accept_any_plain_msg_id() {
    let request = [&0xbe7e_8ef1_u32.to_le_bytes()[..], &[7; 16]].concat();
    // All zero, all the same, falling, odd, and as large as can be.
    for ids in [[0; 3], [44; 3], [12, 8, 4], [5, 6, 7], [u64::MAX, 0, 1]] {
        let mut client = RawClient::connect(ServerOptions::lenient(), 2, Framing::Abridged);
        for (nonce, id) in (0..).zip(ids) {
            let body = [&request[..4], &[nonce; 16]].concat();
            client.send_packet(&[&[0; 8], &id.to_le_bytes()[..], &20_u32.to_le_bytes(), &body].concat());
        }
        assert_eq!((client.refusals.len(), client.closed), (0, false), "{ids:?}");
        // Three frames of resPQ came.
        let answers = client.raw.windows(20).filter(|at| at[..4] == 0x0516_2463_u32.to_le_bytes()).count();
        assert_eq!(answers, 3, "{ids:?}");
        assert_eq!(client.tolerated, [Tolerance::PlainMsgId], "{ids:?}");
    }
}

#[test]
fn the_same_packet_again_brings_the_same_answer() {
    let (mut client, inner, outer) = first_step(ServerOptions::default().with_trailing_bytes(false));
    let encrypted = padded(&mut client, &inner);
    let first = second_step(&mut client, &outer, &encrypted).unwrap();
    // Also over another connection.
    client.reconnect();
    assert_eq!(second_step(&mut client, &outer, &encrypted), Some(first));
}

#[test]
fn a_server_forgets_a_handshake_after_ten_minutes() {
    let (mut client, inner, outer) = first_step(ServerOptions::default());
    client.wait(std::time::Duration::from_secs(601));
    // Another client's first step makes the server drop expired handshakes.
    let other: [u8; 16] = client.random_bytes();
    client.exchange_plain(&[&0xbe7e_8ef1_u32.to_le_bytes()[..], &other].concat()).unwrap();
    let encrypted = padded(&mut client, &inner);
    second_step(&mut client, &outer, &encrypted);
    assert_eq!(client.refusals, [Refusal::Handshake(HandshakeRefusal::UnknownNonce)]);
}

#[test]
fn unencrypted_envelopes_are_checked() {
    let request = [&0xbe7e_8ef1_u32.to_le_bytes()[..], &[7; 16]].concat();
    let packet = |msg_id: u64, length: u32| {
        [&[0; 8], &msg_id.to_le_bytes()[..], &length.to_le_bytes(), &request].concat()
    };
    let refusal = |packets: &[Vec<u8>]| {
        let mut client = RawClient::connect(ServerOptions::default(), 2, Framing::Abridged);
        for packet in packets {
            client.send_packet(packet);
        }
        client.refusals.pop()
    };
    assert_eq!(refusal(&[packet(4, 20)]), None);
    let bad_length = |named| Some(Refusal::Handshake(HandshakeRefusal::BadLength { named, found: 20 }));
    assert_eq!(refusal(&[packet(4, 24)]), bad_length(24));
    assert_eq!(refusal(&[packet(4, 16)]), bad_length(16));
    assert_eq!(refusal(&[packet(4, u32::MAX)]), bad_length(u32::MAX));
    let bad_id = |msg_id| Some(Refusal::Handshake(HandshakeRefusal::BadMessageId(msg_id)));
    assert_eq!(refusal(&[packet(5, 20)]), bad_id(5));
    assert_eq!(refusal(&[packet(8, 20), packet(8, 20)]), bad_id(8));
    assert_eq!(refusal(&[packet(0, 20)]), bad_id(0));
}

/// Runs two steps, then a third with this `retry_id` and `g_b` and `change` applied.
fn third_step(retry_id: u64, g_b: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Option<Refusal> {
    let (mut client, inner, outer) = first_step(ServerOptions::default());
    let encrypted = padded(&mut client, &inner);
    let reply = second_step(&mut client, &outer, &encrypted).unwrap();
    assert_eq!(reply[..4], 0xd0e8_075c_u32.to_le_bytes());
    let new_server = sha1(&[&inner.new_nonce, &inner.server_nonce]);
    let server_new = sha1(&[&inner.server_nonce, &inner.new_nonce]);
    let new_new = sha1(&[&inner.new_nonce, &inner.new_nonce]);
    let stream = [&new_server[..], &server_new, &new_new, &inner.new_nonce[..4]].concat();
    let (key, iv) = (stream[..32].try_into().unwrap(), stream[32..].try_into().unwrap());

    let mut object = 0x6643_b654_u32.to_le_bytes().to_vec();
    object.extend(inner.nonce);
    object.extend(inner.server_nonce);
    object.extend(retry_id.to_le_bytes());
    object.extend(tl_bytes(g_b));
    let mut data = [&sha1(&[&object])[..], &object].concat();
    change(&mut data);
    data.resize(data.len().next_multiple_of(16), 0);
    aes_ige::encrypt(&key, &iv, &mut data).unwrap();
    let mut body = 0xf504_5f1f_u32.to_le_bytes().to_vec();
    body.extend(inner.nonce);
    body.extend(inner.server_nonce);
    body.extend(tl_bytes(&data));
    let answer = client.exchange_plain(&body);
    assert_eq!(answer.is_some(), client.refusals.is_empty());
    client.refusals.pop()
}

#[test]
fn the_third_step_is_checked() {
    use HandshakeRefusal::{InnerHash, PublicValue, RetryId};
    let good = [0x55; 256];
    assert_eq!(third_step(0, &good, |_| {}), None);
    assert_eq!(third_step(1, &good, |_| {}), Some(RetryId.into()));
    assert_eq!(third_step(0, &good, |data| data[0] ^= 1), Some(InnerHash.into()));
    assert_eq!(third_step(0, &good, |data| data.resize(data.len() + 32, 0)), Some(InnerHash.into()));
    for bad in [&[][..], &[1], &[0xff; 256], &[0x55; 248], &[0x55; 257]] {
        assert_eq!(third_step(0, bad, |_| {}), Some(PublicValue.into()));
    }
}
