//! The longer texts of `--help`.

/// The end of every `--help`.
pub(crate) const EXIT_CODES: &str = "\
Exit codes: 0 success; 1 refused, failed or incomplete; 2 invalid usage; 128 + N terminated by signal N. Errors are one \
sentence on standard error; with --json, standard output also has {\"error\":{\"message\":\"...\"}}, unless the result itself \
says that it is incomplete.";

pub(crate) const SESSION: &str = "\
The session in NAME.session, or NAME in --store; prompts for the passphrase if it is encrypted [env: SANSGRAM_PASSPHRASE]";

pub(crate) const STORE: &str = "\
Use sessions in this PostgreSQL or Redis database, not files; other users can see options, but not the environment: a URL with a \
password belongs there [env: SANSGRAM_STORE]";

pub(crate) const STORE_KEY_FILE: &str = "\
Read the key that seals these sessions from this file, not from the environment; old keys may follow it, which only open \
sessions [env: SANSGRAM_STORE_KEY]";

pub(crate) const ARGUMENTS: &str =
    "Its arguments as a JSON object; @FILE reads a file, - standard input; none if it is omitted";

pub(crate) const TO: &str = "Who gets it: me, @name, +phone, or an id";

pub(crate) const INTO: &str =
    "Write the session to NAME.session, or as NAME to --store; it must not exist yet";

pub(crate) const ENCRYPT: &str =
    "Encrypt the session with a passphrase from the start; prompts for it twice [env: SANSGRAM_PASSPHRASE]";

pub(crate) const LOGIN: &str = "\
Log in, and keep the session.

Without options, it prompts on the terminal for a phone number or a bot token, the code, and the password if the account \
has one. At the code prompt, \"resend\" requests another code and \"cancel\" returns to the number. With --phone, --qr or \
--bot-token, it uses the given values and prompts only for what is missing, if there is a terminal. If a user is already \
logged in, it says so and succeeds, unless the values name another user.

Other users of this machine can see command-line options, so pass secrets in the environment or on standard input: \
--code-stdin and similar options each read one line when it is needed, in the order phone, code, password, bot token.

An incomplete login is saved, unencrypted, in NAME.login beside the session; keep it as secret as the session. The next \
login resumes it, with or without values. Scripts log in with two calls: the first, with --phone, requests the code and \
exits with code 1; the second provides the code (or --code resend) and needs no --phone. With --json, a call that saves a \
login prints {\"pending\":\"code\"} on standard output; other values are password, email and sign_up. If a value was \
refused, the object has its \"error\", too.

With --qr, it shows a QR code for a logged-in phone to scan (Settings, Devices, Link Desktop Device), as an image and as a \
link, and replaces it before it expires. The password may be required afterwards. No terminal is needed. It gives up \
after 40 codes, about 20 minutes, which --timeout does not count.

If you forgot the password and the account has a recovery e-mail address, leave the password empty at its prompt. \
Otherwise, \"sansgram password reset\" asks Telegram to remove the password, with a session that is still logged in.

A session is stored unencrypted, readable only by you. --encrypt, or later \"sansgram sessions encrypt\", encrypts it; its \
passphrase is then prompted for, or taken from SANSGRAM_PASSPHRASE.

Telegram's own servers require the api_id and api_hash of your application once for each session; get them at \
my.telegram.org. --sandbox does not need them.";

pub(crate) const WHOAMI: &str = "\
Show which user is logged in, according to the server. Only the session is needed; it remembers its servers.";

pub(crate) const LOGOUT: &str = "\
Log out, and remove the session's keys. Only the session is needed; it remembers its servers. With --json, it prints \
{\"logged_out\":true}, or false if no user was logged in.";

pub(crate) const CALL: &str = "\
Call a method of Telegram's API (layer 230) with the session of a bot or a user, and print its answer as JSON.

An object has its constructor in \"_\" and its fields by their names in the schema; flags that are not set are left out. \
A long is a string of digits, since many readers of JSON round large numbers; a number is accepted too. Bytes are in \
base64. If the method itself has a random_id of the type long and it is left out, it is chosen at random. What does not \
fit the schema is reported with the path of the field, and nothing is sent.

--describe shows a method or a constructor and JSON to fill in; \"sansgram call messages --describe\" lists the methods of \
a namespace.

Other users of this machine can see the arguments of a command, so pass secrets in a file or on standard input.

If the server refuses the call, the exit code is 1. With --json, every command then prints \
{\"error\":{\"code\":420,\"name\":\"FLOOD_WAIT\",\"value\":300,\"message\":\"...\"}}; only \"message\" is there if the error is \
not the server's, and \"path\" if an argument is wrong.";

pub(crate) const LISTEN: &str = "\
Print the updates of the session's bot or user, each as one line of JSON as \"sansgram call\" writes it: an object of the \
type Updates, in the order in which the server sent them. Lost connections are opened again, and standard error says so.

A line with \"_\":\"updates.state\" has the state of the updates: one comes at the beginning. What was missed since then, \
because of a lost connection or a slow reader, is requested (updates.getDifference) and printed as an object of the type \
updates.Difference; some updates may then be printed twice. Only the differences of channels are not requested. An update \
that this version cannot read is a line with \"undecodable\", its bytes in base64.

Ctrl-C or SIGTERM ends it with exit code 0, as does a reader that closes standard output. It ends with exit code 1 if the \
server ends the login.";

pub(crate) const DOCTOR: &str = "\
Connect to the servers in every way, and print a report that can be pasted into an issue. No account and no session are \
needed, and no user is affected; the report has the addresses of DCs, but not that of a proxy, and no secret.

For IPv4 and IPv6, it makes a key with the home DC, another one with a temporary key (PFS), and connects by each framing, \
plain and (all but full) obfuscated; then it makes a key with every other DC. The servers' answers also tell how far the \
clock of this machine is off. Through an MTProxy, its secret decides the transport. WebSockets are not tried: Telegram's need TLS.

With --test, it checks Telegram's test DCs. The exit code is 1 if a check fails; an address family that this machine does \
not have is no failure if the other one works.";

pub(crate) const SEND: &str = "\
Send a text message as the bot or the user of the session.

The recipient is me (Saved Messages), @name or its t.me link, the +phone number of a contact, or an id as bots write it: \
a user's is positive, a group's negative, and a channel's begins with -100. A bot can write to users who wrote to it; a \
user's session finds an id among its last 100 chats.";

pub(crate) const RESET: &str = "\
Request a reset of the account's forgotten password. Telegram accepts this only from a logged-in session. For a week, \
every device of the account can decline it; a second request after that removes the password, and an earlier one reports \
the remaining time. After a decline, another request is refused for a while, with exit code 1.

If the account has a recovery e-mail address, \"sansgram login\" recovers the password at once: leave the password empty \
at its prompt.";

pub(crate) const IMPORT: &str = "\
Import a session of another library as a new session. The format is detected: a string or SQLite file of Telethon; a \
string or SQLite file of Pyrogram, Hydrogram, Kurigram or Irenogram; a string or StoreSession folder of GramJS; a string \
of mtcute, MTKruto or ferogram; a SQLite file of grammers; the JSON of gotd; a folder of Telegram Desktop; a database log \
of TDLib; the local storage of Telegram Web, saved as JSON; a file of WTelegramClient, with --api-hash; tgnet.dat of \
Telegram for Android; or a session of sansgram, encrypted or not. The original is not changed, and nothing is written \
beside it.

A string may be wrapped, quoted, or part of a configuration file or message; a note lists what was ignored. The \
formats of gotd, Telegram Web, WTelegramClient and Android are read as their public sources describe them, and have not \
been tried with files of the real programs.

A session is a key: a program that has the string is logged in. Other users of this machine can see the options of a \
command, so pass a string in a file or on standard input (--from -).

The session of Telegram Desktop is its folder tdata; its parent folder and the file key_datas in it are accepted too. The session of TDLib is td.binlog (td_test.binlog for test DCs) or its database directory. If it is \
encrypted with a passcode or database encryption key, that is prompted for, or taken from --passcode-stdin or \
SANSGRAM_PASSCODE. If it contains several accounts, a note lists them, and --account selects a different one.

A session whose address is not one of Telegram's belongs to the server at that address; use --dc to set the address if \
the format does not contain it.

Strings of Telethon and GramJS do not contain the user, and SQLite files of Telethon 1 do not always; the next \"sansgram \
whoami\" finds out. Only the Pyrogram family contains the api_id of the application, which servers require; for others, pass \
--api-id here or to the first \"sansgram whoami\".";

pub(crate) const EXPORT: &str = "\
Write a session in the format of another library: a string on standard output, or a file that only you can read. A \
string of another library has no trailing newline in a file or a pipe, since most libraries reject one. All formats \
except sansgram, telethon2-sqlite, tdata and tdlib contain only the key of the home DC. An encrypted session is exported \
unencrypted.

If the session belongs to a server of your own, its address is written if the format has a field for it; Telegram's \
address is never written instead. The RSA key is not written.

These formats need --output: telethon-sqlite, telethon2-sqlite, pyrogram-sqlite (also for Hydrogram), kurigram-sqlite \
(also for Irenogram) and grammers-sqlite, which are files, and gramjs-store and tdata, which are folders.

tdata is a new folder with one account, as version 5.8.3 of Telegram Desktop writes it and later ones read it; it belongs \
in the folder of that program. tdlib is a file for the database directory of TDLib: td.binlog, or td_test.binlog for \
test DCs, since only its name indicates that. --passcode encrypts both: as the passcode of Telegram Desktop, or as the \
database encryption key of TDLib, which TDLib's JSON interface expects in base64.";

pub(crate) const NEW_KEY: &str = "\
Print a new key that seals the sessions of a database: 43 characters. Every command and program that uses them needs it, in \
SANSGRAM_STORE_KEY or by --store-key-file; without it, they are lost. The database never sees it. To keep it in a file that \
only you can read:

  umask 077; sansgram sessions new-key > store.key";

pub(crate) const SANDBOX: &str = "\
Run test DCs on this machine until Ctrl-C, for any client; no account and no network are needed. Clients need the \
addresses of the DCs and their public key; the first lines of the output show both.

It is as tolerant of released clients as Telegram's servers. A refusal is printed with its reason and the option that \
changes it, if any; repeated lines are counted for 10 seconds.

With --json, the first line on standard output is {\"dcs\":[{\"id\":1,\"address\":\"127.0.0.1:PORT\"},...],\
\"public_key\":\"FILE\"}. Each later line has an \"event\": code_sent or email_sent if a login code \"arrives\", logged_in, \
logged_out, scanned, message_not_sent, scan_failed, unserved, refused, tolerated, closed or not_saved. The last seven have a \"reason\", and \
the last four may have \"advice\", \"option\" and \"repeated\".

To scan a login link that a client shows as a QR code, write a line \"tg://login?token=... NUMBER\" to standard input, \
which makes the account with that number scan it; +9996621234 if no number is given.

Ctrl-C or SIGTERM ends it with exit code 0, as does the end of standard input with --until-eof: a program that starts the \
sandbox with a pipe as its standard input leaves none behind, no matter how it ends.";

pub(crate) const COMPLETIONS: &str = "\
Print a shell completion script, for example:

  sansgram completions bash > ~/.local/share/bash-completion/completions/sansgram
  sansgram completions zsh > ~/.zfunc/_sansgram
  sansgram completions fish > ~/.config/fish/completions/sansgram.fish";

pub(crate) const MAN: &str = "\
Print the manual as a man page, or write a page for each command into a directory:

  sansgram man | man -l -
  sansgram man --output ~/.local/share/man/man1";

/// The accounts of the sandbox.
pub(crate) const ACCOUNTS: &str = "\
Sandbox accounts (any api_id and api_hash work; --api-hash of this command must
have the form of one, 32 hexadecimal digits):
  phone 99966XYYYY   home DC X (1 to 3); its code is the digit X five times
                     (the code of +9996621234 is 22222)
  ... ending in 2    also has the password \"sandbox\"
  ... ending in 6    must set up an e-mail address first (any)
  ... ending in 7    receives codes by e-mail
  ... ending in 8    has the password \"sandbox\" and a recovery e-mail address
  ... ending in 9    is not registered: sign up
  bot 1:sandbox      home DC 2, username sandbox1_bot
  bot 2:elsewhere    home DC 1, username sandbox2_bot

Only the bots have usernames; \"sansgram sandbox --accounts\" can set others.

E-mail codes are the digit X six times. Clients start on DC 2; accounts on other DCs redirect them.";

/// The exit codes for the man pages; `EXIT_CODES` has the same in one line.
pub(crate) const EXIT_STATUS: [(&str, &str); 4] = [
    ("0", "Success."),
    ("1", "Refused, failed or incomplete; one sentence on standard error says why and what to do."),
    ("2", "Invalid usage."),
    ("128 + N", "Terminated by signal N, such as 130 for Ctrl-C."),
];

/// The files that the command reads and writes.
pub(crate) const FILES: [(&str, &str); 4] = [
    (
        "NAME.session",
        "A session: a key to the account. The default NAME is sansgram, in the working directory.",
    ),
    (".NAME.session.lock", "The lock of the process that uses the session. It contains no secret."),
    ("NAME.login", "A saved login: the state of an incomplete login. It is also a secret."),
    ("sandbox.pem", "The public RSA key of the test DCs that \"sansgram sandbox\" runs."),
];

const LOGIN_EXAMPLES: &str = "\
sansgram login
sansgram login --sandbox
sansgram login --sandbox --phone 9996610002 --code 11111 --password sandbox
sansgram login --sandbox --bot-token 1:sandbox --json
sansgram login --sandbox --qr --phone 9996610002 --password sandbox
sansgram login --phone +12345678900; sansgram login --code 12345";

const CALL_EXAMPLES: &str = "\
sansgram call help.getConfig
sansgram call users.getUsers '{\"id\": [{\"_\": \"inputUserSelf\"}]}' --json
sansgram call messages.sendMessage @message.json --session work
sansgram call messages --describe
sansgram call messages.sendMessage --describe";

/// Examples, by the name of the command's man page.
pub(crate) fn examples(page: &str) -> Option<&'static str> {
    Some(match page {
        "sansgram" => "sansgram login --sandbox\nsansgram login\nsansgram whoami\nsansgram logout",
        "sansgram-login" => LOGIN_EXAMPLES,
        "sansgram-whoami" => "sansgram whoami\nsansgram whoami --session work --json",
        "sansgram-logout" => "sansgram logout --session work",
        "sansgram-call" => CALL_EXAMPLES,
        "sansgram-listen" => "sansgram listen\nsansgram listen --session work | jq -c '.updates[]?'",
        "sansgram-doctor" => "sansgram doctor\nsansgram doctor --test --json",
        "sansgram-send" => {
            "sansgram send me 'The backup is done.'\nsansgram send @ada - --silent --session work\n\
             sansgram send -1001234567890 'Hello' --json"
        }
        "sansgram-password-reset" => "sansgram password reset",
        "sansgram-password-decline-reset" => "sansgram password decline-reset",
        "sansgram-password" => "sansgram password reset\nsansgram password decline-reset",
        "sansgram-sessions" => {
            "sansgram sessions list\nsansgram sessions import --from old.session --session me\n\
             sansgram sessions list --store postgres://sansgram@db.example/sessions"
        }
        "sansgram-sessions-import" => "sansgram sessions import --from old.session --session me",
        "sansgram-sessions-export" => "sansgram sessions export --session me --to telethon --output me.txt",
        "sansgram-sessions-show" => "sansgram sessions show --session me",
        "sansgram-sessions-list" => "sansgram sessions list",
        "sansgram-sessions-new-key" => "sansgram sessions new-key > store.key",
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

/// The file of `sandbox --accounts`, and what `sandbox --state` keeps.
pub(crate) const ACCOUNTS_FILE: &str = "\
--accounts FILE adds accounts. All fields except phone and token are optional;
without a code, five random digits are sent and shown:
  {\"users\": [{\"phone\": \"12025550123\", \"first_name\": \"Ada\",
              \"last_name\": \"L\", \"username\": \"ada_l\", \"id\": 7, \"dc\": 2,
              \"code\": \"12345\", \"password\": \"engine\", \"hint\": \"a machine\",
              \"recovery\": true, \"login_email\": \"ada@mail.example\"}],
   \"bots\": [{\"token\": \"42:secret\", \"first_name\": \"Bot\",
             \"username\": \"some_bot\", \"dc\": 1, \"revoked\": false}],
   \"sandbox_accounts\": true}
\"login_email\": \"required\" makes the account set up an address first.
\"sandbox_accounts\": false omits the accounts above.

With --state FILE, a client stays logged in if the sandbox is started again with
the same FILE, no matter how it ended. MTProto sessions are not kept. An
account whose description in --accounts has changed is reset, and one that was
removed from the file is deleted.";

/// The file of `sandbox --script`.
pub(crate) const SCRIPT_FILE: &str = "\
--script FILE plays answers, faults, updates and messages. Objects are written
as in the schema of layer 230:
  [[answer]]                 # or error = \"400 USER_ID_INVALID\", silence = true
  method = \"help.getNearestDc\"
  result = { _ = \"nearestDc\", country = \"XX\", this_dc = 2, nearest_dc = 2 }

  [[fault]]                  # or kind = \"wrong_type\", kind = \"truncated\"
  method = \"messages.sendMessage\"
  error = \"420 FLOOD_WAIT_3\"
  times = 1

  [[update]]                 # to the caller, a second after updates.getState
  update = { _ = \"updateConfig\" }
  delay = 1.0

  [[message]]
  from = 9996621234
  to = 1
  text = \"/start\"
  after = \"users.getUsers\"
Answers to one method are taken in the order of the file. Without times, an
answer or a fault is for every call, an update or a message for the first one
of its receiver, or of the user given as by.
An answer may have user and dc, a fault dc. Users are named by their
identifiers, those of sandbox numbers by the digits of the number.";

/// The end of `sandbox --help`.
pub(crate) fn after_sandbox() -> String {
    format!("{ACCOUNTS}\n\n{ACCOUNTS_FILE}\n\n{SCRIPT_FILE}\n\n{EXIT_CODES}")
}
