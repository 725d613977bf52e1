//! Methods that are answered as for a new account: empty lists, default settings.
//!
//! A method that the accounts do not have is answered with an error.

use super::call::{ApiError, Call, Reply};
use super::forms;
use super::messages::all_messages;
use super::policy::ACCOUNT_TTL_DAYS;
use super::state::{Accounts, Method};
use super::wire::{Reader, Writer, id};

/// The methods of this file and the constructors of their answers, by their names in the schema.
mod own {
    pub(super) const GET_COUNTRIES_LIST: u32 = 0x7357_87a8;
    pub(super) const COUNTRIES_LIST: u32 = 0x87d0_759e;
    pub(super) const COUNTRIES_LIST_NOT_MODIFIED: u32 = 0x93cc_1f32;
    pub(super) const COUNTRY: u32 = 0xc387_8e23;
    pub(super) const COUNTRY_CODE: u32 = 0x4203_c5ef;
    pub(super) const GET_CDN_CONFIG: u32 = 0x5202_9342;
    pub(super) const CDN_CONFIG: u32 = 0x5725_e40a;
    pub(super) const GET_APP_UPDATE: u32 = 0x522d_5a7d;
    pub(super) const NO_APP_UPDATE: u32 = 0xc45a_6536;
    pub(super) const GET_INVITE_TEXT: u32 = 0x4d39_2343;
    pub(super) const INVITE_TEXT: u32 = 0x18cb_9f78;
    pub(super) const GET_PEER_COLORS: u32 = 0xda80_f42f;
    pub(super) const GET_PEER_PROFILE_COLORS: u32 = 0xabcf_a9fd;
    pub(super) const PEER_COLORS: u32 = 0x00f8_ed08;
    pub(super) const GET_TIMEZONES_LIST: u32 = 0x49b3_0240;
    pub(super) const TIMEZONES_LIST: u32 = 0x7b74_ed71;
    pub(super) const DISMISS_SUGGESTION: u32 = 0xf50d_baa1;
    pub(super) const HIDE_PROMO_DATA: u32 = 0x1e25_1c95;
    pub(super) const GET_LANG_PACK: u32 = 0xf2f2_330a;
    pub(super) const GET_LANG_DIFFERENCE: u32 = 0xcd98_4aa5;
    pub(super) const LANG_PACK_DIFFERENCE: u32 = 0xf385_c1f6;
    pub(super) const GET_STRINGS: u32 = 0xefea_3803;
    pub(super) const LANG_PACK_STRING_DELETED: u32 = 0x2979_eeb2;
    pub(super) const GET_LANGUAGES: u32 = 0x42c6_978f;
    pub(super) const GET_LANGUAGE: u32 = 0x6a59_6502;
    pub(super) const LANG_PACK_LANGUAGE: u32 = 0xeeca_5ce3;
    pub(super) const GET_WEB_AUTHORIZATIONS: u32 = 0x182e_6d6f;
    pub(super) const WEB_AUTHORIZATIONS: u32 = 0xed56_c9fc;
    pub(super) const GET_ACCOUNT_TTL: u32 = 0x08fc_711d;
    pub(super) const ACCOUNT_DAYS_TTL: u32 = 0xb8d0_afdf;
    pub(super) const GET_PRIVACY: u32 = 0xdadb_c950;
    pub(super) const PRIVACY_RULES: u32 = 0x50a0_4e45;
    pub(super) const PRIVACY_VALUE_ALLOW_ALL: u32 = 0x6542_7b82;
    pub(super) const GET_NOTIFY_SETTINGS: u32 = 0x12b3_ad31;
    pub(super) const GET_CONTENT_SETTINGS: u32 = 0x8b9b_4dae;
    pub(super) const CONTENT_SETTINGS: u32 = 0x57e2_8221;
    pub(super) const REGISTER_DEVICE: u32 = 0xec86_017a;
    pub(super) const UNREGISTER_DEVICE: u32 = 0x6a0d_3206;
    pub(super) const GET_DIALOG_FILTERS: u32 = 0xefd4_8c89;
    pub(super) const DIALOG_FILTERS: u32 = 0x2ad9_3719;
    /// Layer 155; the answer is a bare vector.
    pub(super) const GET_DIALOG_FILTERS_155: u32 = 0xf19e_d96d;
    pub(super) const SEARCH_GLOBAL: u32 = 0x6126_a43c;
    pub(super) const SEARCH_GLOBAL_214: u32 = 0x4bc6_589a;
    pub(super) const GET_UNREAD_MENTIONS: u32 = 0xf107_e790;
    pub(super) const GET_SCHEDULED_HISTORY: u32 = 0xf516_760b;
    pub(super) const GET_CHATS: u32 = 0x49e9_528f;
    pub(super) const GET_CHANNELS: u32 = 0x0a7f_6bbb;
    pub(super) const GET_COMMON_CHATS: u32 = 0xe40c_a104;
    pub(super) const CHATS: u32 = 0x64ff_9fd5;
    pub(super) const GET_CHANNEL_DIFFERENCE: u32 = 0x0317_3d78;
    pub(super) const GET_ALL_DRAFTS: u32 = 0x6a3f_8d65;
    pub(super) const UPDATES: u32 = 0x74ae_4240;
    pub(super) const GET_ALL_STICKERS: u32 = 0xb8a0_a1a8;
    pub(super) const ALL_STICKERS: u32 = 0xcdbb_cebb;
    pub(super) const GET_AVAILABLE_REACTIONS: u32 = 0x18de_a0ac;
    pub(super) const AVAILABLE_REACTIONS: u32 = 0x768e_3aad;
    pub(super) const GET_CONTACT_IDS: u32 = 0x7adc_669d;
    pub(super) const GET_STATUSES: u32 = 0xc4a3_53ee;
    pub(super) const GET_BLOCKED: u32 = 0x9a86_8f80;
    pub(super) const GET_BLOCKED_155: u32 = 0xf57c_350f;
    pub(super) const BLOCKED: u32 = 0x0ade_1591;
    pub(super) const GET_TOP_PEERS: u32 = 0x9734_78b6;
    pub(super) const TOP_PEERS: u32 = 0x70b7_72a8;
    pub(super) const RESOLVE_USERNAME: u32 = 0x725a_fbbc;
    pub(super) const RESOLVE_USERNAME_181: u32 = 0xf93c_cba3;
    pub(super) const RESOLVE_PHONE: u32 = 0x8af9_4344;
    pub(super) const RESOLVED_PEER: u32 = 0x7f07_7ad9;
    pub(super) const SET_TYPING: u32 = 0x5894_3ee2;
    pub(super) const SET_BOT_COMMANDS: u32 = 0x0517_165a;
    pub(super) const PEER_USER: u32 = 0x5951_1722;
    pub(super) const GET_USER_PHOTOS: u32 = 0x91cd_32a8;
    pub(super) const PHOTOS: u32 = 0x8dca_6aa5;
}

/// The one country and the one language of the sandbox.
const COUNTRY: [&str; 3] = ["XX", "Sandbox", "999"];
const LANGUAGE: [&str; 2] = ["en", "English"];
/// The hash of `help.countriesList`.
const HASH_OF_COUNTRIES: i32 = 1;

/// Returns the method with this constructor, if this file has it.
pub(super) const fn method(constructor: u32) -> Option<Method> {
    Some(match constructor {
        own::GET_COUNTRIES_LIST => ("help.getCountriesList", Accounts::get_countries_list),
        own::GET_CDN_CONFIG => ("help.getCdnConfig", |_, call| {
            call.reader.end()?;
            empty(own::CDN_CONFIG, 1)
        }),
        own::GET_APP_UPDATE => ("help.getAppUpdate", |_, _| empty(own::NO_APP_UPDATE, 0)),
        own::GET_INVITE_TEXT => ("help.getInviteText", |accounts, call| {
            accounts.person(call)?;
            Ok(Writer::boxed(own::INVITE_TEXT).string("Come to the sandbox.").finish())
        }),
        own::GET_PEER_COLORS => ("help.getPeerColors", Accounts::get_colors),
        own::GET_PEER_PROFILE_COLORS => ("help.getPeerProfileColors", Accounts::get_colors),
        own::GET_TIMEZONES_LIST => ("help.getTimezonesList", |accounts, call| {
            accounts.caller(call)?;
            Ok(Writer::boxed(own::TIMEZONES_LIST).objects(&[]).i32(0).finish())
        }),
        own::DISMISS_SUGGESTION => ("help.dismissSuggestion", Accounts::agree),
        own::HIDE_PROMO_DATA => ("help.hidePromoData", Accounts::agree),
        own::GET_LANG_PACK => ("langpack.getLangPack", |_, call| lang_pack(call, false)),
        own::GET_LANG_DIFFERENCE => ("langpack.getDifference", |_, call| lang_pack(call, true)),
        own::GET_STRINGS => ("langpack.getStrings", |_, call| strings(call)),
        own::GET_LANGUAGES => ("langpack.getLanguages", |_, call| {
            named_pack(call)?;
            call.reader.end()?;
            Ok(Writer::default().objects(&[language()]).finish())
        }),
        own::GET_LANGUAGE => ("langpack.getLanguage", |_, call| {
            named_pack(call)?;
            named_language(call)?;
            Ok(language())
        }),
        own::GET_WEB_AUTHORIZATIONS => ("account.getWebAuthorizations", |accounts, call| {
            accounts.person(call)?;
            empty(own::WEB_AUTHORIZATIONS, 2)
        }),
        own::GET_ACCOUNT_TTL => ("account.getAccountTTL", |accounts, call| {
            accounts.person(call)?;
            Ok(Writer::boxed(own::ACCOUNT_DAYS_TTL).i32(ACCOUNT_TTL_DAYS).finish())
        }),
        own::GET_PRIVACY => ("account.getPrivacy", |accounts, call| {
            accounts.person(call)?;
            let rules = [Writer::boxed(own::PRIVACY_VALUE_ALLOW_ALL).finish()];
            Ok(Writer::boxed(own::PRIVACY_RULES).objects(&rules).objects(&[]).objects(&[]).finish())
        }),
        own::GET_NOTIFY_SETTINGS => ("account.getNotifySettings", |accounts, call| {
            accounts.person(call)?;
            Ok(Writer::boxed(forms::of(forms::PEER_NOTIFY_SETTINGS, call.layer)).u32(0).finish())
        }),
        own::GET_CONTENT_SETTINGS => ("account.getContentSettings", |accounts, call| {
            accounts.person(call)?;
            Ok(Writer::boxed(own::CONTENT_SETTINGS).u32(0).finish())
        }),
        own::REGISTER_DEVICE => ("account.registerDevice", Accounts::agree),
        own::UNREGISTER_DEVICE => ("account.unregisterDevice", Accounts::agree),
        own::GET_DIALOG_FILTERS => ("messages.getDialogFilters", |accounts, call| {
            accounts.person(call)?;
            Ok(Writer::boxed(own::DIALOG_FILTERS).u32(0).objects(&[]).finish())
        }),
        own::GET_DIALOG_FILTERS_155 => ("messages.getDialogFilters", Accounts::get_no_one),
        own::SEARCH_GLOBAL | own::SEARCH_GLOBAL_214 => ("messages.searchGlobal", Accounts::get_no_messages),
        own::GET_UNREAD_MENTIONS => ("messages.getUnreadMentions", Accounts::get_no_messages),
        own::GET_SCHEDULED_HISTORY => ("messages.getScheduledHistory", Accounts::get_no_messages),
        own::GET_CHATS => ("messages.getChats", |accounts, call| accounts.get_chats(call, "CHAT_ID_INVALID")),
        own::GET_CHANNELS => {
            ("channels.getChannels", |accounts, call| accounts.get_chats(call, "CHANNEL_INVALID"))
        }
        own::GET_COMMON_CHATS => ("messages.getCommonChats", |accounts, call| {
            accounts.person(call)?;
            empty(own::CHATS, 1)
        }),
        own::GET_CHANNEL_DIFFERENCE => ("updates.getChannelDifference", |accounts, call| {
            accounts.caller(call)?;
            Err(ApiError::new(400, "CHANNEL_INVALID"))
        }),
        own::GET_ALL_DRAFTS => ("messages.getAllDrafts", |accounts, call| {
            accounts.person(call)?;
            let updates = Writer::boxed(own::UPDATES).objects(&[]).objects(&[]).objects(&[]);
            Ok(updates.i32(call.now).i32(0).finish())
        }),
        own::GET_ALL_STICKERS => ("messages.getAllStickers", |accounts, call| {
            accounts.person(call)?;
            Ok(Writer::boxed(own::ALL_STICKERS).i64(0).objects(&[]).finish())
        }),
        own::GET_AVAILABLE_REACTIONS => ("messages.getAvailableReactions", |accounts, call| {
            accounts.person(call)?;
            Ok(Writer::boxed(own::AVAILABLE_REACTIONS).i32(0).objects(&[]).finish())
        }),
        own::GET_CONTACT_IDS => ("contacts.getContactIDs", Accounts::get_no_one),
        own::GET_STATUSES => ("contacts.getStatuses", Accounts::get_no_one),
        own::GET_BLOCKED | own::GET_BLOCKED_155 => ("contacts.getBlocked", |accounts, call| {
            accounts.person(call)?;
            empty(own::BLOCKED, 3)
        }),
        own::GET_TOP_PEERS => ("contacts.getTopPeers", |accounts, call| {
            accounts.person(call)?;
            empty(own::TOP_PEERS, 3)
        }),
        own::RESOLVE_USERNAME => {
            ("contacts.resolveUsername", |accounts, call| accounts.resolve_username(call, true))
        }
        own::RESOLVE_USERNAME_181 => {
            ("contacts.resolveUsername", |accounts, call| accounts.resolve_username(call, false))
        }
        own::RESOLVE_PHONE => ("contacts.resolvePhone", Accounts::resolve_phone),
        own::SET_TYPING => ("messages.setTyping", Accounts::agree_with_all),
        own::SET_BOT_COMMANDS => ("bots.setBotCommands", Accounts::agree_with_all),
        own::GET_USER_PHOTOS => ("photos.getUserPhotos", |accounts, call| {
            accounts.caller(call)?;
            empty(own::PHOTOS, 2)
        }),
        _ => return None,
    })
}

/// Returns an object of this many empty vectors.
#[expect(clippy::unnecessary_wraps, reason = "the answer of a method")]
fn empty(constructor: u32, vectors: usize) -> Reply {
    Ok((0..vectors).fold(Writer::boxed(constructor), |object, _| object.objects(&[])).finish())
}

fn named_pack(call: &mut Call<'_>) -> Result<(), ApiError> {
    match call.reader.string()? {
        "" => Err(ApiError::new(400, "LANG_PACK_INVALID")),
        _ => Ok(()),
    }
}

fn named_language(call: &mut Call<'_>) -> Result<(), ApiError> {
    let code = call.reader.string()?;
    (code == LANGUAGE[0]).then_some(()).ok_or_else(|| ApiError::new(400, "LANG_CODE_NOT_SUPPORTED"))
}

fn language() -> Vec<u8> {
    let [code, name] = LANGUAGE;
    let official = 1;
    let language = Writer::boxed(own::LANG_PACK_LANGUAGE).u32(official).string(name).string(name);
    language.string(code).string(code).i32(0).i32(0).string("").finish()
}

/// Every text is untranslated.
fn lang_pack(call: &mut Call<'_>, is_difference: bool) -> Reply {
    named_pack(call)?;
    named_language(call)?;
    let from = if is_difference { call.reader.i32()? } else { 0 };
    call.reader.end()?;
    let version = 1;
    let difference = Writer::boxed(own::LANG_PACK_DIFFERENCE).string(LANGUAGE[0]);
    Ok(difference.i32(from).i32(version).objects(&[]).finish())
}

fn strings(call: &mut Call<'_>) -> Reply {
    named_pack(call)?;
    named_language(call)?;
    let keys = call.reader.vector(Reader::string)?;
    call.reader.end()?;
    let deleted = |key: &str| Writer::boxed(own::LANG_PACK_STRING_DELETED).string(key).finish();
    let strings: Vec<Vec<u8>> = keys.into_iter().map(deleted).collect();
    Ok(Writer::default().objects(&strings).finish())
}

impl Accounts {
    fn get_countries_list(&mut self, call: &mut Call<'_>) -> Reply {
        call.reader.string()?;
        let hash = call.reader.i32()?;
        call.reader.end()?;
        if hash == HASH_OF_COUNTRIES {
            return empty(own::COUNTRIES_LIST_NOT_MODIFIED, 0);
        }
        let [iso, name, code] = COUNTRY;
        let codes = [Writer::boxed(own::COUNTRY_CODE).u32(0).string(code).finish()];
        let country = Writer::boxed(own::COUNTRY).u32(0).string(iso).string(name).objects(&codes).finish();
        Ok(Writer::boxed(own::COUNTRIES_LIST).objects(&[country]).i32(HASH_OF_COUNTRIES).finish())
    }

    fn get_colors(&mut self, call: &mut Call<'_>) -> Reply {
        self.caller(call)?;
        Ok(Writer::boxed(own::PEER_COLORS).i32(0).objects(&[]).finish())
    }

    /// Answers methods without a visible effect.
    fn agree(&mut self, call: &mut Call<'_>) -> Reply {
        self.person(call)?;
        Ok(Writer::boxed(id::BOOL_TRUE).finish())
    }

    /// The same for bots too.
    fn agree_with_all(&mut self, call: &mut Call<'_>) -> Reply {
        self.caller(call)?;
        Ok(Writer::boxed(id::BOOL_TRUE).finish())
    }

    fn get_no_one(&mut self, call: &mut Call<'_>) -> Reply {
        self.person(call)?;
        Ok(Writer::default().objects(&[]).finish())
    }

    fn get_no_messages(&mut self, call: &mut Call<'_>) -> Reply {
        self.person(call)?;
        Ok(all_messages(&[], &[], call.layer))
    }

    /// Refuses any identifier, since there are no chats.
    fn get_chats(&mut self, call: &mut Call<'_>, error: &str) -> Reply {
        call.reader.expect(id::VECTOR)?;
        let count = call.reader.u32()?;
        self.caller(call)?;
        if count > 0 {
            return Err(ApiError::new(400, error));
        }
        empty(own::CHATS, 1)
    }

    fn resolve_username(&mut self, call: &mut Call<'_>, has_flags: bool) -> Reply {
        if has_flags {
            call.reader.u32()?;
        }
        let name = call.reader.string()?.trim_start_matches('@').to_owned();
        self.caller(call)?;
        if name.is_empty() {
            return Err(ApiError::new(400, "USERNAME_INVALID"));
        }
        let account = self.directory.accounts().find(|account| account.username.eq_ignore_ascii_case(&name));
        let user = account.map(|account| account.id);
        self.resolved(call, user, "USERNAME_NOT_OCCUPIED")
    }

    fn resolve_phone(&mut self, call: &mut Call<'_>) -> Reply {
        let phone = call.reader.string()?;
        call.reader.end()?;
        self.person(call)?;
        let number = self.directory.number(phone);
        let user = number.and_then(|number| self.directory.by_number(&number));
        self.resolved(call, user, "PHONE_NOT_OCCUPIED")
    }

    fn resolved(&mut self, call: &Call<'_>, user: Option<i64>, error: &str) -> Reply {
        let caller = self.caller(call)?;
        let account = user.and_then(|user| self.directory.account(user));
        let account = account.ok_or_else(|| ApiError::new(400, error))?;
        let users = [account.to_user(call.layer, account.id == caller)];
        let peer = Writer::boxed(own::RESOLVED_PEER).u32(own::PEER_USER).i64(account.id);
        Ok(peer.objects(&[]).objects(&users).finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::method_names::known_name;

    #[test]
    fn a2_each_method_has_its_name_in_the_schema() {
        let schema = include_str!("../../vectors/full.tl");
        let (_, functions) = schema.split_once("---functions---").unwrap();
        let ids = functions.lines().filter_map(|line| line.split_once('#')?.1.split(' ').next());
        let constructors = ids.map(|id| u32::from_str_radix(id, 16).unwrap());
        let mut known = 0;
        for (constructor, name) in constructors.filter_map(|id| Some((id, method(id)?.0))) {
            known += 1;
            assert_eq!(known_name(constructor), Some(name));
        }
        assert!(known > 40, "{known}");
    }
}
