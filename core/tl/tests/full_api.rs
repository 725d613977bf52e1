//! The whole API: the generated types write the same bytes as Telethon, and read them back.
#![cfg(all(feature = "full-api", feature = "reencode"))]

mod vectors;

use sansgram_tl::{Deserialize, MAX_DEPTH, Serialize, enums, functions, types};
use vectors::{bytes, cases, load, text};

/// The values of the vector file, built from the generated types.
fn ours(name: &str) -> Vec<u8> {
    match name {
        "functions.messages.SendMessage" => functions::messages::SendMessage {
            no_webpage: true,
            peer: types::InputPeerUser { user_id: 777_000, access_hash: -2 }.to_boxed(),
            message: "Zdravstvuy, мир".into(),
            random_id: 0x1122_3344_5566_7788,
            entities: Some(vec![types::MessageEntityBold { offset: 0, length: 4 }.to_boxed()]),
            ..empty_message()
        }
        .to_bytes(),
        "functions.messages.GetHistory" => functions::messages::GetHistory {
            peer: enums::InputPeer::PeerSelf,
            offset_id: 0,
            offset_date: 0,
            add_offset: -3,
            limit: 100,
            max_id: 0,
            min_id: 0,
            hash: -1,
        }
        .to_bytes(),
        "functions.upload.SaveFilePart" => functions::upload::SaveFilePart {
            file_id: -5,
            file_part: 3,
            bytes: (0..200).chain(0..200).collect(),
        }
        .to_bytes(),
        "functions.channels.GetMessages" => functions::channels::GetMessages {
            channel: types::InputChannel { channel_id: 1_234_567_890_123, access_hash: 9 }.to_boxed(),
            id: vec![types::InputMessageId { id: 7 }.to_boxed(), enums::InputMessage::Pinned],
        }
        .to_bytes(),
        "types.updateNewMessage" => enums::Update::from(types::UpdateNewMessage {
            message: types::MessageEmpty { id: 5, peer_id: Some(types::PeerChat { chat_id: 77 }.to_boxed()) }
                .to_boxed(),
            pts: 10,
            pts_count: 1,
        })
        .to_bytes(),
        "types.inputMediaGeoPoint" => enums::InputMedia::from(types::InputMediaGeoPoint {
            geo_point: types::InputGeoPoint { lat: 52.5, long: -13.25, accuracy_radius: Some(7) }.to_boxed(),
        })
        .to_bytes(),
        "types.keyboardButtonRow" => types::KeyboardButtonRow { buttons: vec![] }.to_boxed().to_bytes(),
        _ => panic!("{name} is not built here"),
    }
}

/// An empty message: to `inputPeerEmpty`, no text, number 0.
fn empty_message() -> functions::messages::SendMessage {
    let words = [0xfef4_8f62_u32, 0, 0x7f3b_18ea, 0, 0, 0];
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    functions::messages::SendMessage::from_bytes(&bytes).unwrap()
}

#[test]
fn telethon_writes_the_same() {
    let file = load("full_api.json");
    for case in cases(&file, "objects", 7) {
        let theirs = bytes(case, "bytes");
        assert_eq!(ours(text(case, "name")), theirs, "{case}");
        assert_eq!(sansgram_tl::reencode(&theirs), Ok(theirs), "{case}");
    }
}

/// The recursive type with the most and largest variants.
#[test]
fn the_deepest_value_fits_on_a_small_stack() {
    let mut value = enums::PageBlock::Unsupported;
    for _ in 1..MAX_DEPTH {
        value = types::PageBlockCover { cover: Box::new(value) }.to_boxed();
    }
    let bytes = value.to_bytes();
    let thread = std::thread::Builder::new().stack_size(128 << 10);
    let read = thread.spawn(move || enums::PageBlock::from_bytes(&bytes).is_ok()).unwrap();
    assert!(read.join().unwrap());
}
