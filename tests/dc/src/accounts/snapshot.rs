//! Accounts as bytes: accounts, logins and pending codes, for a later process.
//!
//! An account of the options is saved with a fingerprint of its description. If the description has changed, the
//! account starts fresh; if it is gone, so is the account. SRP challenges, QR codes and exported authorizations live
//! for seconds and are not saved. Of messages only the counters are.

use super::codes::Pending;
use super::device::Device;
use super::directory::{Account, Number, Password, Reset};
use super::options::{CodeDelivery, LoginEmail, TestPassword};
use super::origin::login_email_fields;
use super::password::Verifier;
use super::state::{Accounts, Key, Recovery};
use crate::wire::{Malformed, Reader, Writer};

impl Accounts {
    /// Appends the saved form.
    pub(crate) fn save(&self, mut out: Writer) -> Writer {
        out = each(out, self.directory.accounts(), write_account);
        out = each(out, self.keys.iter(), |out, (id, key)| {
            let out = optional(out.u64(*id), key.layer, Writer::i32);
            let out = optional(boolean(out, key.connection_inited), key.user, Writer::i64);
            let out = boolean(optional(out, key.password_pending, Writer::i64), key.limited);
            optional(out, key.recovery.as_ref(), |out, recovery| {
                out.bytes(recovery.code.as_bytes()).i32(recovery.sent_at)
            })
        });
        out = each(out, self.logout_tokens.iter(), |out, (token, user)| out.bytes(token).i64(*user));
        out = each(out, self.codes.pending(), |out, (hash, pending)| {
            write_pending(out.bytes(hash.as_bytes()), pending)
        });
        let out = each(out, self.keys.iter(), |out, (id, key)| {
            let out = key.device.save(out.u64(*id));
            boolean(out.i32(key.dc).i32(key.logged_in_at).i32(key.active_at), key.is_revoked)
        });
        let used: Vec<_> = self.mailboxes.iter().filter(|(_, mailbox)| mailbox.last_id > 0).collect();
        each(out, used.into_iter(), |out, (user, mailbox)| {
            out.i64(*user).i32(mailbox.pts).i32(mailbox.last_id)
        })
    }

    /// Restores the last part of what [`save`](Self::save) wrote: the counters of each mailbox. Messages are not kept, but
    /// clients remember how far they were.
    pub(crate) fn restore_counters(&mut self, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        for _ in 0..count(reader)? {
            let mailbox = self.mailboxes.entry(reader.i64()?).or_default();
            (mailbox.pts, mailbox.last_id) = (reader.i32()?, reader.i32()?);
        }
        Ok(())
    }

    /// Restores the part of what [`save`](Self::save) wrote before the counters: the device of each key.
    pub(crate) fn restore_devices(&mut self, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        for _ in 0..count(reader)? {
            let key = self.keys.entry(reader.u64()?).or_default();
            key.device = Device::restore(reader)?;
            (key.dc, key.logged_in_at, key.active_at) = (reader.i32()?, reader.i32()?, reader.i32()?);
            key.is_revoked = read_boolean(reader)?;
        }
        Ok(())
    }

    /// Restores what [`save`](Self::save) wrote, without its last two parts.
    pub(crate) fn restore(&mut self, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        for _ in 0..count(reader)? {
            self.directory.restore(read_account(reader)?);
        }
        for _ in 0..count(reader)? {
            let id = reader.u64()?;
            let mut key = Key { layer: read_optional(reader, Reader::i32)?, ..Key::default() };
            key.connection_inited = read_boolean(reader)?;
            key.user = read_optional(reader, Reader::i64)?;
            key.password_pending = read_optional(reader, Reader::i64)?;
            key.limited = read_boolean(reader)?;
            key.recovery = read_optional(reader, |reader| {
                Ok(Recovery { code: reader.text()?, sent_at: reader.i32()? })
            })?;
            // An account that is gone has no login.
            let exists = |user: &i64| self.directory.account(*user).is_some();
            key.user = key.user.filter(exists);
            key.password_pending = key.password_pending.filter(exists);
            self.keys.insert(id, key);
        }
        for _ in 0..count(reader)? {
            let (token, user) = (reader.bytes()?, reader.i64()?);
            self.secrets.add("future_auth_token", token);
            self.logout_tokens.insert(token.to_vec(), user);
        }
        for _ in 0..count(reader)? {
            let (hash, pending) = (reader.text()?, read_pending(reader)?);
            self.secrets.add("phone_code_hash", &hash);
            self.secrets.add("login code", &pending.code);
            self.codes.restore(hash, pending);
        }
        Ok(())
    }
}

fn write_account(out: Writer, account: &Account) -> Writer {
    let (email, address) = login_email_fields(&account.login_email);
    let out = out
        .i64(account.id)
        .i32(account.dc)
        .bytes(account.first_name.as_bytes())
        .bytes(account.last_name.as_bytes())
        .bytes(account.username.as_bytes())
        .bytes(account.phone.as_bytes());
    let out = boolean(out, account.is_bot).i32(email).bytes(address.as_bytes());
    let out = optional(out, account.email_reset_at, Writer::i32);
    let out = optional(out, account.origin, |out, origin| out.raw(&origin));
    optional(out, account.password.as_ref(), |out, password| {
        let out = out.bytes(password.settings.text.as_bytes());
        let out = optional(out, password.settings.hint.as_ref(), |out, hint| out.bytes(hint.as_bytes()));
        let out = boolean(out, password.settings.has_recovery);
        let (reset, at) = match password.reset {
            Reset::None => (0, 0),
            Reset::Until(at) => (1, at),
            Reset::DeclinedAt(at) => (2, at),
        };
        optional(out.i32(reset).i32(at), password.verifier.as_ref(), |out, verifier| {
            let (salt1, salt2, v) = verifier.parts();
            out.bytes(salt1).bytes(salt2).bytes(&v)
        })
    })
}

fn read_account(reader: &mut Reader<'_>) -> Result<Account, Malformed> {
    Ok(Account {
        id: reader.i64()?,
        dc: reader.i32()?,
        first_name: reader.text()?,
        last_name: reader.text()?,
        username: reader.text()?,
        phone: reader.text()?,
        is_bot: read_boolean(reader)?,
        login_email: match (reader.i32()?, reader.text()?) {
            (0, _) => LoginEmail::None,
            (1, _) => LoginEmail::Required,
            (2, address) => LoginEmail::At(address),
            _ => return Err(Malformed),
        },
        email_reset_at: read_optional(reader, Reader::i32)?,
        origin: read_optional(reader, Reader::array)?,
        password: read_optional(reader, |reader| {
            let settings = TestPassword {
                text: reader.text()?,
                hint: read_optional(reader, Reader::text)?,
                has_recovery: read_boolean(reader)?,
            };
            let reset = match (reader.i32()?, reader.i32()?) {
                (0, _) => Reset::None,
                (1, at) => Reset::Until(at),
                (2, at) => Reset::DeclinedAt(at),
                _ => return Err(Malformed),
            };
            let verifier = read_optional(reader, |reader| {
                Ok(Verifier::from_parts(reader.bytes()?, reader.bytes()?, reader.bytes()?))
            })?;
            Ok(Password { settings, verifier, reset })
        })?,
    })
}

fn write_pending(out: Writer, pending: &Pending) -> Writer {
    let out = out.bytes(pending.number.digits.as_bytes()).i32(pending.number.dc);
    let out = optional(out, pending.number.code.as_ref(), |out, code| out.bytes(code.as_bytes()));
    let out = out.bytes(pending.code.as_bytes()).i32(pending.sent_at).i32(i32::from(pending.wrong));
    let out = optional(boolean(out, pending.verified), pending.set_up.as_ref(), |out, (address, code)| {
        out.bytes(address.as_bytes()).bytes(code.as_bytes())
    });
    each(out, pending.deliveries.iter(), |out, delivery| {
        let address = if let CodeDelivery::Email(address) = delivery { address } else { "" };
        let plain = DELIVERIES.iter().position(|plain| plain == delivery).unwrap_or(DELIVERIES.len());
        out.i32(i32::try_from(plain).unwrap_or(i32::MAX)).bytes(address.as_bytes())
    })
}

fn read_pending(reader: &mut Reader<'_>) -> Result<Pending, Malformed> {
    let (digits, dc) = (reader.text()?, reader.i32()?);
    let number = Number { digits, dc, code: read_optional(reader, Reader::text)? };
    let (code, sent_at, wrong) = (reader.text()?, reader.i32()?, reader.i32()?);
    let wrong = u8::try_from(wrong).map_err(|_| Malformed)?;
    let verified = read_boolean(reader)?;
    let set_up = read_optional(reader, |reader| Ok((reader.text()?, reader.text()?)))?;
    let mut deliveries = Vec::new();
    for _ in 0..count(reader)? {
        let (plain, address) = (reader.i32()?, reader.text()?);
        let plain = usize::try_from(plain).map_err(|_| Malformed)?;
        deliveries.push(match DELIVERIES.get(plain) {
            Some(delivery) => delivery.clone(),
            None if plain == DELIVERIES.len() => CodeDelivery::Email(address),
            None => return Err(Malformed),
        });
    }
    Ok(Pending { number, code, deliveries, sent_at, wrong, verified, set_up })
}

/// Saved as an index into this list; `Email` has the index after the last, and its address.
const DELIVERIES: [CodeDelivery; 12] = [
    CodeDelivery::App,
    CodeDelivery::Sms,
    CodeDelivery::Call,
    CodeDelivery::FlashCall,
    CodeDelivery::MissedCall,
    CodeDelivery::Fragment,
    CodeDelivery::Firebase,
    CodeDelivery::Word,
    CodeDelivery::Phrase,
    CodeDelivery::EmailSetUp,
    CodeDelivery::UnknownType,
    CodeDelivery::TruncatedUnknownType,
];

fn each<T>(
    out: Writer,
    items: impl ExactSizeIterator<Item = T>,
    write: impl Fn(Writer, T) -> Writer,
) -> Writer {
    let count = items.len() as u64;
    items.fold(out.u64(count), write)
}

fn optional<T>(out: Writer, value: Option<T>, write: impl FnOnce(Writer, T) -> Writer) -> Writer {
    match value {
        None => out.i32(0),
        Some(value) => write(out.i32(1), value),
    }
}

fn boolean(out: Writer, value: bool) -> Writer {
    out.i32(i32::from(value))
}

fn count(reader: &mut Reader<'_>) -> Result<u64, Malformed> {
    reader.u64()
}

fn read_optional<'a, T>(
    reader: &mut Reader<'a>,
    read: impl FnOnce(&mut Reader<'a>) -> Result<T, Malformed>,
) -> Result<Option<T>, Malformed> {
    if read_boolean(reader)? { read(reader).map(Some) } else { Ok(None) }
}

fn read_boolean(reader: &mut Reader<'_>) -> Result<bool, Malformed> {
    match reader.i32()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Malformed),
    }
}
