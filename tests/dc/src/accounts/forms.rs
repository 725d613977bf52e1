//! The constructors of answers that changed from layer to layer (`core.telegram.org/api/invoking#layers`): a client reads
//! only those of the layer that it named.
//!
//! Each table begins with layer 133, the first whose users have identifiers of 64 bits, or with 140 if nothing changed
//! in between. A layer has the last constructor that begins at or below it; an earlier layer gets the first one. The
//! layers and their definitions come from the schemas that clients of many versions carry (Telethon, Pyrogram and its
//! forks, GramJS, mtcute, grammers); `vectors/tl_forms.txt` has the definitions. A layer that no known client has used
//! counts as the one before it.

/// A constructor, and the first layer that is known to have it.
type Form = (i32, u32);

/// `user`; it has a second field of flags from [`FLAGS2_OF_USER`] on.
pub(super) const USER: &[Form] = &[
    (140, 0x3ff6_ecb0),
    (145, 0x5d99_adee),
    (148, 0x8f97_c628),
    (160, 0xabb5_f120),
    (166, 0xeb60_2f25),
    (167, 0x215c_4438),
    (185, 0x8331_4fca),
    (196, 0x4b46_c37e),
    (200, 0x020b_1422),
    (217, 0x3177_4388),
    (228, 0xb1b8_cc83),
];

pub(super) const FLAGS2_OF_USER: i32 = 148;

/// `userFull`; it has a second field of flags from [`FLAGS2_OF_USER_FULL`] on.
pub(super) const USER_FULL: &[Form] = &[
    (133, 0xd697_ff05),
    (140, 0x8c72_ea81),
    (144, 0xc4b1_fc3f),
    (151, 0xf8d3_2aed),
    (157, 0x93ea_db53),
    (160, 0x4fe1_cc86),
    (163, 0xb9b1_2c6c),
    (176, 0x22ff_3e85),
    (177, 0xcc99_7720),
    (189, 0x1f58_e369),
    (195, 0x979d_2376),
    (196, 0x4d97_5bbc),
    (200, 0xd223_4ea0),
    (201, 0x99e7_8045),
    (211, 0x7e63_ce1f),
    (214, 0xc577_b5ad),
    (216, 0xa02b_c13e),
    (224, 0x06cb_e645),
];
pub(super) const FLAGS2_OF_USER_FULL: i32 = 176;
/// From this layer on, a `userFull` names its user by the identifier.
pub(super) const ID_OF_USER_FULL: i32 = 140;

pub(super) const PEER_SETTINGS: &[Form] =
    &[(133, 0x733f_2961), (140, 0xa518_110d), (177, 0xacd6_6c5e), (201, 0xf477_41f7)];
pub(super) const PEER_NOTIFY_SETTINGS: &[Form] =
    &[(133, 0xaf50_9d20), (140, 0xa83b_0426), (160, 0x9962_2c0c)];

/// `botInfo`; its fields are optional from [`FLAGS_OF_BOT_INFO`] on.
pub(super) const BOT_INFO: &[Form] = &[
    (133, 0x1b74_b335),
    (140, 0xe416_9b5d),
    (144, 0x8f30_0b57),
    (185, 0x8243_7e74),
    (193, 0x3660_7333),
    (196, 0x4d8a_0299),
];
pub(super) const FLAGS_OF_BOT_INFO: i32 = 144;
/// From this layer on, a `botInfo` has a menu button.
pub(super) const BUTTON_OF_BOT_INFO: i32 = 140;

pub(super) const AUTHORIZATION: &[Form] = &[(133, 0xcd05_0916), (140, 0x33fb_7bb8), (152, 0x2ea2_c0d4)];
pub(super) const PASSWORD: &[Form] = &[(140, 0x185b_184f), (145, 0x957b_50fb)];
pub(super) const EMAIL_CODE: &[Form] = &[(140, 0x5a15_9841), (158, 0xf450_f59b)];
/// From this layer on, an `auth.sentCodeTypeEmailCode` says when a reset is possible; before, it says when a phone can
/// be used.
pub(super) const RESET_OF_EMAIL_CODE: i32 = 158;
pub(super) const FIREBASE_SMS: &[Form] = &[(140, 0xe57b_1432), (181, 0x13c9_0f17), (183, 0x009f_d736)];

/// `messages.messages`; it lists topics from [`TOPICS_OF_MESSAGES`] on.
pub(super) const MESSAGES: &[Form] = &[(140, 0x8c71_8e87), (216, 0x1d73_e7ea)];
pub(super) const MESSAGES_SLICE: &[Form] = &[(140, 0x3a54_685e), (214, 0x762b_263d), (216, 0x5f20_6716)];
pub(super) const TOPICS_OF_MESSAGES: i32 = 216;

/// `message`; it has a second field of flags from [`FLAGS2_OF_MESSAGE`] on.
pub(super) const MESSAGE: &[Form] = &[
    (140, 0x3811_6ee0),
    (179, 0x2357_bf25),
    (181, 0x9434_5242),
    (198, 0x96fd_bbe9),
    (214, 0x9815_cec8),
    (222, 0x9cb4_90e9),
    (225, 0x95ef_6f2b),
    (227, 0x7600_b9d3),
];
pub(super) const FLAGS2_OF_MESSAGE: i32 = 179;

/// `messageReplyHeader`; the message that it names is optional from [`OPTIONAL_ID_OF_REPLY`] on.
pub(super) const MESSAGE_REPLY_HEADER: &[Form] =
    &[(140, 0xa6d5_7763), (166, 0x6eeb_cabd), (179, 0xafbc_09db), (214, 0x6917_560b), (225, 0x1b97_dd66)];
pub(super) const OPTIONAL_ID_OF_REPLY: i32 = 166;

/// `dialog`; it counts votes in polls from [`POLL_VOTES_OF_DIALOG`] on.
pub(super) const DIALOG: &[Form] = &[(140, 0xa8ed_d0f5), (158, 0xd58a_08c6), (225, 0xfc89_f7f3)];
pub(super) const POLL_VOTES_OF_DIALOG: i32 = 225;

pub(super) const MESSAGE_MEDIA_DOCUMENT: &[Form] =
    &[(140, 0x9cb0_70d7), (166, 0x4cf4_d72d), (198, 0x52d8_ccd9)];
/// `document` and `fileHash`; sizes and offsets have 64 bits from [`LONG_SIZES`] on.
pub(super) const DOCUMENT: &[Form] = &[(140, 0x1e87_342b), (146, 0x8fd4_c4d8)];
pub(super) const FILE_HASH: &[Form] = &[(140, 0x6242_c773), (146, 0xf39b_035c)];
pub(super) const LONG_SIZES: i32 = 146;

/// `config`; some limits were removed at [`FEWER_LIMITS_OF_CONFIG`].
pub(super) const CONFIG: &[Form] = &[(140, 0x330b_4067), (145, 0x2325_66ac), (155, 0xcc1a_241e)];
pub(super) const FEWER_LIMITS_OF_CONFIG: i32 = 155;

/// Returns the constructor of a layer.
pub(super) fn of(forms: &[Form], layer: i32) -> u32 {
    let known = forms.iter().rev().find(|(since, _)| *since <= layer);
    known.or_else(|| forms.first()).map_or(0, |(_, constructor)| *constructor)
}

#[cfg(test)]
pub(super) mod tests;
