//! TL for the test DC: the reader and writer of the API methods, and their constructors.
//!
//! Independent of `sansgram-core`: shared code would hide mistakes common to both ends. A test compares the
//! constructors with the published schema.

/// The constructors that the accounts read or write, by their name in the schema.
pub(super) mod id {
    pub(in crate::accounts) const VECTOR: u32 = 0x1cb5_c415;
    pub(in crate::accounts) const BOOL_FALSE: u32 = 0xbc79_9737;
    pub(in crate::accounts) const BOOL_TRUE: u32 = 0x9972_75b5;
    pub(in crate::accounts) const TRUE: u32 = 0x3fed_d339;

    pub(in crate::accounts) const INVOKE_AFTER_MSG: u32 = 0xcb9f_372d;
    pub(in crate::accounts) const INVOKE_AFTER_MSGS: u32 = 0x3dc4_b4f0;
    pub(in crate::accounts) const INIT_CONNECTION: u32 = 0xc1cd_5ea9;
    pub(in crate::accounts) const INVOKE_WITH_LAYER: u32 = 0xda9b_0d0d;
    pub(in crate::accounts) const INVOKE_WITHOUT_UPDATES: u32 = 0xbf94_59b7;
    pub(in crate::accounts) const INPUT_CLIENT_PROXY: u32 = 0x7558_8b3f;
    pub(in crate::accounts) const JSON_NULL: u32 = 0x3f6d_7b68;
    pub(in crate::accounts) const JSON_BOOL: u32 = 0xc734_5e6a;
    pub(in crate::accounts) const JSON_NUMBER: u32 = 0x2be0_dfa4;
    pub(in crate::accounts) const JSON_STRING: u32 = 0xb71e_767a;
    pub(in crate::accounts) const JSON_ARRAY: u32 = 0xf744_4763;
    pub(in crate::accounts) const JSON_OBJECT: u32 = 0x99c1_d49d;
    pub(in crate::accounts) const JSON_OBJECT_VALUE: u32 = 0xc0de_1bd9;

    pub(in crate::accounts) const SEND_CODE: u32 = 0xa677_244f;
    pub(in crate::accounts) const CODE_SETTINGS: u32 = 0xad25_3d78;
    /// Layer 140, without the token of an application.
    pub(in crate::accounts) const CODE_SETTINGS_140: u32 = 0x8a64_69c2;
    /// Layer 133, without tokens of logouts.
    pub(in crate::accounts) const CODE_SETTINGS_133: u32 = 0xdebe_be83;
    pub(in crate::accounts) const RESEND_CODE: u32 = 0xcae4_7523;
    /// Layer 158, without a reason.
    pub(in crate::accounts) const RESEND_CODE_158: u32 = 0x3ef1_a9bf;
    pub(in crate::accounts) const CANCEL_CODE: u32 = 0x1f04_0578;
    pub(in crate::accounts) const SIGN_IN: u32 = 0x8d52_a951;
    /// Layer 140, without flags.
    pub(in crate::accounts) const SIGN_IN_140: u32 = 0xbcd5_1581;
    pub(in crate::accounts) const SIGN_UP: u32 = 0xaac7_b717;
    /// Layer 158, without flags.
    pub(in crate::accounts) const SIGN_UP_158: u32 = 0x80ee_e427;
    pub(in crate::accounts) const ACCEPT_TERMS_OF_SERVICE: u32 = 0xee72_f79a;
    pub(in crate::accounts) const DATA_JSON: u32 = 0x7d74_8d04;
    pub(in crate::accounts) const GET_PASSWORD: u32 = 0x548a_30f5;
    pub(in crate::accounts) const CHECK_PASSWORD: u32 = 0xd18b_4d16;
    pub(in crate::accounts) const INPUT_CHECK_PASSWORD_EMPTY: u32 = 0x9880_f658;
    pub(in crate::accounts) const INPUT_CHECK_PASSWORD_SRP: u32 = 0xd27f_f082;
    pub(in crate::accounts) const IMPORT_BOT_AUTHORIZATION: u32 = 0x67a3_ff2c;
    pub(in crate::accounts) const LOG_OUT: u32 = 0x3e72_ba19;
    /// Layer 133; the answer is a `Bool`.
    pub(in crate::accounts) const LOG_OUT_133: u32 = 0x5717_da40;
    pub(in crate::accounts) const EXPORT_AUTHORIZATION: u32 = 0xe5bf_ffcd;
    pub(in crate::accounts) const IMPORT_AUTHORIZATION: u32 = 0xa57a_7dad;
    pub(in crate::accounts) const SAVE_APP_LOG: u32 = 0x6f02_f748;
    pub(in crate::accounts) const INPUT_APP_EVENT: u32 = 0x1d1b_1245;
    pub(in crate::accounts) const GET_CONFIG: u32 = 0xc4f9_186b;
    pub(in crate::accounts) const GET_NEAREST_DC: u32 = 0x1fb3_3026;
    pub(in crate::accounts) const GET_APP_CONFIG: u32 = 0x61e3_f854;
    /// Layer 140, without a hash; the answer is the JSON itself.
    pub(in crate::accounts) const GET_APP_CONFIG_140: u32 = 0x9891_4110;
    pub(in crate::accounts) const GET_TERMS_OF_SERVICE_UPDATE: u32 = 0x2ca5_1fd1;
    pub(in crate::accounts) const GET_PROMO_DATA: u32 = 0xc097_7421;
    pub(in crate::accounts) const UPDATE_STATUS: u32 = 0x6628_562c;
    pub(in crate::accounts) const GET_CONTACTS: u32 = 0x5dd6_9e12;
    pub(in crate::accounts) const GET_DIALOGS: u32 = 0xa0f4_cb4f;
    pub(in crate::accounts) const GET_USERS: u32 = 0x0d91_a548;
    pub(in crate::accounts) const GET_FULL_USER: u32 = 0xb60f_5918;
    /// Layer 133; the answer is the `userFull` itself.
    pub(in crate::accounts) const GET_FULL_USER_133: u32 = 0xca30_a5b1;
    pub(in crate::accounts) const INPUT_USER_EMPTY: u32 = 0xb988_86cf;
    pub(in crate::accounts) const INPUT_USER_SELF: u32 = 0xf7c1_b13f;
    pub(in crate::accounts) const INPUT_USER: u32 = 0xf211_58c6;
    pub(in crate::accounts) const INPUT_PEER_EMPTY: u32 = 0x7f3b_18ea;
    pub(in crate::accounts) const INPUT_PEER_SELF: u32 = 0x7da0_7ec9;
    pub(in crate::accounts) const INPUT_PEER_USER: u32 = 0xdde8_a54c;
    pub(in crate::accounts) const GET_STATE: u32 = 0xedd4_882a;
    pub(in crate::accounts) const GET_DIFFERENCE: u32 = 0x19c2_f763;
    /// Layer 158.
    pub(in crate::accounts) const GET_DIFFERENCE_158: u32 = 0x2593_9651;
    pub(in crate::accounts) const GET_AUTHORIZATIONS: u32 = 0xe320_c158;
    pub(in crate::accounts) const AUTHORIZATIONS: u32 = 0x4bff_8ea0;
    /// Layer 133, without a time to live.
    pub(in crate::accounts) const AUTHORIZATIONS_133: u32 = 0x1250_abde;
    pub(in crate::accounts) const RESET_AUTHORIZATIONS: u32 = 0x9fab_0d1a;
    pub(in crate::accounts) const RESET_AUTHORIZATION: u32 = 0xdf77_f3bc;
    pub(in crate::accounts) const UPDATE_PASSWORD_SETTINGS: u32 = 0xa59b_102f;
    pub(in crate::accounts) const GET_PASSWORD_SETTINGS: u32 = 0x9cd4_eaf9;
    pub(in crate::accounts) const PASSWORD_SETTINGS: u32 = 0x9a5c_33e5;
    pub(in crate::accounts) const PASSWORD_KDF_ALGO_UNKNOWN: u32 = 0xd45a_b096;
    pub(in crate::accounts) const UPDATE_PROFILE: u32 = 0x7851_5775;
    pub(in crate::accounts) const CHECK_USERNAME: u32 = 0x2714_d86c;
    pub(in crate::accounts) const UPDATE_USERNAME: u32 = 0x3e0b_dd7c;
    pub(in crate::accounts) const INVOKE_WITH_MESSAGES_RANGE: u32 = 0x3652_75f2;
    pub(in crate::accounts) const MESSAGE_RANGE: u32 = 0x0ae3_0253;
    pub(in crate::accounts) const INVOKE_WITH_APNS_SECRET: u32 = 0x0dae_54f8;
    pub(in crate::accounts) const INVOKE_WITH_GOOGLE_PLAY_INTEGRITY: u32 = 0x1df9_2984;
    pub(in crate::accounts) const INVOKE_WITH_RE_CAPTCHA: u32 = 0xadbb_0f94;
    pub(in crate::accounts) const INVOKE_WITH_TAKEOUT: u32 = 0xaca9_fd2e;
    pub(in crate::accounts) const SEND_VERIFY_EMAIL_CODE: u32 = 0x98e0_37bb;
    pub(in crate::accounts) const VERIFY_EMAIL: u32 = 0x032d_a4cf;
    pub(in crate::accounts) const RESET_LOGIN_EMAIL: u32 = 0x7e96_0193;
    pub(in crate::accounts) const EMAIL_VERIFY_PURPOSE_LOGIN_SETUP: u32 = 0x4345_be73;
    pub(in crate::accounts) const EMAIL_VERIFICATION_CODE: u32 = 0x922e_55a9;
    pub(in crate::accounts) const REQUEST_PASSWORD_RECOVERY: u32 = 0xd897_bc66;
    pub(in crate::accounts) const CHECK_RECOVERY_PASSWORD: u32 = 0x0d36_bf79;
    pub(in crate::accounts) const RECOVER_PASSWORD: u32 = 0x3709_6c70;
    pub(in crate::accounts) const PASSWORD_INPUT_SETTINGS: u32 = 0xc237_27c9;
    pub(in crate::accounts) const RESET_PASSWORD: u32 = 0x9308_ce1b;
    pub(in crate::accounts) const DECLINE_PASSWORD_RESET: u32 = 0x4c94_09f6;
    pub(in crate::accounts) const EXPORT_LOGIN_TOKEN: u32 = 0xb7e0_85fe;
    pub(in crate::accounts) const IMPORT_LOGIN_TOKEN: u32 = 0x95ac_5ce4;
    pub(in crate::accounts) const ACCEPT_LOGIN_TOKEN: u32 = 0xe894_ad4d;

    pub(in crate::accounts) const SENT_CODE: u32 = 0x5e00_2502;
    pub(in crate::accounts) const SENT_CODE_SUCCESS: u32 = 0x2390_fe44;
    pub(in crate::accounts) const SENT_CODE_TYPE_APP: u32 = 0x3dbb_5986;
    pub(in crate::accounts) const SENT_CODE_TYPE_SMS: u32 = 0xc000_bba2;
    pub(in crate::accounts) const SENT_CODE_TYPE_CALL: u32 = 0x5353_e5a7;
    pub(in crate::accounts) const CODE_TYPE_SMS: u32 = 0x72a3_158c;
    pub(in crate::accounts) const CODE_TYPE_CALL: u32 = 0x741c_d3e3;
    pub(in crate::accounts) const SENT_CODE_TYPE_FLASH_CALL: u32 = 0xab03_c6d9;
    pub(in crate::accounts) const SENT_CODE_TYPE_MISSED_CALL: u32 = 0x8200_6484;
    pub(in crate::accounts) const SENT_CODE_TYPE_SET_UP_EMAIL_REQUIRED: u32 = 0xa549_1dea;
    pub(in crate::accounts) const SENT_CODE_TYPE_FRAGMENT_SMS: u32 = 0xd956_5c39;
    pub(in crate::accounts) const SENT_CODE_TYPE_SMS_WORD: u32 = 0xa416_ac81;
    pub(in crate::accounts) const SENT_CODE_TYPE_SMS_PHRASE: u32 = 0xb377_94af;
    pub(in crate::accounts) const CODE_TYPE_FLASH_CALL: u32 = 0x226c_cefb;
    pub(in crate::accounts) const CODE_TYPE_MISSED_CALL: u32 = 0xd61a_d6ee;
    pub(in crate::accounts) const CODE_TYPE_FRAGMENT_SMS: u32 = 0x06ed_998c;
    pub(in crate::accounts) const SENT_EMAIL_CODE: u32 = 0x811f_854f;
    pub(in crate::accounts) const EMAIL_VERIFIED_LOGIN: u32 = 0xe1bb_0d61;
    pub(in crate::accounts) const PASSWORD_RECOVERY: u32 = 0x1379_48a5;
    pub(in crate::accounts) const RESET_PASSWORD_FAILED_WAIT: u32 = 0xe377_9861;
    pub(in crate::accounts) const RESET_PASSWORD_REQUESTED_WAIT: u32 = 0xe9ef_fc7d;
    pub(in crate::accounts) const RESET_PASSWORD_OK: u32 = 0xe926_d63e;
    pub(in crate::accounts) const LOGIN_TOKEN: u32 = 0x629f_1980;
    pub(in crate::accounts) const LOGIN_TOKEN_MIGRATE_TO: u32 = 0x068e_9916;
    pub(in crate::accounts) const LOGIN_TOKEN_SUCCESS: u32 = 0x390d_5c5e;
    pub(in crate::accounts) const AUTHORIZATION_INFO: u32 = 0xad01_d61d;
    pub(in crate::accounts) const UPDATE_SHORT: u32 = 0x78d4_dec1;
    pub(in crate::accounts) const UPDATE_DC_OPTIONS: u32 = 0x8e5e_9873;
    pub(in crate::accounts) const UPDATE_LOGIN_TOKEN: u32 = 0x564f_e691;
    pub(in crate::accounts) const AUTHORIZATION_SIGN_UP_REQUIRED: u32 = 0x4474_7e9a;
    pub(in crate::accounts) const TERMS_OF_SERVICE: u32 = 0x780a_0310;
    pub(in crate::accounts) const PASSWORD_KDF_ALGO: u32 = 0x3a91_2d4a;
    pub(in crate::accounts) const SECURE_PASSWORD_KDF_ALGO: u32 = 0xbbf2_dda0;
    pub(in crate::accounts) const LOGGED_OUT: u32 = 0xc3a2_835f;
    pub(in crate::accounts) const EXPORTED_AUTHORIZATION: u32 = 0xb434_e2b8;
    pub(in crate::accounts) const DC_OPTION: u32 = 0x18b7_a10d;
    pub(in crate::accounts) const NEAREST_DC: u32 = 0x8e1a_1775;
    pub(in crate::accounts) const APP_CONFIG: u32 = 0xdd18_782e;
    pub(in crate::accounts) const USER_EMPTY: u32 = 0xd3bc_4b7a;
    pub(in crate::accounts) const UPDATES_STATE: u32 = 0xa56c_2a3e;
    pub(in crate::accounts) const DIFFERENCE_EMPTY: u32 = 0x5d75_a138;
    pub(in crate::accounts) const USERS_USER_FULL: u32 = 0x3b6d_152e;
    pub(in crate::accounts) const BOT_MENU_BUTTON_DEFAULT: u32 = 0x7533_a588;
    pub(in crate::accounts) const TERMS_OF_SERVICE_UPDATE_EMPTY: u32 = 0xe330_9f7f;
    pub(in crate::accounts) const PROMO_DATA_EMPTY: u32 = 0x98f6_ac75;
    pub(in crate::accounts) const CONTACTS: u32 = 0xeae8_7e42;
}

/// The arguments do not match the method's constructor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadArguments;

/// Reads one method call from its beginning to its end.
#[derive(Clone)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], BadArguments> {
        let (head, rest) = self.rest.split_at_checked(count).ok_or(BadArguments)?;
        self.rest = rest;
        Ok(head)
    }

    pub(super) fn u32(&mut self) -> Result<u32, BadArguments> {
        let word = self.take(4)?;
        Ok(u32::from_le_bytes(word.try_into().map_err(|_| BadArguments)?))
    }

    pub(super) fn i32(&mut self) -> Result<i32, BadArguments> {
        self.u32().map(u32::cast_signed)
    }

    pub(super) fn i64(&mut self) -> Result<i64, BadArguments> {
        let word = self.take(8)?;
        Ok(i64::from_le_bytes(word.try_into().map_err(|_| BadArguments)?))
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], BadArguments> {
        let prefix =
            u32::from_le_bytes(self.rest.get(..4).ok_or(BadArguments)?.try_into().map_err(|_| BadArguments)?);
        let (header, length) = match prefix & 0xff {
            255 => return Err(BadArguments),
            254 => (4, (prefix >> 8) as usize),
            short => (1, short as usize),
        };
        let data = self.take((header + length).next_multiple_of(4))?;
        data.get(header..header + length).ok_or(BadArguments)
    }

    pub(super) fn string(&mut self) -> Result<&'a str, BadArguments> {
        core::str::from_utf8(self.bytes()?).map_err(|_| BadArguments)
    }

    /// Errors unless the next constructor is `expected`.
    pub(super) fn expect(&mut self, expected: u32) -> Result<(), BadArguments> {
        if self.u32()? == expected { Ok(()) } else { Err(BadArguments) }
    }

    /// A boxed vector, element by element.
    pub(super) fn vector<T>(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<T, BadArguments>,
    ) -> Result<Vec<T>, BadArguments> {
        self.expect(id::VECTOR)?;
        let count = self.u32()?;
        // Grown element by element: the count alone must not allocate.
        let mut elements = Vec::new();
        for _ in 0..count {
            elements.push(element(self)?);
        }
        Ok(elements)
    }

    /// Errors if anything was not read yet.
    pub(super) fn end(&self) -> Result<(), BadArguments> {
        if self.rest.is_empty() { Ok(()) } else { Err(BadArguments) }
    }
}

/// Writes one answer from its beginning to its end.
#[derive(Default)]
pub(super) struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// Starts an object with its constructor.
    pub(super) fn boxed(constructor: u32) -> Self {
        Self::default().u32(constructor)
    }

    pub(super) fn u32(mut self, value: u32) -> Self {
        self.out.extend_from_slice(&value.to_le_bytes());
        self
    }

    pub(super) fn i32(self, value: i32) -> Self {
        self.u32(value.cast_unsigned())
    }

    pub(super) fn i64(mut self, value: i64) -> Self {
        self.out.extend_from_slice(&value.to_le_bytes());
        self
    }

    pub(super) fn bytes(mut self, value: &[u8]) -> Self {
        match u8::try_from(value.len()) {
            Ok(length @ ..=253) => self.out.push(length),
            _ => {
                let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
                self.out.extend_from_slice(&((length << 8) | 254).to_le_bytes());
            }
        }
        self.out.extend_from_slice(value);
        self.out.resize(self.out.len().next_multiple_of(4), 0);
        self
    }

    pub(super) fn string(self, value: &str) -> Self {
        self.bytes(value.as_bytes())
    }

    /// An object that is serialized already.
    pub(super) fn object(mut self, object: &[u8]) -> Self {
        self.out.extend_from_slice(object);
        self
    }

    /// A boxed vector of objects that are serialized already.
    pub(super) fn objects(self, objects: &[Vec<u8>]) -> Self {
        let count = u32::try_from(objects.len()).unwrap_or(u32::MAX);
        let head = self.u32(id::VECTOR).u32(count);
        objects.iter().fold(head, |writer, object| writer.object(object))
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The constructor of `name` in the published schema of layer 230.
    fn published(name: &str) -> Option<u32> {
        let schema = include_str!("../../vectors/tl_login_layer230.txt");
        schema.lines().find_map(|line| {
            let (full, rest) = line.split_once('#')?;
            let hex = rest.split(' ').next()?;
            (full == name).then(|| u32::from_str_radix(hex, 16).ok())?
        })
    }

    #[test]
    fn constructors_are_those_of_the_published_schema() {
        let expected = [
            ("vector", id::VECTOR),
            ("boolFalse", id::BOOL_FALSE),
            ("boolTrue", id::BOOL_TRUE),
            ("true", id::TRUE),
            ("invokeAfterMsg", id::INVOKE_AFTER_MSG),
            ("invokeAfterMsgs", id::INVOKE_AFTER_MSGS),
            ("initConnection", id::INIT_CONNECTION),
            ("invokeWithLayer", id::INVOKE_WITH_LAYER),
            ("invokeWithoutUpdates", id::INVOKE_WITHOUT_UPDATES),
            ("inputClientProxy", id::INPUT_CLIENT_PROXY),
            ("jsonNull", id::JSON_NULL),
            ("jsonObject", id::JSON_OBJECT),
            ("auth.sendCode", id::SEND_CODE),
            ("codeSettings", id::CODE_SETTINGS),
            ("auth.resendCode", id::RESEND_CODE),
            ("auth.cancelCode", id::CANCEL_CODE),
            ("auth.signIn", id::SIGN_IN),
            ("auth.signUp", id::SIGN_UP),
            ("help.acceptTermsOfService", id::ACCEPT_TERMS_OF_SERVICE),
            ("account.getPassword", id::GET_PASSWORD),
            ("auth.checkPassword", id::CHECK_PASSWORD),
            ("inputCheckPasswordEmpty", id::INPUT_CHECK_PASSWORD_EMPTY),
            ("inputCheckPasswordSRP", id::INPUT_CHECK_PASSWORD_SRP),
            ("auth.importBotAuthorization", id::IMPORT_BOT_AUTHORIZATION),
            ("auth.logOut", id::LOG_OUT),
            ("auth.exportAuthorization", id::EXPORT_AUTHORIZATION),
            ("auth.importAuthorization", id::IMPORT_AUTHORIZATION),
            ("help.getConfig", id::GET_CONFIG),
            ("help.getNearestDc", id::GET_NEAREST_DC),
            ("help.getAppConfig", id::GET_APP_CONFIG),
            ("auth.sentCode", id::SENT_CODE),
            ("auth.sentCodeSuccess", id::SENT_CODE_SUCCESS),
            ("auth.sentCodeTypeApp", id::SENT_CODE_TYPE_APP),
            ("auth.sentCodeTypeSms", id::SENT_CODE_TYPE_SMS),
            ("auth.sentCodeTypeCall", id::SENT_CODE_TYPE_CALL),
            ("auth.codeTypeSms", id::CODE_TYPE_SMS),
            ("auth.codeTypeCall", id::CODE_TYPE_CALL),
            ("auth.authorizationSignUpRequired", id::AUTHORIZATION_SIGN_UP_REQUIRED),
            ("help.termsOfService", id::TERMS_OF_SERVICE),
            ("passwordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow", id::PASSWORD_KDF_ALGO),
            ("securePasswordKdfAlgoPBKDF2HMACSHA512iter100000", id::SECURE_PASSWORD_KDF_ALGO),
            ("auth.loggedOut", id::LOGGED_OUT),
            ("auth.exportedAuthorization", id::EXPORTED_AUTHORIZATION),
            ("dcOption", id::DC_OPTION),
            ("nearestDc", id::NEAREST_DC),
            ("userEmpty", id::USER_EMPTY),
            ("account.sendVerifyEmailCode", id::SEND_VERIFY_EMAIL_CODE),
            ("account.verifyEmail", id::VERIFY_EMAIL),
            ("auth.resetLoginEmail", id::RESET_LOGIN_EMAIL),
            ("emailVerifyPurposeLoginSetup", id::EMAIL_VERIFY_PURPOSE_LOGIN_SETUP),
            ("emailVerificationCode", id::EMAIL_VERIFICATION_CODE),
            ("auth.requestPasswordRecovery", id::REQUEST_PASSWORD_RECOVERY),
            ("auth.checkRecoveryPassword", id::CHECK_RECOVERY_PASSWORD),
            ("auth.recoverPassword", id::RECOVER_PASSWORD),
            ("account.passwordInputSettings", id::PASSWORD_INPUT_SETTINGS),
            ("account.resetPassword", id::RESET_PASSWORD),
            ("account.declinePasswordReset", id::DECLINE_PASSWORD_RESET),
            ("auth.exportLoginToken", id::EXPORT_LOGIN_TOKEN),
            ("auth.importLoginToken", id::IMPORT_LOGIN_TOKEN),
            ("auth.acceptLoginToken", id::ACCEPT_LOGIN_TOKEN),
            ("auth.sentCodeTypeFlashCall", id::SENT_CODE_TYPE_FLASH_CALL),
            ("auth.sentCodeTypeMissedCall", id::SENT_CODE_TYPE_MISSED_CALL),
            ("auth.sentCodeTypeSetUpEmailRequired", id::SENT_CODE_TYPE_SET_UP_EMAIL_REQUIRED),
            ("auth.sentCodeTypeFragmentSms", id::SENT_CODE_TYPE_FRAGMENT_SMS),
            ("auth.sentCodeTypeSmsWord", id::SENT_CODE_TYPE_SMS_WORD),
            ("auth.sentCodeTypeSmsPhrase", id::SENT_CODE_TYPE_SMS_PHRASE),
            ("auth.codeTypeFlashCall", id::CODE_TYPE_FLASH_CALL),
            ("auth.codeTypeMissedCall", id::CODE_TYPE_MISSED_CALL),
            ("auth.codeTypeFragmentSms", id::CODE_TYPE_FRAGMENT_SMS),
            ("account.sentEmailCode", id::SENT_EMAIL_CODE),
            ("account.emailVerifiedLogin", id::EMAIL_VERIFIED_LOGIN),
            ("auth.passwordRecovery", id::PASSWORD_RECOVERY),
            ("account.resetPasswordFailedWait", id::RESET_PASSWORD_FAILED_WAIT),
            ("account.resetPasswordRequestedWait", id::RESET_PASSWORD_REQUESTED_WAIT),
            ("account.resetPasswordOk", id::RESET_PASSWORD_OK),
            ("auth.loginToken", id::LOGIN_TOKEN),
            ("auth.loginTokenMigrateTo", id::LOGIN_TOKEN_MIGRATE_TO),
            ("auth.loginTokenSuccess", id::LOGIN_TOKEN_SUCCESS),
            ("authorization", id::AUTHORIZATION_INFO),
            ("updateShort", id::UPDATE_SHORT),
            ("updateDcOptions", id::UPDATE_DC_OPTIONS),
            ("updateLoginToken", id::UPDATE_LOGIN_TOKEN),
        ];
        for (name, constructor) in expected {
            assert_eq!(published(name), Some(constructor), "{name}");
        }
    }

    #[test]
    fn byte_strings_round_trip() {
        for length in [0, 1, 3, 4, 253, 254, 255, 256, 1000] {
            let value = vec![7; length];
            let written = Writer::default().bytes(&value).i32(-1).finish();
            let mut reader = Reader::new(&written);
            assert_eq!(reader.bytes(), Ok(&value[..]));
            assert_eq!(reader.i32(), Ok(-1));
            assert_eq!(reader.end(), Ok(()));
        }
    }

    #[test]
    fn cut_and_overlong_input_is_refused() {
        assert_eq!(Reader::new(&[1, 2, 3]).u32(), Err(BadArguments));
        assert_eq!(Reader::new(&[5, 0, 0, 0]).bytes(), Err(BadArguments));
        assert_eq!(Reader::new(&[255, 0, 0, 0]).bytes(), Err(BadArguments));
        let endless = Writer::boxed(id::VECTOR).u32(u32::MAX).finish();
        assert_eq!(Reader::new(&endless).vector(Reader::i64), Err(BadArguments));
    }
}
