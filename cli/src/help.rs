//! The longer texts of `--help`.

/// The end of every `--help`.
pub(crate) const EXIT_CODES: &str = "\
Exit codes: 0 done; 1 refused, failed or not complete; 2 called wrongly; 128 and its number: ended by a signal. An \
error is one sentence on standard error, also with --json: standard output has results only.";

pub(crate) const SESSION: &str =
    "The session in NAME.session; the passphrase of an encrypted one is asked for [env: SANSGRAM_PASSPHRASE]";

pub(crate) const ENCRYPT: &str = "Encrypt the session with a passphrase from the start, which is asked for twice [env: SANSGRAM_PASSPHRASE]";

pub(crate) const LOGIN: &str = "\
Log in, and keep the session.

Without values it asks on the terminal: for a phone number or a bot token, the code, and the password if the account \
has one. In place of the code, \"resend\" asks for another one and \"cancel\" goes back to the number. With --phone, --qr or \
--bot-token it takes the values instead, and asks only for what is missing if there is a terminal. If a user is logged \
in already it says so, which is success unless the values name another user.

Other users of this machine can see options, so secrets are better given by the environment or by standard input: \
--code-stdin and the like each read a line, in the order phone, code, password, bot token, when it is needed.

A login that is not complete is saved in NAME.login beside the session, unencrypted; it is as secret as the session. The \
next login continues it, with or without values. Scripts log in with two calls: the first with --phone sends the code and \
ends with exit code 1, the second gives the code (or --code resend) and needs no --phone. With --json each call that \
saves a login prints {\"pending\":\"code\"} on standard output; password, email and sign_up are the other things that a \
login waits for.

With --qr it shows a QR code that a logged-in phone scans (Settings, Devices, Link Desktop Device), as a picture and \
as a link, and a new one before it expires. The password may follow. It needs no terminal. It gives up after 40 codes, \
about 20 minutes; --timeout does not count that time.

A forgotten password is recovered by e-mail if the account has an address for that: leave the password empty when it is \
asked for on the terminal. Otherwise \"sansgram password reset\", with a session that is still logged in, asks Telegram to \
remove it.

A session is kept unencrypted, readable by you only, unless --encrypt, or later \"sansgram sessions encrypt\", encrypts \
it; from then on its passphrase is asked for, or taken from SANSGRAM_PASSPHRASE.

The api_id and api_hash of your application are needed once for Telegram's own servers; get them at \
my.telegram.org. They are not needed with --sandbox.";

pub(crate) const WHOAMI: &str = "\
Show which user is logged in, as the server sees it. The session is all that is needed: it remembers its servers.";

pub(crate) const LOGOUT: &str = "\
Log out, and remove the session's keys. The session is all that is needed: it remembers its servers. With --json it \
prints {\"logged_out\":true}, or false if no user was logged in.";

pub(crate) const RESET: &str = "\
Ask Telegram to remove the account's forgotten password. Telegram takes this request only from a session that is logged \
in, and waits for a week, in which every device of the account can decline it; a second request after that removes the \
password. An earlier one says how long to wait. After a request was declined, another is refused for a while, with exit \
code 1.

If the account has an e-mail address for it, \"sansgram login\" recovers the password at once: leave the password empty \
when it is asked for.";

pub(crate) const IMPORT: &str = "\
Import a session of another library as a new session of this one. Its format is recognised: a string or \
SQLite file of Telethon, a string or SQLite file of Pyrogram, Hydrogram, Kurigram or Irenogram, a string or StoreSession \
folder of GramJS, a string of mtcute, MTKruto or ferogram, a SQLite file of grammers, the JSON of gotd, a folder of \
Telegram Desktop, a database log of TDLib, the local storage of Telegram Web (saved as JSON), a file of WTelegramClient (with --api-hash), \
tgnet.dat of Telegram for Android, or a session of sansgram, encrypted or not. The original is left as it is, and \
nothing is written beside it.

A string may be wrapped, quoted, or stand in a configuration file or a message; a note says what was left out. The layouts of \
gotd, Telegram Web, WTelegramClient and Android follow their public sources and have not been tried with files of the \
real programs.

A session is a key: a program that has the string is logged in. Other users of this machine see the options of a command, so \
a file or standard input (--from -) is the better place for a string.

Telegram Desktop's session is its folder tdata; the folder around it and key_datas in it stand for it too. TDLib's is \
td.binlog, or its database directory; td_test.binlog belongs to test DCs. If the program encrypts it, by a passcode or a \
database encryption key, that is asked for, or taken from --passcode-stdin or SANSGRAM_PASSCODE. If it holds several \
accounts, a note lists them, and --account takes another than the one in use.

A session whose address is not one of Telegram's stays with the server at that address; --dc says where the server \
is if the format does not.

The strings of Telethon and GramJS do not name the user, and a SQLite file of Telethon 1 does not always; the \
next \"sansgram whoami\" finds out. Only the Pyrogram family \
states the api_id of the application, which servers require: give it with --api-id for the others, here or to the \
first \"sansgram whoami\".";

pub(crate) const EXPORT: &str = "\
Write a session as another library keeps it: a string on standard output, or a file that only you can read. The string \
of another library ends without a new line in a file and in a pipe, since most libraries refuse one. All formats \
but sansgram's own, telethon2-sqlite, tdata and tdlib hold the key of the home DC only. An encrypted session is written without its encryption.

For a session of a server of your own, the address is written if the format has a field for it, and never Telegram's \
instead; the RSA key is not written.

telethon-sqlite, telethon2-sqlite, pyrogram-sqlite (for Hydrogram too) and kurigram-sqlite (for Irenogram too) and \
grammers-sqlite are files, gramjs-store is a folder; these need --output.

tdata is a new folder with one account, as version 5.8.3 of Telegram Desktop wrote it and later ones read it; it belongs \
into the folder of that program. tdlib is a file for TDLib's database directory: td.binlog, or td_test.binlog for test \
DCs, since nothing but its name says so. --passcode encrypts both, as Telegram Desktop's passcode or as TDLib's database \
encryption key, which TDLib's JSON interface takes in base64.";

pub(crate) const SANDBOX: &str = "\
Run test DCs on this machine until Ctrl-C, for any client: nothing needs an account or the network. Clients need the \
addresses of the DCs and their public key, which the first lines show.

It accepts from released clients what Telegram's servers accept. A refusal is shown with its reason and, if an option \
changes it, with that option; lines that say the same are counted for 10 seconds.

With --json the first line on standard output is {\"dcs\":[{\"id\":1,\"address\":\"127.0.0.1:PORT\"},...],\
\"public_key\":\"FILE\"}. Each line after it has an \"event\": code_sent and email_sent as login codes \"arrive\", \
logged_in, logged_out, scanned, scan_failed; refused, tolerated, closed and not_saved, with a \"reason\" and perhaps \
\"advice\", an \"option\" and \"repeated\".

A login link that a client shows as a QR code can be scanned here: a line \"tg://login?token=... NUMBER\" on \
standard input lets the account of that number scan it; without a number, +9996621234 does.";

pub(crate) const COMPLETIONS: &str = "\
Print what completes this command in a shell, for example:

  sansgram completions bash > ~/.local/share/bash-completion/completions/sansgram
  sansgram completions zsh > ~/.zfunc/_sansgram
  sansgram completions fish > ~/.config/fish/completions/sansgram.fish";

pub(crate) const MAN: &str = "\
Print the manual as a man page, or write a page for each command into a directory:

  sansgram man | man -l -
  sansgram man --output ~/.local/share/man/man1";

/// The accounts of the sandbox.
pub(crate) const ACCOUNTS: &str = "\
Sandbox accounts (any api_id and api_hash will do):
  phone 99966XYYYY   lives on DC X (1 to 3), its code is X five times over
                     (+9996621234 has the code 22222)
  ... ending in 2    has the password \"sandbox\" as well
  ... ending in 6    must set up an e-mail address first, any will do
  ... ending in 7    gets its codes by e-mail
  ... ending in 8    has the password \"sandbox\" and an e-mail address to
                     recover it by
  ... ending in 9    is not registered: sign up
  bot 1:sandbox      lives on DC 2
  bot 2:elsewhere    lives on DC 1

Codes by e-mail are X six times over. A client starts on DC 2; accounts elsewhere send it to their own DC.";

/// What the process ends with, for the man pages; `EXIT_CODES` says the same in a line.
pub(crate) const EXIT_STATUS: [(&str, &str); 4] = [
    ("0", "Done."),
    ("1", "Refused, failed or not complete; one sentence on standard error says why and what to do."),
    ("2", "Called wrongly."),
    ("128 + N", "Ended by signal N, such as 130 by Ctrl-C."),
];

/// The files that are read and written.
pub(crate) const FILES: [(&str, &str); 4] = [
    (
        "NAME.session",
        "A session, which is a key to the account. By default NAME is sansgram, in the working directory.",
    ),
    (".NAME.session.lock", "Held by the process that uses the session; holds no secret."),
    ("NAME.login", "A saved login: what a login that is not complete waits for; a secret as well."),
    ("sandbox.pem", "The public RSA key of the test DCs that \"sansgram sandbox\" runs."),
];

const LOGIN_EXAMPLES: &str = "\
sansgram login
sansgram login --sandbox
sansgram login --sandbox --phone 9996610002 --code 11111 --password sandbox
sansgram login --sandbox --bot-token 1:sandbox --json
sansgram login --sandbox --qr --phone 9996610002 --password sandbox
sansgram login --phone +12345678900; sansgram login --code 12345";

/// Examples, by the name of the command's man page.
pub(crate) fn examples(page: &str) -> Option<&'static str> {
    Some(match page {
        "sansgram" => "sansgram login --sandbox\nsansgram login\nsansgram whoami\nsansgram logout",
        "sansgram-login" => LOGIN_EXAMPLES,
        "sansgram-whoami" => "sansgram whoami\nsansgram whoami --session work --json",
        "sansgram-logout" => "sansgram logout --session work",
        "sansgram-password-reset" => "sansgram password reset",
        "sansgram-password-decline-reset" => "sansgram password decline-reset",
        "sansgram-password" => "sansgram password reset\nsansgram password decline-reset",
        "sansgram-sessions" => {
            "sansgram sessions list\nsansgram sessions import --from old.session --session me"
        }
        "sansgram-sessions-import" => "sansgram sessions import --from old.session --session me",
        "sansgram-sessions-export" => "sansgram sessions export --session me --to telethon --output me.txt",
        "sansgram-sessions-show" => "sansgram sessions show --session me",
        "sansgram-sessions-list" => "sansgram sessions list",
        "sansgram-sessions-encrypt" => "sansgram sessions encrypt --session me",
        "sansgram-sessions-decrypt" => "sansgram sessions decrypt --session me",
        "sansgram-sandbox" => "sansgram sandbox --public-key key.pem --json",
        "sansgram-completions" => {
            "sansgram completions bash > ~/.local/share/bash-completion/completions/sansgram"
        }
        "sansgram-man" => "sansgram man | man -l -\nsansgram man --output ~/.local/share/man/man1",
        _ => return None,
    })
}

/// The end of `login --help`.
pub(crate) fn after_login() -> String {
    let examples = LOGIN_EXAMPLES.replace('\n', "\n  ");
    format!("{ACCOUNTS}\n\nExamples:\n  {examples}\n\n{EXIT_CODES}")
}

/// Accounts of one's own in the sandbox.
pub(crate) const ACCOUNTS_FILE: &str = "\
With --accounts FILE there are others too. All fields but phone and token can
be left out; without a code, five random digits are sent and shown:
  {\"users\": [{\"phone\": \"12025550123\", \"first_name\": \"Ada\",
              \"last_name\": \"L\", \"username\": \"ada_l\", \"id\": 7, \"dc\": 2,
              \"code\": \"12345\", \"password\": \"engine\", \"hint\": \"a machine\",
              \"recovery\": true, \"login_email\": \"ada@mail.example\"}],
   \"bots\": [{\"token\": \"42:secret\", \"first_name\": \"Bot\",
             \"username\": \"some_bot\", \"dc\": 1, \"revoked\": false}],
   \"sandbox_accounts\": true}
\"login_email\": \"required\" asks for an address first; \"sandbox_accounts\": false
leaves the accounts above out.

With --state FILE a client that is logged in stays logged in when the sandbox
is started again with the same FILE, however it ended. MTProto sessions begin
anew. An account of --accounts whose description has changed begins
anew, and one that was left out is removed.";

/// The end of `sandbox --help`.
pub(crate) fn after_sandbox() -> String {
    format!("{ACCOUNTS}\n\n{ACCOUNTS_FILE}\n\n{EXIT_CODES}")
}
