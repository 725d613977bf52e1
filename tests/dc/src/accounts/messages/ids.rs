//! The methods of this folder and the constructors of their answers, by their names in the schema.

use super::super::state::{Accounts, Method};
use super::super::wire::id;

pub(super) const PEER_USER: u32 = 0x5951_1722;
pub(super) const UPDATES: u32 = 0x74ae_4240;
pub(super) const UPDATE_NEW_MESSAGE: u32 = 0x1f2b_0afd;
pub(super) const UPDATE_MESSAGE_ID: u32 = 0x4e90_bfd6;
pub(super) const UPDATE_DELETE_MESSAGES: u32 = 0xa20d_b0e5;
pub(super) const UPDATE_SHORT_SENT_MESSAGE: u32 = 0x9015_e101;
pub(super) const DIFFERENCE: u32 = 0x00f4_9ca0;
pub(super) const AFFECTED_MESSAGES: u32 = 0x84d1_9185;
pub(super) const DIALOGS: u32 = 0x15ba_6c40;
pub(super) const DIALOGS_SLICE: u32 = 0x71e0_94f3;
pub(super) const PEER_DIALOGS: u32 = 0x3371_c354;
pub(super) const MESSAGE_EMPTY: u32 = 0x90a6_ca84;
pub(super) const INPUT_MESSAGE_ID: u32 = 0xa676_a322;
pub(super) const INPUT_MESSAGE_REPLY_TO: u32 = 0xbad8_8395;
pub(super) const INPUT_DIALOG_PEER: u32 = 0xfcaa_feb7;
pub(super) const INPUT_MESSAGES_FILTER_EMPTY: u32 = 0x57e2_f66c;
pub(super) const INPUT_MESSAGES_FILTER_DOCUMENT: u32 = 0x9edd_f188;

/// The forms of `inputReplyToMessage`; what comes after the message has flags of its own.
pub(super) const INPUT_REPLY_TO_MESSAGE: [u32; 4] = [0x073e_c805, 0x22c0_f6d5, 0x869f_be10, 0x3bd4_b7c2];

/// Layers 166, 179, 181, 214, 222 and 230: what they have in less or more comes after the entities.
const SEND_MESSAGE: [u32; 6] = [0x280d_096f, 0xdff8_042c, 0x983f_9745, 0xfe05_dc9a, 0x545c_d15a, 0xfef4_8f62];
/// Layers 140 and 158: the reply is a number; the second has the topic after it.
const SEND_MESSAGE_140: [u32; 2] = [0x0d9d_75a4, 0x1cc2_0387];
/// Layers 166, 179, 181 and 214, and the one of layer 230.
const SEND_MEDIA: [u32; 5] = [0x72cc_c23d, 0x7bd6_6041, 0x7852_834e, 0xac55_d9c1, 0x0330_e77f];
/// Layers 140 and 158.
const SEND_MEDIA_140: [u32; 2] = [0xe25f_f8e0, 0x7547_c966];

/// Returns the method with this constructor, if this folder has it.
pub(in crate::accounts) fn method(constructor: u32) -> Option<Method> {
    const MESSAGE: &str = "messages.sendMessage";
    const MEDIA: &str = "messages.sendMedia";
    Some(match constructor {
        id if SEND_MESSAGE.contains(&id) => (MESSAGE, |accounts, call| accounts.send(call, false, false)),
        id if SEND_MESSAGE_140.contains(&id) => (MESSAGE, |accounts, call| accounts.send(call, false, true)),
        id if SEND_MEDIA.contains(&id) => (MEDIA, |accounts, call| accounts.send(call, true, false)),
        id if SEND_MEDIA_140.contains(&id) => (MEDIA, |accounts, call| accounts.send(call, true, true)),
        0x4423_e6c5 => ("messages.getHistory", Accounts::get_history),
        0x29ee_847a => ("messages.search", |accounts, call| accounts.search(call, true)),
        // Layer 140, without saved dialogs.
        0xa0fd_a762 => ("messages.search", |accounts, call| accounts.search(call, false)),
        0x63c6_6506 => ("messages.getMessages", Accounts::get_messages),
        id::GET_DIALOGS => ("messages.getDialogs", Accounts::get_dialogs),
        0xe470_bcfd => ("messages.getPeerDialogs", Accounts::get_peer_dialogs),
        0xd6b9_4df2 => ("messages.getPinnedDialogs", Accounts::get_pinned_dialogs),
        0x0e30_6d3a => ("messages.readHistory", Accounts::read_history),
        0xe58e_95d2 => ("messages.deleteMessages", Accounts::delete_messages),
        id::GET_STATE => ("updates.getState", Accounts::get_state),
        // The counter comes first in both.
        id::GET_DIFFERENCE | id::GET_DIFFERENCE_158 => ("updates.getDifference", Accounts::get_difference),
        0xb304_a621 => ("upload.saveFilePart", |accounts, call| accounts.save_file_part(call, false)),
        0xde7b_673d => ("upload.saveBigFilePart", |accounts, call| accounts.save_file_part(call, true)),
        0xbe53_35be => ("upload.getFile", |accounts, call| accounts.get_file(call, true)),
        // Layer 140, with offsets of 32 bits.
        0xb15a_9afc => ("upload.getFile", |accounts, call| accounts.get_file(call, false)),
        0x9156_982a => ("upload.getFileHashes", |accounts, call| accounts.get_file_hashes(call, true)),
        0xc702_5931 => ("upload.getFileHashes", |accounts, call| accounts.get_file_hashes(call, false)),
        _ => return None,
    })
}
