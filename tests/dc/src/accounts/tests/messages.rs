//! Messages, dialogs, updates and files, as clients of each layer call them and read the answers.

use super::super::forms::tests::Schema;
use super::super::wire::Reader;
use super::*;

const ADA: i64 = 9_996_621_234;
const BOT: i64 = 1;
const SEND_MESSAGE: u32 = 0xfef4_8f62;
/// The constructor of the layer, and that of `messages.sendMedia`.
const SENDS: [(i32, u32, u32); 7] = [
    (140, 0x0d9d_75a4, 0xe25f_f8e0),
    (158, 0x1cc2_0387, 0x7547_c966),
    (166, 0x280d_096f, 0x72cc_c23d),
    (181, 0x983f_9745, 0x7852_834e),
    (214, 0xfe05_dc9a, 0xac55_d9c1),
    (225, 0x545c_d15a, 0x0330_e77f),
    (230, SEND_MESSAGE, 0x0330_e77f),
];

/// Several keys, each of a user and a layer, and what was pushed to them.
struct Talk {
    sandbox: Sandbox,
    layers: Vec<i32>,
    pushes: Vec<(u64, String)>,
}

impl Talk {
    /// Key 1 is Ada's, key 2 the bot's; both of this layer.
    fn new(layer: i32) -> Self {
        let mut talk = Self {
            sandbox: Sandbox::uninited(AccountOptions::default()),
            layers: Vec::new(),
            pushes: Vec::new(),
        };
        talk.add_key(layer);
        talk.sandbox.sign_in("9996621234", "22222");
        talk.add_key(layer);
        talk.sandbox.ok(bot_login("1:sandbox"));
        talk
    }

    fn add_key(&mut self, layer: i32) {
        self.layers.push(layer);
        self.sandbox.key = self.layers.len() as u64;
        self.sandbox.init(layer);
    }

    fn answer(&mut self, key: u64, function: Writer) -> Answer {
        let (dc, now_unix) = (self.sandbox.dc, self.sandbox.now);
        let context = CallContext { dc, auth_key_id: key, layer: None, now_unix, local_ip: None };
        let outcome = self.sandbox.accounts.call(&context, &function.finish());
        for push in outcome.pushes {
            let schema = Schema::of_layer(self.layers[push.auth_key_id as usize - 1]);
            self.pushes.push((push.auth_key_id, schema.read(&push.body)));
        }
        outcome.answer
    }

    fn ok(&mut self, key: u64, function: Writer) -> String {
        match self.answer(key, function) {
            Answer::Result(object) => Schema::of_layer(self.layers[key as usize - 1]).read(&object),
            other => panic!("{other:?}"),
        }
    }

    fn error(&mut self, key: u64, function: Writer) -> String {
        match self.answer(key, function) {
            Answer::Error { message, .. } => message,
            other => panic!("{other:?}"),
        }
    }

    fn pushed(&mut self) -> Vec<(u64, String)> {
        std::mem::take(&mut self.pushes)
    }
}

fn peer(function: Writer, user: i64) -> Writer {
    function.u32(id::INPUT_PEER_USER).i64(user).i64(0)
}

fn text(constructor: u32, to: i64, words: &str, random_id: i64) -> Writer {
    peer(Writer::boxed(constructor).u32(0), to).string(words).i64(random_id)
}

fn history(of: i64, [offset_id, offset_date, add_offset, limit, max_id, min_id]: [i32; 6]) -> Writer {
    let numbers = [offset_id, offset_date, add_offset, limit, max_id, min_id];
    numbers.into_iter().fold(peer(Writer::boxed(0x4423_e6c5), of), Writer::i32).i64(0)
}

fn dialogs() -> Writer {
    Writer::boxed(id::GET_DIALOGS).u32(0).i32(0).i32(0).u32(id::INPUT_PEER_EMPTY).i32(20).i64(0)
}

/// The identifiers in an answer, in their order.
fn ids(answer: &str) -> Vec<i32> {
    let after = answer.split("message(").skip(1).map(|rest| rest.split("id=").nth(1).expect("an id"));
    after.map(|rest| rest.split(' ').next().and_then(|id| id.parse().ok()).expect("a number")).collect()
}

#[test]
fn each_layer_sends_and_receives() {
    for (layer, send, _) in SENDS {
        let mut talk = Talk::new(layer);
        let sent = talk.ok(1, text(send, BOT, "hello", 7));
        assert_eq!(sent, format!("updateShortSentMessage(out=true id=1 pts=2 pts_count=1 date={NOW})"));
        let [(2, update)] = &talk.pushed()[..] else { panic!("layer {layer}") };
        let message = format!(
            "message(id=1 from_id=peerUser(user_id={ADA}) peer_id=peerUser(user_id={ADA}) date={NOW} message=hello)"
        );
        let new =
            format!("updates(updates=[updateNewMessage(message={message} pts=2 pts_count=1)] users=[user(");
        assert!(update.starts_with(&new), "layer {layer}: {update}");
        assert!(update.ends_with(&format!("chats=[] date={NOW} seq=0)")), "{update}");

        let answer = talk.ok(2, text(send, ADA, "hi", 8));
        assert!(answer.starts_with("updateShortSentMessage("), "{answer}");
        let [(1, update)] = &talk.pushed()[..] else { panic!("layer {layer}") };
        assert!(update.contains("from_id=peerUser(user_id=1)"), "{update}");

        let state = talk.ok(1, Writer::boxed(id::GET_STATE));
        assert_eq!(state, format!("updates.state(pts=3 qts=0 date={NOW} seq=0 unread_count=1)"));
        let listed = talk.ok(1, history(BOT, [0, 0, 0, 10, 0, 0]));
        assert!(listed.starts_with("messages.messages(messages=[message(id=2 "), "{listed}");
        assert!(listed.contains("message(out=true id=1 ") && listed.contains("message=hello"), "{listed}");
        let first = talk.ok(1, history(BOT, [0, 0, 0, 1, 0, 0]));
        assert!(first.starts_with("messages.messagesSlice(count=2 messages=[message(id=2 "), "{first}");
        let dialogs = talk.ok(1, dialogs());
        let dialog = "dialogs=[dialog(peer=peerUser(user_id=1) top_message=2 read_inbox_max_id=0 \
                      read_outbox_max_id=0 unread_count=1 unread_mentions_count=0 ";
        assert!(dialogs.contains(dialog), "layer {layer}: {dialogs}");
    }
}

#[test]
fn a_message_to_oneself_is_one_message() {
    for (layer, send, _) in SENDS {
        let mut talk = Talk::new(layer);
        talk.add_key(230);
        talk.sandbox.sign_in("9996621234", "22222");
        let to_self = Writer::boxed(send).u32(0).u32(id::INPUT_PEER_SELF).string("note").i64(5);
        let answer = talk.ok(1, to_self);
        let head = format!(
            "updates(updates=[updateMessageID(id=1 random_id=5) updateNewMessage(message=message(id=1 \
             from_id=peerUser(user_id={ADA}) peer_id=peerUser(user_id={ADA}) date={NOW} message=note) pts=2 pts_count=1)]"
        );
        assert!(answer.starts_with(&head), "{answer}");
        let [(3, update)] = &talk.pushed()[..] else { panic!("layer {layer}") };
        assert!(update.contains("message=note"), "{update}");
        let dialogs = talk.ok(1, dialogs());
        assert!(dialogs.contains("unread_count=0"), "{dialogs}");
        assert_eq!(ids(&dialogs), [1]);
    }
}

#[test]
fn replies_keyboards_and_entities_are_passed_on_in_one_layer() {
    let mut talk = Talk::new(230);
    talk.ok(2, text(SEND_MESSAGE, ADA, "question", 1));
    talk.pushed();
    let reply = |writer: Writer| writer.u32(0x3bd4_b7c2).u32(1 << 2).i32(1).string("question");
    let entity = [0xbd61_0bc9_u32, 0, 6].map(u32::to_le_bytes).concat();
    let function = reply(peer(Writer::boxed(SEND_MESSAGE).u32(1 | 1 << 2 | 1 << 3), BOT));
    let function = function.string("answer").i64(2).object(&keyboard()).objects(&[entity]);
    let sent = talk.ok(1, function);
    assert!(sent.contains("entities=[messageEntityBold(offset=0 length=6)]"), "{sent}");
    let [(2, update)] = &talk.pushed()[..] else { panic!("no push") };
    assert!(update.contains("reply_to=messageReplyHeader(reply_to_msg_id=1)"), "{update}");
    assert!(update.contains("reply_markup=replyInlineMarkup(rows=[])"), "{update}");
    assert!(update.contains("entities=[messageEntityBold(offset=0 length=6)]"), "{update}");
    // Another layer gets the text.
    talk.add_key(181);
    talk.sandbox.ok(bot_login("1:sandbox"));
    let found = talk.ok(3, Writer::boxed(0x63c6_6506).objects(&[input_message(2), input_message(9)]));
    assert!(found.contains("message=answer)") && found.contains("messageEmpty(id=9)"), "{found}");
    let of_reply = Writer::boxed(0xbad8_8395).i32(2).finish();
    let found = talk.ok(1, Writer::boxed(0x63c6_6506).objects(&[of_reply]));
    assert!(found.contains("message=question)"), "{found}");
}

/// A keyboard without rows.
fn keyboard() -> Vec<u8> {
    let schema = sansgram_tl_json::Schema::telegram();
    let markup = serde_json::json!({ "_": "replyInlineMarkup", "rows": [] });
    schema.encode(&sansgram_tl_json::Type::Boxed("ReplyMarkup"), &markup).expect("it is valid")
}

fn input_message(message: i32) -> Vec<u8> {
    Writer::boxed(0xa676_a322).i32(message).finish()
}

#[test]
fn history_is_cut_by_each_offset() {
    let mut talk = Talk::new(230);
    for n in 1..=9 {
        talk.sandbox.now = NOW + n;
        talk.ok(1, text(SEND_MESSAGE, BOT, "n", n.into()));
    }
    let mut listed = |window| ids(&talk.ok(1, history(BOT, window)));
    assert_eq!(listed([0, 0, 0, 100, 0, 0]), [9, 8, 7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(listed([0, 0, 0, 3, 0, 0]), [9, 8, 7]);
    assert_eq!(listed([7, 0, 0, 2, 0, 0]), [6, 5]);
    assert_eq!(listed([7, 0, 1, 2, 0, 0]), [5, 4]);
    assert_eq!(listed([4, 0, -3, 3, 0, 0]), [6, 5, 4]);
    assert_eq!(listed([9, 0, -3, 3, 0, 0]), [9]);
    assert_eq!(listed([0, NOW + 4, 0, 2, 0, 0]), [3, 2]);
    // The identifier decides if both are given.
    assert_eq!(listed([6, NOW + 2, 0, 2, 0, 0]), [5, 4]);
    assert_eq!(listed([0, 0, 0, 100, 6, 3]), [5, 4]);
    assert!(listed([1, 0, 0, 5, 0, 0]).is_empty());
    assert!(listed([0, 0, i32::MAX, i32::MAX, 0, 0]).is_empty());
    assert!(listed([0, 0, 0, -1, 0, 0]).is_empty());
}

#[test]
fn a_search_finds_words_and_files() {
    let mut talk = Talk::new(230);
    for (n, words) in ["one Apple", "two pears", "three APPLES"].into_iter().enumerate() {
        talk.ok(1, text(SEND_MESSAGE, BOT, words, n as i64));
    }
    let search = |words: &str, filter: u32| {
        let function = peer(Writer::boxed(0x29ee_847a).u32(0), BOT).string(words).u32(filter);
        [0, 0, 0, 0, 10, 0, 0].into_iter().fold(function, Writer::i32).i64(0)
    };
    assert_eq!(ids(&talk.ok(1, search("apple", 0x57e2_f66c))), [3, 1]);
    assert_eq!(ids(&talk.ok(1, search("", 0x57e2_f66c))), [3, 2, 1]);
    assert!(ids(&talk.ok(1, search("", 0x9edd_f188))).is_empty());
}

#[test]
fn bad_messages_have_their_errors() {
    let mut talk = Talk::new(230);
    assert_eq!(talk.error(1, text(SEND_MESSAGE, BOT, "", 1)), "MESSAGE_EMPTY");
    assert_eq!(talk.error(1, text(SEND_MESSAGE, BOT, &"x".repeat(4097), 1)), "MESSAGE_TOO_LONG");
    assert_eq!(talk.error(1, text(SEND_MESSAGE, 77, "x", 1)), "PEER_ID_INVALID");
    let to_chat = Writer::boxed(SEND_MESSAGE).u32(0).u32(0x35a9_5cb9).i64(5).string("x").i64(1);
    assert_eq!(talk.error(1, to_chat), "PEER_ID_INVALID");
    let reply = peer(Writer::boxed(SEND_MESSAGE).u32(1), BOT).u32(0x3bd4_b7c2).u32(0).i32(5);
    assert_eq!(talk.error(1, reply.string("x").i64(1)), "REPLY_MESSAGE_ID_INVALID");
    talk.ok(1, text(SEND_MESSAGE, BOT, "x", 1));
    assert_eq!(talk.error(1, text(SEND_MESSAGE, BOT, "x", 1)), "RANDOM_ID_DUPLICATE");
    assert_eq!(talk.error(2, history(ADA, [0; 6])), "BOT_METHOD_INVALID");
}

#[test]
fn missed_events_are_in_the_difference() {
    let mut talk = Talk::new(230);
    for n in 1..=3 {
        talk.ok(2, text(SEND_MESSAGE, ADA, &format!("m{n}"), n));
    }
    talk.pushed();
    let delete = Writer::boxed(0xe58e_95d2).u32(1).u32(id::VECTOR).u32(2).i32(1).i32(9);
    assert_eq!(talk.ok(1, delete), "messages.affectedMessages(pts=5 pts_count=1)");
    let [(2, update)] = &talk.pushed()[..] else { panic!("the bot's copy is deleted too") };
    assert!(update.contains("updateDeleteMessages(messages=[1] pts=5 pts_count=1)"), "{update}");
    let difference = |pts: i32| Writer::boxed(id::GET_DIFFERENCE).u32(0).i32(pts).i32(NOW).i32(0);
    let all = talk.ok(1, difference(1));
    assert_eq!(ids(&all), [2, 3]);
    assert!(all.contains("other_updates=[updateDeleteMessages(messages=[1] pts=5 pts_count=1)]"), "{all}");
    let state = format!("state=updates.state(pts=5 qts=0 date={NOW} seq=0 unread_count=2))");
    assert!(all.starts_with("updates.difference(") && all.ends_with(&state), "{all}");
    assert_eq!(ids(&talk.ok(1, difference(3))), [3]);
    assert_eq!(talk.ok(1, difference(5)), format!("updates.differenceEmpty(date={NOW} seq=0)"));
    let read = peer(Writer::boxed(0x0e30_6d3a), BOT).i32(0);
    assert_eq!(talk.ok(1, read), "messages.affectedMessages(pts=5 pts_count=0)");
    let of_peer = Writer::boxed(0xe470_bcfd).u32(id::VECTOR).u32(1).u32(0xfcaa_feb7);
    let dialogs = talk.ok(1, peer(of_peer, BOT));
    assert!(dialogs.contains("read_inbox_max_id=3 read_outbox_max_id=0 unread_count=0"), "{dialogs}");
}

#[test]
fn each_layer_sends_and_reads_files() {
    let bytes: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
    for (layer, _, send) in SENDS {
        let mut talk = Talk::new(layer);
        for (part, piece) in bytes.chunks(131_072).enumerate() {
            let save = Writer::boxed(0xb304_a621).i64(5).i32(part as i32).bytes(piece);
            assert_eq!(talk.answer(1, save), Answer::Result(id::BOOL_TRUE.to_le_bytes().to_vec()));
        }
        let media = if layer < 198 { 0x5b38_c6c1 } else { 0x037c_9330 };
        let function = peer(Writer::boxed(send).u32(0), BOT).u32(media).u32(0);
        let function = function.u32(0xfa4f_0bb5).i64(5).i32(3).string("a.bin").string("text/x");
        let name = Writer::boxed(0x1559_0068).string("a.bin").finish();
        let answer = talk.ok(1, function.objects(&[name]).string("see").i64(3));
        assert!(answer.contains("attributes=[documentAttributeFilename(file_name=a.bin)]"), "{answer}");
        assert!(answer.contains("size=300000 dc_id=2"), "{answer}");
        let [(2, update)] = &talk.pushed()[..] else { panic!("layer {layer}") };
        let field = |name: &str| {
            let (_, rest) = update.split_once(name).expect("a field");
            rest.split(' ').next().and_then(|number| number.parse::<i64>().ok()).expect("a number")
        };
        let (document, hash) = (field("document(id="), field("access_hash="));
        let reference = reference(&talk, document);
        let location = |constructor: u32, has_flags: bool| {
            let head = Writer::boxed(constructor);
            let head = if has_flags { head.u32(0) } else { head };
            head.u32(0xbad0_7584).i64(document).i64(hash).bytes(&reference).string("")
        };
        let mut got: Vec<u8> = Vec::new();
        for offset in [0, 262_144] {
            let get = match layer {
                140 => location(0xb15a_9afc, true).i32(offset),
                _ => location(0xbe53_35be, true).i64(offset.into()),
            };
            let Answer::Result(file) = talk.answer(2, get.i32(262_144)) else { panic!("layer {layer}") };
            let mut reader = Reader::new(&file);
            assert_eq!((reader.u32(), reader.u32()), (Ok(0x096a_18d5), Ok(0xaa96_3b05)));
            reader.i32().expect("a time");
            got.extend(reader.bytes().expect("bytes"));
            assert_eq!(reader.end(), Ok(()));
        }
        assert!(got == bytes, "layer {layer}");
        let hashes = match layer {
            140 => location(0xc702_5931, false).i32(0),
            _ => location(0x9156_982a, false).i64(0),
        };
        let Answer::Result(hashes) = talk.answer(2, hashes) else { panic!("layer {layer}") };
        assert_eq!(hashes.get(4..8), Some(&3_u32.to_le_bytes()[..]));
        let first = Schema::of_layer(layer).read(hashes.get(8..8 + (hashes.len() - 8) / 3).expect("a third"));
        assert_eq!(first, "fileHash(offset=0 limit=131072 hash=32 bytes)");
    }
}

fn reference(talk: &Talk, document: i64) -> Vec<u8> {
    talk.sandbox.accounts.files.document(document).expect("a document").file_reference.to_vec()
}

#[test]
fn bad_uploads_and_downloads_have_their_errors() {
    let mut talk = Talk::new(230);
    let save = |part: i32, bytes: &[u8]| Writer::boxed(0xb304_a621).i64(5).i32(part).bytes(bytes);
    assert_eq!(talk.error(1, save(0, &[])), "FILE_PART_EMPTY");
    assert_eq!(talk.error(1, save(0, &vec![0; 524_289])), "FILE_PART_TOO_BIG");
    assert_eq!(talk.error(1, save(-1, &[1])), "FILE_PART_INVALID");
    let media = |parts: i32, md5: &str| {
        let function = peer(Writer::boxed(0x0330_e77f).u32(0), BOT).u32(0x037c_9330).u32(0);
        let file = function.u32(0xf52f_f27f).i64(5).i32(parts).string("a").string(md5);
        file.string("text/x").objects(&[]).string("").i64(1)
    };
    assert_eq!(talk.error(1, media(1, "")), "FILE_PARTS_INVALID");
    talk.answer(1, save(0, &[7; 1000]));
    assert_eq!(talk.error(1, media(2, "")), "FILE_PART_1_MISSING");
    talk.answer(1, save(1, &[7; 10]));
    assert_eq!(talk.error(1, media(2, "")), "FILE_PART_SIZE_INVALID");
    talk.answer(1, save(0, &[7; 1024]));
    assert_eq!(talk.error(1, media(2, "00")), "MD5_CHECKSUM_INVALID");
    let answer = talk.ok(1, media(2, ""));
    assert!(answer.contains("size=1034"), "{answer}");
    let id = answer.split_once("document(id=").and_then(|(_, rest)| rest.split(' ').next()?.parse().ok());
    let id: i64 = id.expect("an id");
    let hash = talk.sandbox.accounts.files.document(id).expect("a document").access_hash;
    let reference = reference(&talk, id);
    let get = |hash: i64, reference: &[u8], offset: i64, limit: i32| {
        let head = Writer::boxed(0xbe53_35be).u32(0).u32(0xbad0_7584).i64(id).i64(hash);
        head.bytes(reference).string("").i64(offset).i32(limit)
    };
    assert_eq!(talk.error(1, get(hash ^ 1, &reference, 0, 4096)), "LOCATION_INVALID");
    assert_eq!(talk.error(1, get(hash, b"old", 0, 4096)), "FILE_REFERENCE_EXPIRED");
    assert_eq!(talk.error(1, get(hash, &reference, 1, 4096)), "OFFSET_INVALID");
    assert_eq!(talk.error(1, get(hash, &reference, 0, 4095)), "LIMIT_INVALID");
    assert_eq!(talk.error(1, get(hash, &reference, 0, 0)), "LIMIT_INVALID");
    assert_eq!(talk.error(1, get(hash, &reference, 1 << 19, 1 << 20)), "LIMIT_INVALID");
    talk.sandbox.dc = 1;
    assert_eq!(talk.error(1, get(hash, &reference, 0, 4096)), "FILE_MIGRATE_2");
}

#[test]
fn malformed_calls_are_refused() {
    let mut talk = Talk::new(230);
    let whole = peer(Writer::boxed(SEND_MESSAGE).u32(1), BOT).u32(0x3bd4_b7c2).u32(0).i32(1);
    let whole = whole.string("words").i64(1).finish();
    for length in 4..whole.len() {
        let cut = Writer::default().object(&whole[..length]);
        let refused = talk.error(1, cut);
        assert!(["INPUT_FETCH_ERROR", "PEER_ID_INVALID"].contains(&&*refused), "{length}: {refused}");
    }
}
