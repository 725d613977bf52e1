//! The list of the DCs, and the transfer of an authorization between them
//! (`core.telegram.org/api/datacenter`).

use std::net::SocketAddr;

use super::call::{ApiError, Call, Reply};
use super::forms;
use super::options::DcOption;
use super::policy::{CONFIG_LIFETIME, EXPORT_LIFETIME};
use super::state::{Accounts, Export};
use super::wire::{Writer, id};

impl Accounts {
    pub(super) fn get_config(&mut self, call: &mut Call<'_>) -> Reply {
        call.reader.end()?;
        let options: Vec<Vec<u8>> = self.dc_options(|address| reached(address, call));
        self.configs_asked += 1;
        let config = Writer::boxed(forms::of(forms::CONFIG, call.layer))
            .u32(if self.options.force_try_ipv6 { 1 << 14 } else { 0 })
            .i32(call.now)
            .i32(call.now.saturating_add(CONFIG_LIFETIME))
            .u32(id::BOOL_FALSE)
            .i32(call.dc)
            .objects(&options)
            .string("");
        // What follows concerns chats and calls; the values are Telegram's defaults.
        let [chat_size_max, megagroup_size_max, forwarded_count_max] = [200, 200_000, 100];
        let [online_update, offline_blur, offline_idle, online_cloud] = [210_000, 5_000, 30_000, 300_000];
        let [notify_cloud_delay, notify_default_delay] = [30_000, 1_500];
        let [push_chat_period, push_chat_limit] = [60_000, 2];
        let [edit_time, revoke_time, revoke_pm_time] = [172_800, 172_800, 172_800];
        let [rating_e_decay, stickers_recent, channels_read_media] = [2_419_200, 200, 604_800];
        // Limits of early layers.
        let has_more_limits = call.layer < forms::FEWER_LIMITS_OF_CONFIG;
        let early = |limits: &'static [i32]| if has_more_limits { limits } else { &[] };
        let [saved_gifts, stickers_faved, pinned_dialogs_and_in_folder] =
            [early(&[200]), early(&[5]), early(&[5, 100])];
        let [call_receive, call_ring, call_connect, call_packet] = [20_000, 90_000, 30_000, 10_000];
        let numbers = [
            [chat_size_max, megagroup_size_max, forwarded_count_max].as_slice(),
            &[online_update, offline_blur, offline_idle, online_cloud],
            &[notify_cloud_delay, notify_default_delay],
            &[push_chat_period, push_chat_limit],
            saved_gifts,
            &[edit_time, revoke_time, revoke_pm_time],
            &[rating_e_decay, stickers_recent],
            stickers_faved,
            &[channels_read_media],
            pinned_dialogs_and_in_folder,
            &[call_receive, call_ring, call_connect, call_packet],
        ]
        .concat();
        let [caption_length_max, message_length_max, webfile_dc] = [1_024, 4_096, call.dc];
        let config = numbers.into_iter().fold(config, Writer::i32).string("https://t.me/");
        Ok(config.i32(caption_length_max).i32(message_length_max).i32(webfile_dc).finish())
    }

    /// The list of `dcOption`, with each of the DCs' own addresses mapped by `reached`.
    fn dc_options(&self, reached: impl Fn(SocketAddr) -> SocketAddr) -> Vec<Vec<u8>> {
        let own = self.options.dcs.iter().map(|(dc, address)| (*dc, reached(*address)));
        let kinds: &[u32] = if self.options.announce_static { &[0, STATIC] } else { &[0] };
        let own = own.flat_map(|(dc, address)| kinds.iter().map(move |kind| (dc, address, *kind)));
        let plain = own.map(|(dc, address, kind)| DcOption {
            flags: u32::from(address.is_ipv6()) | kind,
            dc,
            ip: address.ip().to_string(),
            port: address.port().into(),
            secret: None,
        });
        plain.chain(self.options.extra_dc_options.iter().cloned()).map(|dc| dc_option(&dc)).collect()
    }

    /// Returns how often `help.getConfig` was answered.
    #[must_use]
    pub const fn configs_asked(&self) -> u64 {
        self.configs_asked
    }

    /// `updateShort` with `updateDcOptions`: what `help.getConfig` would list now.
    #[must_use]
    pub fn dc_options_update(&self, date: i32) -> Vec<u8> {
        Writer::boxed(id::UPDATE_SHORT)
            .u32(id::UPDATE_DC_OPTIONS)
            .objects(&self.dc_options(|address| address))
            .i32(date)
            .finish()
    }

    /// Sets what `help.getConfig` lists besides the DCs' own addresses.
    pub fn announce(&mut self, extra_dc_options: Vec<DcOption>) {
        self.options.extra_dc_options = extra_dc_options;
    }

    pub(super) fn get_nearest_dc(&mut self, call: &mut Call<'_>) -> Reply {
        call.reader.end()?;
        Ok(Writer::boxed(id::NEAREST_DC).string("XX").i32(call.dc).i32(call.dc).finish())
    }

    pub(super) fn get_app_config(&mut self, call: &mut Call<'_>, with_hash: bool) -> Reply {
        if with_hash {
            call.reader.i32()?;
        }
        call.reader.end()?;
        let head = if with_hash { Writer::boxed(id::APP_CONFIG).i32(1) } else { Writer::default() };
        Ok(head.u32(id::JSON_OBJECT).objects(&[]).finish())
    }

    pub(super) fn export_authorization(&mut self, call: &mut Call<'_>) -> Reply {
        let to_dc = call.reader.i32()?;
        call.reader.end()?;
        let user = self.caller(call)?;
        if to_dc == call.dc || !self.options.dcs.iter().any(|(dc, _)| *dc == to_dc) {
            return Err(ApiError::new(400, "DC_ID_INVALID"));
        }
        let secret = self.random_bytes::<64>();
        self.secrets.add("exported authorization", secret);
        self.exports.insert(secret.to_vec(), Export { user, to_dc, made_at: call.now });
        Ok(Writer::boxed(id::EXPORTED_AUTHORIZATION).i64(user).bytes(&secret).finish())
    }

    pub(super) fn import_authorization(&mut self, call: &mut Call<'_>) -> Reply {
        let user = call.reader.i64()?;
        let secret = call.reader.bytes()?;
        call.reader.end()?;
        let export = self
            .exports
            .remove(secret)
            .filter(|export| export.to_dc == call.dc)
            .filter(|export| call.now <= export.made_at.saturating_add(EXPORT_LIFETIME))
            .ok_or_else(|| ApiError::new(400, "AUTH_BYTES_INVALID"))?;
        if export.user != user {
            return Err(ApiError::new(400, "USER_ID_INVALID"));
        }
        self.authorize(call, user)
    }
}

/// Replaces an unspecified address with the one that the caller is connected to.
fn reached(address: SocketAddr, call: &Call<'_>) -> SocketAddr {
    let ip = call.local_ip.filter(|_| address.ip().is_unspecified()).unwrap_or(address.ip());
    SocketAddr::new(ip, address.port())
}

/// The flag of an address that does not change.
const STATIC: u32 = 16;

fn dc_option(dc: &DcOption) -> Vec<u8> {
    let has_secret = if dc.secret.is_some() { 1 << 10 } else { 0 };
    let option =
        Writer::boxed(id::DC_OPTION).u32(dc.flags | has_secret).i32(dc.dc).string(&dc.ip).i32(dc.port);
    match &dc.secret {
        Some(secret) => option.bytes(secret).finish(),
        None => option.finish(),
    }
}
