//! An authenticated server that repeats the same message without end: the session does not send without pause, and its
//! queues do not grow with the server's messages.
#![cfg(feature = "unstable")]

mod session_bench;

use sansgram_core::session::{MessageError, ResendReason};
use sansgram_core::tl::{Constructor, types};
use session_bench::*;

fn all_info(id: u64, state: u8) -> Vec<u8> {
    let info = types::MsgsAllInfo { msg_ids: vec![id as i64], info: vec![state] };
    boxed(types::MsgsAllInfo::ID, &info)
}

fn pong(ping: &Seen) -> Vec<u8> {
    let ping_id = i64::from_le_bytes(ping.body[4..12].try_into().unwrap());
    boxed(types::Pong::ID, &types::Pong { msg_id: ping.msg_id as i64, ping_id })
}

#[test]
fn f13_a_server_that_loses_every_request_is_disconnected() {
    let mut bench = Bench::new();
    bench.request(1);
    let mut sent = 0;
    let left = loop {
        let id = bench.sent(at(0)).unwrap().requests()[0].msg_id;
        sent += 1;
        if let Err(reject) = bench.answer(at(0), 0, &all_info(id, 2)) {
            break reject;
        }
        assert!(sent < 100, "it is sent again without end");
    };
    assert_eq!((sent, left), (6, MessageError::EndlessResends(ResendReason::Resend)));
}

#[test]
fn f13_a_server_that_refuses_each_answered_ping_is_disconnected() {
    for (name, refuse) in [
        ("salt", (|id| bad_salt(id, 22)) as fn(u64) -> Vec<u8>),
        ("clock", |id| bad_msg(id, 16)),
        ("age", |id| bad_msg(id, 20)),
    ] {
        let mut bench = Bench::new();
        let mut pings = 0;
        let left = loop {
            let packet = bench.sent(at(0)).unwrap();
            let Some(ping) = packet.messages.iter().find(|message| message.is(PING)) else { continue };
            pings += 1;
            let (ping, id) = (pong(ping), ping.msg_id);
            bench.answer(at(0), 0, &ping).unwrap();
            if let Err(reject) = bench.answer(at(0), 0, &refuse(id)) {
                break reject;
            }
            assert!(pings < 100, "{name}: it pings without a pause");
        };
        assert!(matches!(left, MessageError::EndlessResends(_)), "{name}: {left:?}");
        assert_eq!(pings, 6, "{name}");
    }
}

#[test]
fn f13_queues_do_not_grow_with_the_messages_of_the_server() {
    const COUNT: u64 = 8000;
    type Say = fn(&mut Bench, u64) -> Vec<u8>;
    let say: [(&str, Say); 10] = [
        ("detailed", |bench, id| {
            let answer_msg_id = bench.id_at(at(1)) as i64;
            let info = types::MsgDetailedInfo { msg_id: id as i64, answer_msg_id, bytes: 1, status: 0 };
            boxed(types::MsgDetailedInfo::ID, &info)
        }),
        ("new detailed", |bench, _| {
            let answer_msg_id = bench.id_at(at(1)) as i64;
            let info = types::MsgNewDetailedInfo { answer_msg_id, bytes: 1, status: 0 };
            boxed(types::MsgNewDetailedInfo::ID, &info)
        }),
        ("state request", |_, id| {
            let request = types::MsgsStateReq { msg_ids: vec![id as i64; 16] };
            boxed(types::MsgsStateReq::ID, &request)
        }),
        ("resend", |_, id| {
            let request = types::MsgResendReq { msg_ids: vec![(id + 2) as i64; 16] };
            boxed(types::MsgResendReq::ID, &request)
        }),
        ("all info", |_, id| all_info(id + 2, 2)),
        ("had all", |_, id| all_info(id, 4 + 64)),
        ("acks", |_, id| boxed(types::MsgsAck::ID, &types::MsgsAck { msg_ids: vec![(id + 2) as i64; 16] })),
        ("pong", |_, id| boxed(types::Pong::ID, &types::Pong { msg_id: id as i64, ping_id: 7 })),
        ("salts", |_, id| {
            let salt = types::FutureSalt { valid_since: 0, valid_until: i32::MAX, salt: 7 };
            let salts = types::FutureSalts { req_msg_id: id as i64, now: 0, salts: vec![salt; 16] };
            boxed(types::FutureSalts::ID, &salts)
        }),
        ("strange", |_, _| vec![9; 16]),
    ];
    for (name, say) in say {
        let mut bench = Bench::new();
        bench.request(1);
        let id = bench.sent(at(0)).unwrap().requests()[0].msg_id;
        for _ in 0..COUNT / 500 {
            let mut messages = Vec::new();
            for _ in 0..500 {
                let body = say(&mut bench, id);
                let inner_id = bench.id_at(at(0));
                messages.push(inner(inner_id, 0, &body));
            }
            let outer = bench.id_at(at(0));
            let packet = bench.sealed(outer, 0, &container(&messages));
            bench.deliver(at(0), &packet).unwrap();
        }
        // From now on, everything queued may be sent.
        let (mut packets, mut bytes) = (0, 0);
        while let Some(packet) = bench.sent(at(0)) {
            packets += 1;
            bytes += packet.outer.body.len();
        }
        assert!(packets <= 8 && bytes <= 64 * 1024, "{name}: {bytes} bytes in {packets} packets");
    }
}
