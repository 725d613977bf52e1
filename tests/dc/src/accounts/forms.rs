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
pub(super) const MESSAGES: &[Form] = &[(140, 0x8c71_8e87), (220, 0x1d73_e7ea)];
pub(super) const TOPICS_OF_MESSAGES: i32 = 220;

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
