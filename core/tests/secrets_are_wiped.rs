//! No login secret remains in freed memory. The allocator of this test checks it.
//!
//! It checks the heap, not the stack. Unoptimized code may have copies that optimized code does not have, and vice
//! versa.
#![cfg(feature = "unstable")]

mod wire;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use sansgram_core::client::{DcAuth, StoredSession};
use sansgram_core::crypto::AuthKey;
use sansgram_core::crypto::message::{self, Direction};
use sansgram_core::dc::DcId;
use sansgram_core::handshake::{Handshake, Step};
use sansgram_core::login::{
    ApiCredentials, LoginContext, LoginStep, NewPassword, PasswordKdfOutput, PhoneNumber, SavedLogin,
    SendCodeOutcome, SentCode, SignInOutcome, StepAction, UserInfo,
};
use sansgram_core::session::{RequestBody, RequestSource, RequestTag, ServerClock, Session, SessionEvent};
use sansgram_core::time::{Now, Timestamp};
use sansgram_core::tl::{Serialize, enums, gzip, ids, types, write};
use sansgram_core::transport::{Frame, FrameDecoder, FrameEncoder, Framing, MAX_RECEIVED_FRAME};
use wire::run::Run;
use wire::{Seeded, bytes, vectors};
use zeroize::Zeroizing;

thread_local! {
    /// The bytes to search for in freed memory, or `None`.
    static NEEDLE: Cell<Option<&'static [u8]>> = const { Cell::new(None) };
    static FOUND: Cell<u32> = const { Cell::new(0) };
}

/// Searches each block before it returns to the system. A block that grows is freed, too: `realloc` has its default
/// implementation, which allocates and copies.
struct Looking;

// SAFETY: every call is passed to the system's allocator unchanged, except that all memory is zeroed.
unsafe impl GlobalAlloc for Looking {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the allocator's contract.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if let Some(needle) = NEEDLE.get() {
            // SAFETY: the block is still allocated, has this length, and was initialised on allocation.
            let block = unsafe { std::slice::from_raw_parts(pointer, layout.size()) };
            let is_in_it = block.len() >= needle.len() && block.windows(needle.len()).any(|at| at == needle);
            FOUND.set(FOUND.get() + u32::from(is_in_it));
        }
        // SAFETY: the caller keeps the allocator's contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Looking = Looking;

/// Returns the number of blocks containing `needle` that are freed while `work` runs or with its result.
fn left_behind<T>(needle: &[u8], work: impl FnOnce() -> T) -> u32 {
    // A copy that is never freed.
    NEEDLE.set(Some(needle.to_vec().leak()));
    FOUND.set(0);
    drop(work());
    NEEDLE.set(None);
    FOUND.get()
}

#[test]
fn unwiped_memory_is_found() {
    let secret = b"a secret of some length";
    assert_eq!(left_behind(secret, || secret.to_vec()), 1);
    let grown = left_behind(secret, || {
        let mut grown = secret.to_vec();
        grown.reserve(1000);
        Zeroizing::new(grown)
    });
    assert_eq!(grown, 1);
    assert_eq!(left_behind(secret, || Zeroizing::new(secret.to_vec())), 0);
}

const API_HASH: &str = "0123456789abcdef0123456789abcdef";
const CODE_HASH: &str = "the-hash-of-this-code-0001";
const PASSWORD: &str = "correct horse battery staple";

/// Returns how often a key exchange leaves `needle` behind.
fn left_by_handshake(needle: &[u8]) -> u32 {
    let run = Run::named("retry_then_ok");
    let replies: Vec<_> = (0..4).map(|at| run.reply(at)).collect();
    let (parameters, mut random) = (run.parameters(), run.random());
    let found = left_behind(needle.get(..32).unwrap(), || {
        let (mut handshake, _) = Handshake::start(parameters, &mut random);
        for reply in &replies {
            match handshake.receive(reply, &mut random).unwrap() {
                Step::Send(next, _) => handshake = next,
                Step::Done(key) => return key,
            }
        }
        panic!("the handshake did not end");
    });
    assert_eq!(random.left(), 0);
    found
}

#[test]
fn a_handshake_leaves_neither_its_secrets_nor_the_key() {
    let case = Run::named("retry_then_ok").case;
    for name in ["new_nonce", "tmp_aes_key"] {
        assert_eq!(left_by_handshake(&bytes(&case, name)), 0, "{name}");
    }
    let rounds = case["rounds"].as_array().unwrap();
    assert_eq!(rounds.len(), 2);
    for round in rounds {
        for name in ["b", "auth_key"] {
            assert_eq!(left_by_handshake(&bytes(round, name)), 0, "{name}");
        }
    }
}

fn api() -> ApiCredentials {
    ApiCredentials { id: 1, hash: API_HASH.into() }
}

const PHONE: &str = "+9996621234";

/// A flow that was started, with its first query.
fn started<T: std::fmt::Debug>(
    mut flow: LoginStep<T>,
    api: &ApiCredentials,
    logout_tokens: &[Zeroizing<Vec<u8>>],
) -> LoginStep<T> {
    let cx = LoginContext { api: Some(api), logout_tokens, is_logged_in: false, has_migrated: false };
    let progress = flow.start(&cx);
    assert!(matches!(progress, StepAction::Send), "{progress:?}");
    flow
}

#[test]
fn the_api_hash_is_wiped() {
    let needle = API_HASH.as_bytes();
    assert_eq!(left_behind(needle, api), 0);
    let api = api();
    // The query contains the needle while the flow lives, so the flow had to wipe it.
    let checked = |query: &[u8]| assert!(query.windows(needle.len()).any(|window| window == needle));
    let send_code = || checked(started(LoginStep::send_code(PHONE), &api, &[]).query());
    assert_eq!(left_behind(needle, send_code), 0, "auth.sendCode");
    let bot_login = || checked(started(LoginStep::bot_login("1:abc"), &api, &[]).query());
    assert_eq!(left_behind(needle, bot_login), 0, "auth.importBotAuthorization");
    let qr_login = || checked(started(LoginStep::qr_login(&[]), &api, &[]).query());
    assert_eq!(left_behind(needle, qr_login), 0, "auth.exportLoginToken");
}

#[test]
fn the_tokens_of_twenty_logouts_are_wiped() {
    let token = |number: u8| Zeroizing::new((0..120).map(|at| at ^ number.wrapping_mul(37)).collect());
    let tokens: Vec<Zeroizing<Vec<u8>>> = (1..=20).map(token).collect();
    let api = api();
    for at in [0, 19] {
        let flow = || started(LoginStep::send_code(PHONE), &api, &tokens);
        assert!(flow().query().windows(120).any(|window| window == tokens[at].as_slice()));
        assert_eq!(left_behind(&tokens[at], flow), 0, "token {at}");
    }
}

#[test]
fn a_phone_number_is_wiped_if_accepted_or_rejected() {
    let needle = b"4915112345";
    assert_eq!(left_behind(needle, || PhoneNumber::parse("4915112345678").unwrap()), 0);
    for refused in ["4915112345678x", "49151123456789012345", "4915112345678901"] {
        assert_eq!(left_behind(needle, || PhoneNumber::parse(refused).unwrap_err()), 0, "{refused}");
    }
}

/// A sent code.
fn request_code() -> SentCode {
    let mut body = Vec::new();
    write::u32(&mut body, 0x5e00_2502);
    write::u32(&mut body, 0);
    enums::auth::SentCodeType::from(types::auth::SentCodeTypeApp { length: 5 }).serialize(&mut body);
    write::string(&mut body, CODE_HASH);
    match started(LoginStep::send_code(PHONE), &api(), &[]).answered(Ok(&body), 0, &mut Seeded(1)) {
        StepAction::Done(Ok(SendCodeOutcome::CodeSent(sent_code))) => sent_code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_saved_login_leaves_no_trace() {
    let sent_code = request_code();
    let terms = types::help::TermsOfService {
        popup: false,
        id: types::DataJson { data: "{}".into() }.into(),
        text: "x".repeat(3000),
        entities: vec![],
        min_age_confirm: None,
    };
    let answer = types::auth::AuthorizationSignUpRequired { terms_of_service: Some(terms.into()) };
    let answer = enums::auth::Authorization::SignUpRequired(answer).to_bytes();
    let mut flow = started(LoginStep::sign_in(&sent_code, "12345"), &api(), &[]);
    let required = match flow.answered(Ok(&answer), 0, &mut Seeded(1)) {
        StepAction::Done(Ok(SignInOutcome::SignUpRequired(required))) => required,
        other => panic!("{other:?}"),
    };
    for pending in [SavedLogin::Code(sent_code), SavedLogin::SignUp(required)] {
        assert_eq!(left_behind(CODE_HASH.as_bytes(), || pending.to_text()), 0, "{pending:?}");
        let text = pending.to_text();
        assert_eq!(left_behind(CODE_HASH.as_bytes(), || SavedLogin::from_text(&text).unwrap()), 0);
        assert_eq!(left_behind(&text.as_bytes()[40..80], || pending.to_text()), 0, "{pending:?}, encoded");
    }
}

/// `account.password` of an account with a password.
fn password_body() -> Vec<u8> {
    let algorithm = types::PasswordKdfAlgoSha256Sha256Pbkdf2Hmacsha512iter100000Sha256ModPow {
        salt1: vec![1; 8],
        salt2: vec![2; 16],
        g: 3,
        p: bytes(&vectors("dh_checks"), "dh_prime"),
    };
    let mut out = Vec::new();
    write::u32(&mut out, 0x957b_50fb);
    write::u32(&mut out, 1 << 2);
    enums::PasswordKdfAlgo::from(algorithm.clone()).serialize(&mut out);
    write::bytes(&mut out, &[0x55; 256]);
    write::i64(&mut out, 77);
    enums::PasswordKdfAlgo::from(algorithm).serialize(&mut out);
    write::u32(&mut out, 0x004a_8537);
    write::bytes(&mut out, &[]);
    out
}

fn stretched(flow: LoginStep<UserInfo>) -> (LoginStep<UserInfo>, PasswordKdfOutput) {
    let mut flow = started(flow, &api(), &[]);
    match flow.answered(Ok(&password_body()), 0, &mut Seeded(1)) {
        StepAction::Compute(task) => (flow, task.run()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_password_is_wiped() {
    let found = left_behind(PASSWORD.as_bytes(), || stretched(LoginStep::check_password(PASSWORD)));
    assert_eq!(found, 0);
}

#[test]
fn the_proof_of_a_password_is_wiped() {
    let prove = || {
        let (mut flow, outcome) = stretched(LoginStep::check_password(PASSWORD));
        let _ = flow.computed(&outcome, &mut Seeded(9));
        flow
    };
    let flow = prove();
    // The last fields are `A`, 256 bytes after 4 of length, and `M1`, 32 bytes after 1 of length.
    let query = flow.query();
    let m1 = query.len() - 36 + 1;
    let a = m1 - 1 - 256;
    for (name, at) in [("A", a), ("M1", m1)] {
        let needle = query[at..at + 32].to_vec();
        assert_eq!(left_behind(&needle, prove), 0, "{name}");
    }
}

#[test]
fn a_new_password_is_wiped_with_a_hint_of_any_length() {
    let recover = || {
        let new = NewPassword::new(PASSWORD).with_hint(&"x".repeat(3000));
        let (mut flow, outcome) =
            stretched(LoginStep::recover_password("the-code-in-the-mail-is-1", Some(new)));
        let _ = flow.computed(&outcome, &mut Seeded(9));
        flow
    };
    let flow = recover();
    // After the code, the verifier and the prime are the only fields of 256 bytes.
    let query = flow.query();
    let pieces: Vec<usize> =
        (0..query.len() - 260).filter(|at| query[*at..].starts_with(&[0xfe, 0, 1, 0])).collect();
    let [_prime, verifier] = pieces[..] else { panic!("pieces of 256 bytes at {pieces:?}") };
    let verifier = &query[verifier + 4..][..32];
    let code = b"the-code-in-the-mail-is-1";
    assert!(query.windows(code.len()).any(|window| window == code));
    for needle in [PASSWORD.as_bytes(), code, verifier] {
        assert_eq!(left_behind(needle, recover), 0, "{needle:?}");
    }
}

#[test]
fn reading_a_stored_session_leaves_no_trace() {
    let key: [u8; 256] = std::array::from_fn(|at| at as u8);
    let mut data = StoredSession::default();
    data.keys.insert(DcId::new(2).unwrap(), DcAuth { auth_key: AuthKey::new(key), server_salt: 0 });
    for number in 0..20 {
        data.keep_logout_token(Zeroizing::new(vec![number; 1000]));
    }
    assert_eq!(left_behind(&key[..32], || data.to_text()), 0, "written");
    let text = data.to_text();
    let damaged = format!("{}A", &text[..text.len() - 1]);
    assert_eq!(left_behind(&key[..32], || StoredSession::from_text(&text).unwrap()), 0, "read");
    assert_eq!(left_behind(&key[..32], || StoredSession::from_text(&damaged).unwrap_err()), 0, "refused");
}

/// Decrypts a frame in place, like a client.
#[test]
fn a_frame_is_wiped_by_the_next_call_and_with_its_decoder() {
    let needle = b"what the server told in confidence";
    let read = |frames: usize| {
        let mut decoder = FrameDecoder::new(Framing::Intermediate, MAX_RECEIVED_FRAME);
        let mut stream = [&[100, 0, 0, 0][..], &[7; 100]].concat().repeat(frames);
        let mut decrypted = 0;
        // No frame is in one piece.
        for mut piece in stream.chunks_mut(60) {
            while let Some(frame) = decoder.next(&mut piece).unwrap() {
                let Frame::Payload(payload) = frame else { panic!("{frame:?}") };
                payload[50..][..needle.len()].copy_from_slice(needle);
                decrypted += 1;
                if decrypted == frames {
                    // No call follows that would wipe it.
                    return decoder;
                }
            }
        }
        panic!("{decrypted} frames");
    };
    for frames in 1..4 {
        assert_eq!(left_behind(needle, || drop(read(frames))), 0, "{frames} frames");
    }
}

struct Queries(Vec<u8>);

impl RequestSource for Queries {
    fn body(&self, _: RequestTag) -> Option<RequestBody<'_>> {
        Some(RequestBody::query(&self.0))
    }
}

#[test]
fn a_compressed_answer_is_wiped() {
    let needle = b"what the server told in confidence";
    let now = Now::new(Timestamp::ZERO, Duration::from_secs(1_700_000_000));
    let mut clock = ServerClock::from_wall(now, 0);
    clock.set_from_handshake(now, 1_700_000_000);
    let key = AuthKey::new([7; 256]);
    let mut session = Session::new(key.clone(), 11, clock, &mut Seeded(3), now);
    session.on_connected(now);
    session.queue(RequestTag(1));
    // Salt, session, msg_id, seq_no and length of a message.
    let mut sent = Vec::new();
    let mut encoder = FrameEncoder::without_tag(Framing::Intermediate);
    session.pack(now, &Queries(vec![1; 8]), &mut encoder, &mut Seeded(4), &mut sent).unwrap();
    let opened = message::open(&key, Direction::ToServer, &mut sent[4..]).unwrap();
    let session_id = opened[8..16].to_vec();

    let mut object = Vec::new();
    write::u32(&mut object, 0x1111_1111);
    write::string(&mut object, &String::from_utf8(needle.repeat(20)).unwrap());
    let mut body = Vec::new();
    write::u32(&mut body, ids::GZIP_PACKED);
    write::bytes(&mut body, &gzip::compress(&object));
    let mut packet = vec![0; 24];
    write::i64(&mut packet, 11);
    packet.extend(session_id);
    write::u64(&mut packet, (1_700_000_000 << 32) | 1);
    write::u32(&mut packet, 1);
    write::u32(&mut packet, body.len() as u32);
    packet.extend(body);
    packet.resize((packet.len() - 24 + 12).next_multiple_of(16) + 24, 0);
    message::seal(&key, Direction::ToClient, &mut packet).unwrap();

    let mut was_seen = false;
    let found = left_behind(needle, || {
        let mut random = Seeded(5);
        let mut messages = session.receive(now, &mut packet, &mut random).unwrap();
        while let Some(event) = messages.next().unwrap() {
            was_seen |= matches!(event, SessionEvent::Update { body } if body == object);
        }
    });
    assert!(was_seen);
    assert_eq!(found, 0);
}
