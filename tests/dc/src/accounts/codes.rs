//! Pending login codes: sent, resent by the next delivery, verified, expired.

use std::collections::BTreeMap;

use super::call::{ApiError, When};
use super::directory::Number;
use super::forms;
use super::options::{AccountOptions, CodeDelivery};
use super::policy::MAX_WRONG_CODES;
use super::wire::{Writer, id};

/// Constructors that no layer has.
const KIND_OF_A_LATER_LAYER: u32 = 0x7e57_c0de;
const NEXT_OF_A_LATER_LAYER: u32 = 0x7e57_c0df;

/// A pending code.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) number: Number,
    pub(super) code: String,
    /// How it was sent, and how the next ones would be.
    pub(super) deliveries: Vec<CodeDelivery>,
    pub(super) sent_at: i32,
    pub(super) wrong: u8,
    /// Whether the right code was submitted and only `auth.signUp` is missing.
    pub(super) verified: bool,
    /// The e-mail address that is being set up, and the code that was sent there.
    pub(super) set_up: Option<(String, String)>,
}

/// All pending codes, by their `phone_code_hash`.
#[derive(Debug, Default)]
pub(super) struct Codes {
    lifetime: i32,
    resend_timeout: i32,
    pending: BTreeMap<String, Pending>,
}

/// What a code is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// `auth.signIn`, which uses the code up.
    SignIn,
    /// `auth.signUp`, after a verified `auth.signIn`.
    SignUp,
}

/// A code that a client sent, and how it claims to have received it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typed<'a> {
    ByPhone(&'a str),
    ByEmail(&'a str),
}

impl Codes {
    /// Returns an empty list, with the lifetimes of the options.
    pub(super) fn new(options: &AccountOptions) -> Self {
        Self {
            lifetime: options.code_lifetime,
            resend_timeout: options.resend_timeout,
            pending: BTreeMap::new(),
        }
    }

    /// Sends a code by the first of `deliveries`; earlier codes for the number become invalid. Returns a boxed
    /// `auth.sentCode`.
    pub(super) fn send(
        &mut self,
        number: Number,
        code: String,
        hash: String,
        deliveries: Vec<CodeDelivery>,
        when: When,
    ) -> Vec<u8> {
        self.pending.retain(|_, pending| pending.number.digits != number.digits);
        let pending =
            Pending { number, code, deliveries, sent_at: when.now, wrong: 0, verified: false, set_up: None };
        self.insert(hash, pending, when.layer)
    }

    /// Sends another code by the next delivery, under a new hash.
    pub(super) fn resend(
        &mut self,
        number: &Number,
        old_hash: &str,
        code: String,
        new_hash: String,
        when: When,
    ) -> Result<Vec<u8>, ApiError> {
        let pending = self.find(number, old_hash, when.now)?;
        let deliveries = pending.deliveries.get(1..).unwrap_or_default().to_vec();
        if deliveries.is_empty() {
            return Err(ApiError::new(406, "SEND_CODE_UNAVAILABLE"));
        }
        let number = number.clone();
        self.pending.remove(old_hash);
        Ok(self.send(number, code, new_hash, deliveries, when))
    }

    /// All pending codes.
    pub(super) fn pending(&self) -> impl ExactSizeIterator<Item = (&String, &Pending)> {
        self.pending.iter()
    }

    /// Restores a code.
    pub(super) fn restore(&mut self, hash: String, pending: Pending) {
        self.pending.insert(hash, pending);
    }

    /// Forgets a code.
    pub(super) fn cancel(&mut self, number: &Number, hash: &str, now: i32) -> Result<(), ApiError> {
        self.find(number, hash, now)?;
        self.pending.remove(hash);
        Ok(())
    }

    /// Checks a code that a client sent.
    pub(super) fn verify(
        &mut self,
        number: &Number,
        hash: &str,
        typed: Typed<'_>,
        now: i32,
    ) -> Result<(), ApiError> {
        let pending = self.find(number, hash, now)?;
        let by_email = matches!(pending.deliveries.first(), Some(CodeDelivery::Email(_)));
        let expected = if by_email { Typed::ByEmail(&pending.code) } else { Typed::ByPhone(&pending.code) };
        let claims_email = matches!(typed, Typed::ByEmail(_));
        let needs_set_up = matches!(pending.deliveries.first(), Some(CodeDelivery::EmailSetUp));
        if needs_set_up || (claims_email && !by_email) {
            return Err(ApiError::new(400, "EMAIL_NOT_SETUP"));
        }
        if expected == typed {
            pending.verified = true;
            return Ok(());
        }
        pending.wrong += 1;
        if pending.wrong >= MAX_WRONG_CODES {
            self.pending.remove(hash);
        }
        Err(ApiError::new(400, if by_email { "EMAIL_CODE_INVALID" } else { "PHONE_CODE_INVALID" }))
    }

    /// Uses up a code.
    pub(super) fn spend(
        &mut self,
        number: &Number,
        hash: &str,
        purpose: Purpose,
        now: i32,
    ) -> Result<(), ApiError> {
        let verified = self.find(number, hash, now)?.verified;
        if purpose == Purpose::SignUp && !verified {
            return Err(ApiError::new(400, "PHONE_CODE_INVALID"));
        }
        self.pending.remove(hash);
        Ok(())
    }

    /// Stores the address that is being set up, and the code that was sent to it.
    pub(super) fn set_up_email(
        &mut self,
        number: &Number,
        hash: &str,
        address: &str,
        code: &str,
        now: i32,
    ) -> Result<(), ApiError> {
        let pending = self.find(number, hash, now)?;
        if pending.deliveries.first() != Some(&CodeDelivery::EmailSetUp) {
            return Err(ApiError::new(400, "EMAIL_NOT_SETUP"));
        }
        pending.set_up = Some((address.into(), code.into()));
        Ok(())
    }

    /// Returns the address that was being set up, if the code is right; then the code is used up.
    pub(super) fn verified_email(
        &mut self,
        number: &Number,
        hash: &str,
        typed: &str,
        now: i32,
    ) -> Result<String, ApiError> {
        let pending = self.find(number, hash, now)?;
        let (address, code) =
            pending.set_up.as_ref().ok_or_else(|| ApiError::new(400, "EMAIL_VERIFY_EXPIRED"))?;
        if code != typed {
            return Err(ApiError::new(400, "CODE_INVALID"));
        }
        let address = address.clone();
        self.pending.remove(hash);
        Ok(address)
    }

    /// Errors unless the hash belongs to a code that was sent to the number by e-mail.
    pub(super) fn must_be_by_email(&mut self, number: &Number, hash: &str, now: i32) -> Result<(), ApiError> {
        let pending = self.find(number, hash, now)?;
        match pending.deliveries.first() {
            Some(CodeDelivery::Email(_)) => Ok(()),
            _ => Err(ApiError::new(400, "EMAIL_NOT_SETUP")),
        }
    }

    fn find(&mut self, number: &Number, hash: &str, now: i32) -> Result<&mut Pending, ApiError> {
        if hash.is_empty() {
            return Err(ApiError::new(400, "PHONE_CODE_HASH_EMPTY"));
        }
        let lifetime = self.lifetime;
        self.pending
            .get_mut(hash)
            .filter(|pending| pending.number.digits == number.digits)
            .filter(|pending| now <= pending.sent_at.saturating_add(lifetime))
            .ok_or_else(|| ApiError::new(400, "PHONE_CODE_EXPIRED"))
    }

    fn insert(&mut self, mut hash: String, pending: Pending, layer: i32) -> Vec<u8> {
        let length = i32::try_from(pending.code.len()).unwrap_or(i32::MAX);
        let delivery = pending.deliveries.first().unwrap_or(&CodeDelivery::App);
        if *delivery == CodeDelivery::TruncatedUnknownType {
            hash.push_str(" no client reads this");
        }
        let next = pending.deliveries.get(1).map(next_kind);
        let flags = next.map_or(0, |_| 1 << 1 | 1 << 2);
        let kind = kind(delivery, length, &pending.code, layer);
        let mut sent = Writer::boxed(id::SENT_CODE).u32(flags).object(&kind).string(&hash);
        if let Some(next) = next {
            sent = sent.u32(next).i32(self.resend_timeout);
        }
        self.pending.insert(hash, pending);
        sent.finish()
    }
}

/// A boxed `auth.SentCodeType`.
fn kind(delivery: &CodeDelivery, length: i32, code: &str, layer: i32) -> Vec<u8> {
    let beginning: String = code.chars().take(1).collect();
    match delivery {
        CodeDelivery::App => Writer::boxed(id::SENT_CODE_TYPE_APP).i32(length),
        CodeDelivery::Sms => Writer::boxed(id::SENT_CODE_TYPE_SMS).i32(length),
        CodeDelivery::Call => Writer::boxed(id::SENT_CODE_TYPE_CALL).i32(length),
        CodeDelivery::FlashCall => Writer::boxed(id::SENT_CODE_TYPE_FLASH_CALL).string("+999 *"),
        CodeDelivery::MissedCall => Writer::boxed(id::SENT_CODE_TYPE_MISSED_CALL).string("+999").i32(length),
        CodeDelivery::Fragment => {
            Writer::boxed(id::SENT_CODE_TYPE_FRAGMENT_SMS).string("https://fragment.example/1").i32(length)
        }
        CodeDelivery::Firebase => Writer::boxed(forms::of(forms::FIREBASE_SMS, layer)).u32(0).i32(length),
        CodeDelivery::Word => Writer::boxed(id::SENT_CODE_TYPE_SMS_WORD).u32(1).string(&beginning),
        CodeDelivery::Phrase => Writer::boxed(id::SENT_CODE_TYPE_SMS_PHRASE).u32(0),
        CodeDelivery::Email(address) => {
            let tells_reset = layer >= forms::RESET_OF_EMAIL_CODE;
            let email = Writer::boxed(forms::of(forms::EMAIL_CODE, layer)).u32(u32::from(tells_reset) << 3);
            let email = email.string(&pattern(address)).i32(length);
            if tells_reset { email.i32(0) } else { email }
        }
        CodeDelivery::EmailSetUp => Writer::boxed(id::SENT_CODE_TYPE_SET_UP_EMAIL_REQUIRED).u32(0),
        CodeDelivery::UnknownType | CodeDelivery::TruncatedUnknownType => {
            Writer::boxed(KIND_OF_A_LATER_LAYER).i32(length).string("by pigeon").i64(-1)
        }
    }
    .finish()
}

const fn next_kind(delivery: &CodeDelivery) -> u32 {
    match delivery {
        CodeDelivery::Sms => id::CODE_TYPE_SMS,
        CodeDelivery::Call => id::CODE_TYPE_CALL,
        CodeDelivery::FlashCall => id::CODE_TYPE_FLASH_CALL,
        CodeDelivery::MissedCall => id::CODE_TYPE_MISSED_CALL,
        CodeDelivery::Fragment => id::CODE_TYPE_FRAGMENT_SMS,
        _ => NEXT_OF_A_LATER_LAYER,
    }
}

/// The address with most of its name hidden.
pub(super) fn pattern(address: &str) -> String {
    let (name, domain) = address.split_once('@').unwrap_or((address, ""));
    let first: String = name.chars().take(1).collect();
    format!("{first}***@{domain}")
}

#[cfg(test)]
mod tests {
    use super::super::wire::Reader;
    use super::*;

    const NOW: i32 = 1_700_000_000;
    const WHEN: When = When { now: NOW, layer: 230 };

    fn number() -> Number {
        Number { digits: "9996621234".into(), dc: 2, code: None }
    }

    fn codes() -> Codes {
        Codes::new(&AccountOptions::default())
    }

    fn means() -> Vec<CodeDelivery> {
        AccountOptions::default().deliveries
    }

    fn sent() -> Codes {
        let mut codes = codes();
        codes.send(number(), "22222".into(), "hash".into(), means(), WHEN);
        codes
    }

    fn error(result: Result<(), ApiError>) -> String {
        result.expect_err("refused").message
    }

    #[test]
    fn a_sent_code_names_length_hash_and_next_means() {
        let answer = codes().send(number(), "22222".into(), "hash".into(), means(), WHEN);
        let mut reader = Reader::new(&answer);
        assert_eq!(reader.u32(), Ok(id::SENT_CODE));
        assert_eq!(reader.u32(), Ok(0b110));
        assert_eq!((reader.u32(), reader.i32()), (Ok(id::SENT_CODE_TYPE_APP), Ok(5)));
        assert_eq!(reader.string(), Ok("hash"));
        assert_eq!((reader.u32(), reader.i32()), (Ok(id::CODE_TYPE_SMS), Ok(60)));
        assert_eq!(reader.end(), Ok(()));
    }

    #[test]
    fn too_many_wrong_codes_void_a_sent_code() {
        let mut codes = sent();
        for _ in 0..MAX_WRONG_CODES {
            assert_eq!(
                error(codes.verify(&number(), "hash", Typed::ByPhone("11111"), NOW)),
                "PHONE_CODE_INVALID"
            );
        }
        assert_eq!(
            error(codes.verify(&number(), "hash", Typed::ByPhone("22222"), NOW)),
            "PHONE_CODE_EXPIRED"
        );
    }

    #[test]
    fn a_code_expires_and_belongs_to_its_number_and_hash() {
        let mut codes = sent();
        let other = Number { digits: "9996625678".into(), ..number() };
        assert_eq!(
            error(codes.verify(&number(), "hash", Typed::ByPhone("22222"), NOW + 301)),
            "PHONE_CODE_EXPIRED"
        );
        assert_eq!(error(codes.verify(&other, "hash", Typed::ByPhone("22222"), NOW)), "PHONE_CODE_EXPIRED");
        assert_eq!(
            error(codes.verify(&number(), "other", Typed::ByPhone("22222"), NOW)),
            "PHONE_CODE_EXPIRED"
        );
        assert_eq!(error(codes.verify(&number(), "", Typed::ByPhone("22222"), NOW)), "PHONE_CODE_HASH_EMPTY");
        assert_eq!(codes.verify(&number(), "hash", Typed::ByPhone("22222"), NOW + 300), Ok(()));
        assert_eq!(codes.spend(&number(), "hash", Purpose::SignIn, NOW), Ok(()));
        assert_eq!(error(codes.spend(&number(), "hash", Purpose::SignIn, NOW)), "PHONE_CODE_EXPIRED");
    }

    #[test]
    fn sign_up_needs_a_verified_code() {
        let mut codes = sent();
        assert_eq!(error(codes.spend(&number(), "hash", Purpose::SignUp, NOW)), "PHONE_CODE_INVALID");
        assert_eq!(codes.verify(&number(), "hash", Typed::ByPhone("22222"), NOW), Ok(()));
        assert_eq!(codes.spend(&number(), "hash", Purpose::SignUp, NOW), Ok(()));
    }

    #[test]
    fn resending_uses_each_delivery_in_turn() {
        let mut codes = sent();
        let sms = codes.resend(&number(), "hash", "33333".into(), "second".into(), WHEN).expect("by SMS");
        assert_eq!(&sms[8..12], &id::SENT_CODE_TYPE_SMS.to_le_bytes());
        assert_eq!(
            error(codes.verify(&number(), "hash", Typed::ByPhone("22222"), NOW)),
            "PHONE_CODE_EXPIRED"
        );
        let call = codes.resend(&number(), "second", "44444".into(), "third".into(), WHEN).expect("by call");
        assert_eq!(&call[4..12], &[&[0; 4][..], &id::SENT_CODE_TYPE_CALL.to_le_bytes()].concat());
        let none = codes.resend(&number(), "third", "55555".into(), "fourth".into(), WHEN);
        assert_eq!(none, Err(ApiError::new(406, "SEND_CODE_UNAVAILABLE")));
        assert_eq!(codes.verify(&number(), "third", Typed::ByPhone("44444"), NOW), Ok(()));
    }

    #[test]
    fn a_cancelled_or_replaced_code_is_void() {
        let mut codes = sent();
        codes.send(number(), "99999".into(), "again".into(), means(), WHEN);
        assert_eq!(
            error(codes.verify(&number(), "hash", Typed::ByPhone("22222"), NOW)),
            "PHONE_CODE_EXPIRED"
        );
        assert_eq!(codes.cancel(&number(), "again", NOW), Ok(()));
        assert_eq!(error(codes.cancel(&number(), "again", NOW)), "PHONE_CODE_EXPIRED");
    }
}
