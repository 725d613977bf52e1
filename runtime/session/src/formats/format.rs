//! The names of the formats.

use std::fmt;
use std::str::FromStr;

/// A format in which a library stores a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Our own text, `sansgram1:`.
    Sansgram,
    /// The string of Telethon 1, with an IPv4 or IPv6 address.
    Telethon,
    /// The SQLite file of Telethon 1, version 8 (1 to 7 are read too).
    TelethonSqlite,
    /// The SQLite file of Telethon 2, version 10.
    Telethon2Sqlite,
    /// The string of Pyrogram, Hydrogram, Kurigram and Irenogram: 362 characters (351 and 356 are read too).
    Pyrogram,
    /// The SQLite file of Pyrogram and Hydrogram, version 3 (1 and 2 are read too).
    PyrogramSqlite,
    /// The SQLite file of Kurigram and Irenogram, version 7 (4 to 6 are read too).
    KurigramSqlite,
    /// The string of GramJS.
    GramJs,
    /// The string of mtcute, version 3.
    Mtcute,
    /// The SQLite file of `grammers-session` 0.11.
    GrammersSqlite,
    /// The string of `ferogram-session` 0.6, version 2 (1 is read too). It does not say whether the user is a bot.
    Ferogram,
    /// The string of MTKruto.
    Mtkruto,
    /// The folder of GramJS' `StoreSession`.
    GramJsStore,
    /// The JSON of gotd's session storage, version 1. UNVERIFIED: it follows gotd's public source.
    Gotd,
    /// The local storage of Telegram Web A or K as JSON, only read. UNVERIFIED: it follows their public sources.
    TelegramWeb,
    /// The file of `WTelegramClient`, only read. UNVERIFIED: it follows its public source.
    WTelegram,
    /// `tgnet.dat` of Telegram for Android, only read. UNVERIFIED: it follows its public source.
    AndroidTgnet,
    /// The folder `tdata` of Telegram Desktop 2.0 and later.
    Tdata,
    /// The database log of TDLib, `td.binlog`.
    Tdlib,
}

impl Format {
    /// All formats.
    pub const ALL: &'static [Self] = &[
        Self::Sansgram,
        Self::Telethon,
        Self::TelethonSqlite,
        Self::Telethon2Sqlite,
        Self::Pyrogram,
        Self::PyrogramSqlite,
        Self::KurigramSqlite,
        Self::GramJs,
        Self::Mtcute,
        Self::GrammersSqlite,
        Self::Ferogram,
        Self::Mtkruto,
        Self::GramJsStore,
        Self::Gotd,
        Self::TelegramWeb,
        Self::WTelegram,
        Self::AndroidTgnet,
        Self::Tdata,
        Self::Tdlib,
    ];

    /// Returns the name that [`FromStr`] accepts: `telethon-sqlite`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sansgram => "sansgram",
            Self::Telethon => "telethon",
            Self::TelethonSqlite => "telethon-sqlite",
            Self::Telethon2Sqlite => "telethon2-sqlite",
            Self::Pyrogram => "pyrogram",
            Self::PyrogramSqlite => "pyrogram-sqlite",
            Self::KurigramSqlite => "kurigram-sqlite",
            Self::GramJs => "gramjs",
            Self::Mtcute => "mtcute",
            Self::GrammersSqlite => "grammers-sqlite",
            Self::Ferogram => "ferogram",
            Self::Mtkruto => "mtkruto",
            Self::GramJsStore => "gramjs-store",
            Self::Gotd => "gotd",
            Self::TelegramWeb => "telegram-web",
            Self::WTelegram => "wtelegram",
            Self::AndroidTgnet => "tgnet",
            Self::Tdata => "tdata",
            Self::Tdlib => "tdlib",
        }
    }

    /// Returns a description for a sentence: `a session file of Telethon (SQLite)`.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Sansgram => "a sansgram session",
            Self::Telethon => "a session string of Telethon",
            Self::TelethonSqlite => "a session file of Telethon (SQLite)",
            Self::Telethon2Sqlite => "a session file of Telethon 2 (SQLite)",
            Self::Pyrogram => "a session string of Pyrogram",
            Self::PyrogramSqlite => "a session file of Pyrogram (SQLite)",
            Self::KurigramSqlite => "a session file of Kurigram (SQLite)",
            Self::GramJs => "a session string of GramJS",
            Self::Mtcute => "a session string of mtcute",
            Self::GrammersSqlite => "a session file of grammers (SQLite)",
            Self::Ferogram => "a session string of ferogram",
            Self::Mtkruto => "a session string of MTKruto",
            Self::GramJsStore => "a session folder of GramJS (StoreSession)",
            Self::Gotd => "a session of gotd (JSON)",
            Self::TelegramWeb => "the local storage of Telegram Web (JSON)",
            Self::WTelegram => "a session file of WTelegramClient",
            Self::AndroidTgnet => "a tgnet.dat of Telegram for Android",
            Self::Tdata => "a folder of Telegram Desktop (tdata)",
            Self::Tdlib => "a database log of TDLib (td.binlog)",
        }
    }

    /// Returns whether the format is a string; the others are a file or a folder.
    #[must_use]
    pub const fn is_text(self) -> bool {
        matches!(
            self,
            Self::Sansgram
                | Self::Telethon
                | Self::Pyrogram
                | Self::GramJs
                | Self::Mtcute
                | Self::Ferogram
                | Self::Mtkruto
                | Self::Gotd
        )
    }

    /// Returns whether sessions can also be written in this format.
    #[must_use]
    pub const fn is_writable(self) -> bool {
        !matches!(self, Self::TelegramWeb | Self::WTelegram | Self::AndroidTgnet)
    }

    /// Returns whether the format stores the address of the session's server.
    #[must_use]
    pub const fn keeps_address(self) -> bool {
        matches!(
            self,
            Self::Telethon
                | Self::TelethonSqlite
                | Self::Telethon2Sqlite
                | Self::KurigramSqlite
                | Self::GramJs
                | Self::Mtcute
                | Self::GrammersSqlite
                | Self::Gotd
                | Self::Ferogram
                | Self::GramJsStore
        )
    }

    /// Returns whether the program of this format uses only Telegram's servers, so that its sessions belong to them even
    /// if they store no address.
    pub(super) const fn is_telegram_only(self) -> bool {
        matches!(self, Self::Tdata | Self::Tdlib | Self::TelegramWeb | Self::AndroidTgnet)
    }

    /// Returns whether the program of this format can encrypt it with a passcode, so that
    /// [`ExportOptions::passcode`](super::ExportOptions::passcode) has an effect.
    #[must_use]
    pub const fn has_passcode(self) -> bool {
        matches!(self, Self::Tdata | Self::Tdlib)
    }

    /// Returns what the program calls its passcode, for a sentence: `passcode`.
    #[must_use]
    pub const fn passcode_name(self) -> &'static str {
        match self {
            Self::Tdlib => "database encryption key",
            _ => "passcode",
        }
    }

    /// Returns whether the format is a SQLite file.
    #[must_use]
    pub const fn is_sqlite(self) -> bool {
        matches!(
            self,
            Self::TelethonSqlite
                | Self::Telethon2Sqlite
                | Self::PyrogramSqlite
                | Self::KurigramSqlite
                | Self::GrammersSqlite
        )
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The error for an unknown format name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown session format; the known ones are {}", names())]
pub struct UnknownFormat;

fn names() -> String {
    Format::ALL.iter().map(|format| format.name()).collect::<Vec<_>>().join(", ")
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        Self::ALL.iter().copied().find(|format| format.name() == name).ok_or(UnknownFormat)
    }
}
