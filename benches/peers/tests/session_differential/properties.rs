//! Random packets of a server: what grammers-mtproto accepts, ours accepts too, but for the reasons in the table.

use quickcheck::{Arbitrary, Gen, QuickCheck};
use sansgram_core::tl::{Constructor, ids, types};

use crate::Server;
use crate::bodies::*;
use crate::clients::{Client, Message, Ours, Packet, Theirs, now};

type Body = fn(&Server) -> Vec<u8>;

/// What grammers-mtproto reads.
const READ_BY_THEIRS: [Body; 13] = [
    Server::result,
    |_| rpc_result(4, &answer()),
    |server| rpc_result(server.request, &rpc_error()),
    |_| update(),
    |server| pong(server.request),
    |server| with_ids(types::MsgsAck::ID, &[server.request, 4]),
    |server| bad_salt(server.request, 9),
    // If cut, the code is another one.
    |_| bad_message(4, 16),
    |server| new_session(server.request, 9),
    |_| future_salts(4, 9),
    |server| detailed_info(server.request, server.id_at(0)),
    |server| new_detailed_info(server.id_at(0)),
    |_| destroy_session_ok(3),
];

/// What it ignores without reading it. Ours closes the connection if it is cut short.
const UNREAD_BY_THEIRS: [Body; 4] = [
    |_| with_ids(types::MsgsStateReq::ID, &[1, 5]),
    |_| state_info(4, &[4]),
    |server| all_info(server.request, &[4]),
    |server| with_ids(types::MsgResendReq::ID, &[server.request]),
];

/// The constructors of the latter.
const UNREAD: [u32; 4] =
    [types::MsgsStateReq::ID, types::MsgsStateInfo::ID, types::MsgsAllInfo::ID, types::MsgResendReq::ID];

/// A message: its body, and what was done to it.
#[derive(Clone, Debug)]
struct Part {
    is_read: bool,
    /// The number of the body.
    number: usize,
    /// Number of words that are cut off.
    cut: usize,
    /// Number of words of zeros that follow.
    more: usize,
    is_gzipped: bool,
    seq_no: i32,
}

impl Part {
    fn message(&self, server: &Server) -> Message {
        let bodies = if self.is_read { &READ_BY_THEIRS[..] } else { &UNREAD_BY_THEIRS };
        let mut body = bodies[self.number % bodies.len()](server);
        body.truncate(body.len().saturating_sub(4 * self.cut).max(4));
        body.resize(body.len() + 4 * self.more, 0);
        let body = if self.is_gzipped { gzipped(&body) } else { body };
        Message { seq_no: self.seq_no, ..server.message(body) }
    }
}

impl Arbitrary for Part {
    fn arbitrary(g: &mut Gen) -> Self {
        Self {
            is_read: u8::arbitrary(g) % 5 > 0,
            number: usize::arbitrary(g),
            cut: *g.choose(&[0, 0, 0, 0, 0, 0, 1, 2, 3]).unwrap(),
            more: *g.choose(&[0, 0, 0, 1, 5]).unwrap(),
            is_gzipped: *g.choose(&[false, false, true]).unwrap(),
            seq_no: i32::from(u8::arbitrary(g)),
        }
    }
}

/// Returns whether a client accepts the packet.
fn is_accepted<C: Client>(packet: impl Fn(&Server) -> Packet) -> bool {
    let unix = now();
    let mut client = C::new(unix);
    let first = client.send();
    let server = Server::new(unix, &first);
    let received = client.receive(packet(&server).seal(first.session_id));
    !received.iter().any(|event| event.starts_with("error"))
}

#[test]
fn what_theirs_accepts_ours_accepts() {
    fn property(parts: Vec<Part>, padding: u8) -> bool {
        let packet = |server: &Server| {
            let messages: Vec<Message> = parts.iter().map(|part| part.message(server)).collect();
            let packet = match &messages[..] {
                [only] => Packet::of(only.clone()),
                messages => server.container(messages),
            };
            Packet { padding: 12 + 16 * (usize::from(padding) % 63), ..packet }
        };
        let (theirs, ours) = (is_accepted::<Theirs>(packet), is_accepted::<Ours>(packet));
        ours || !theirs || parts.iter().any(|part| !part.is_read && part.cut > 0)
    }
    QuickCheck::new().tests(500).quickcheck(property as fn(Vec<Part>, u8) -> bool);
}

/// The first word of a body and any words after it.
#[derive(Clone, Debug)]
struct AnyBody {
    constructor: u32,
    words: Vec<u32>,
}

impl Arbitrary for AnyBody {
    fn arbitrary(g: &mut Gen) -> Self {
        // Containers and future salts of any content are not for grammers-mtproto.
        const CONSTRUCTORS: [u32; 16] = [
            ids::RPC_RESULT,
            ids::GZIP_PACKED,
            types::RpcError::ID,
            types::Pong::ID,
            types::MsgsAck::ID,
            types::BadServerSalt::ID,
            types::BadMsgNotification::ID,
            types::NewSessionCreated::ID,
            types::MsgsStateReq::ID,
            types::MsgsStateInfo::ID,
            types::MsgsAllInfo::ID,
            types::MsgResendReq::ID,
            types::MsgDetailedInfo::ID,
            types::MsgNewDetailedInfo::ID,
            types::DestroySessionOk::ID,
            0x4444_4444,
        ];
        let word = |g: &mut Gen| match u8::arbitrary(g) % 4 {
            0 => u32::arbitrary(g) % 5,
            1 => *g.choose(&[ids::VECTOR, ids::GZIP_PACKED, types::RpcError::ID, 0x0800_0004]).unwrap(),
            _ => u32::arbitrary(g),
        };
        let constructor = *g.choose(&CONSTRUCTORS).unwrap();
        let count = usize::arbitrary(g) % 12;
        Self { constructor, words: (0..count).map(|_| word(g)).collect() }
    }
}

#[test]
fn of_any_bytes_too() {
    fn property(any: AnyBody) -> bool {
        let body: Vec<u8> =
            [any.constructor].iter().chain(&any.words).copied().flat_map(u32::to_le_bytes).collect();
        let packet = |server: &Server| server.packet(body.clone());
        let (theirs, ours) = (is_accepted::<Theirs>(packet), is_accepted::<Ours>(packet));
        let is_unread = UNREAD.contains(&any.constructor);
        let is_result_of_none = any.constructor == ids::RPC_RESULT && any.words.starts_with(&[0, 0]);
        ours || !theirs || is_unread || is_result_of_none
    }
    QuickCheck::new().tests(2000).quickcheck(property as fn(AnyBody) -> bool);
}
