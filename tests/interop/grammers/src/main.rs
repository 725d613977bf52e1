//! grammers-client logs in to the test DCs. Argument: the JSON line of `sansgram sandbox --json`.
//!
//! It knows Telegram's keys and no others: run.sh compiles it with the sandbox's key in their place.

mod first_day;

use std::collections::HashMap;
use std::net::{SocketAddrV4, SocketAddrV6};
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use grammers_client::{Client, SignInError};
use grammers_mtsender::{InvocationError, SenderPool, UpdatesConfiguration};
use grammers_session::storages::MemorySession;
use grammers_session::updates::UpdatesLike;
use grammers_session::{Session, SessionData};
use tokio::sync::mpsc::Receiver;

const API_ID: i32 = 1;
const API_HASH: &str = "0123456789abcdef0123456789abcdef";
const HOME_DC: i32 = 2;
/// For one login, handshakes included.
const PATIENCE: Duration = Duration::from_secs(60);

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A phone or a token; the password; the DC where the account lives; the user's identifier.
const ACCOUNTS: [(&str, Option<&str>, i32, i64); 6] = [
    ("9996621264", None, 2, 9_996_621_264),
    ("9996611264", None, 1, 9_996_611_264),
    ("9996621262", Some("sandbox"), 2, 9_996_621_262),
    ("9996635662", Some("sandbox"), 3, 9_996_635_662),
    ("1:sandbox", None, 2, 1),
    ("2:elsewhere", None, 1, 2),
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let line = std::env::args().nth(1).unwrap_or_default();
    let addresses = match addresses(&line) {
        Ok(addresses) => addresses,
        Err(reason) => {
            eprintln!("the argument is not the line of a sandbox: {reason}");
            return ExitCode::FAILURE;
        }
    };
    let mut failed = 0;
    for (account, password, dc, id) in ACCOUNTS {
        let name = format!("grammers-client 0.11.0: {account} on DC {dc}");
        match tokio::time::timeout(PATIENCE, case(&addresses, account, password, dc, id)).await {
            Ok(Ok(())) => println!("ok      {name}"),
            Ok(Err(error)) => {
                failed += 1;
                eprintln!("FAILED  {name}: {error}");
            }
            Err(_) => {
                failed += 1;
                eprintln!("FAILED  {name}: no end after {} s", PATIENCE.as_secs());
            }
        }
    }
    for (name, case) in [("a user", first_day_of_a_user as fn(_) -> Case), ("a bot", first_day_of_a_bot)] {
        let name = format!("first day with grammers-client 0.11.0: {name}");
        let ended = tokio::time::timeout(PATIENCE, case(addresses.clone())).await;
        match ended.unwrap_or_else(|_| Err(format!("no end after {} s", PATIENCE.as_secs()).into())) {
            Ok(()) => println!("ok      {name}"),
            Err(error) => {
                failed += 1;
                eprintln!("FAILED  {name}: {error}");
            }
        }
    }
    ExitCode::from(u8::from(failed > 0))
}

type Case = Pin<Box<dyn Future<Output = Result<(), Failure>>>>;

fn first_day_of_a_user(addresses: HashMap<i32, SocketAddrV4>) -> Case {
    Box::pin(async move { first_day::of_a_user(start(&addresses)?, start(&addresses)?).await })
}

fn first_day_of_a_bot(addresses: HashMap<i32, SocketAddrV4>) -> Case {
    Box::pin(async move { first_day::of_a_bot(start(&addresses)?).await })
}

/// A client that runs in tasks of its own.
struct Started {
    client: Client,
    updates: Receiver<UpdatesLike>,
}

fn start(addresses: &HashMap<i32, SocketAddrV4>) -> Result<Started, Failure> {
    let SenderPool { runner, updates, handle } = SenderPool::new(Arc::new(session(addresses)?), API_ID);
    tokio::spawn(runner.run());
    Ok(Started { client: Client::new(handle), updates })
}

/// The addresses of the DCs.
fn addresses(line: &str) -> Result<HashMap<i32, SocketAddrV4>, Failure> {
    let described: serde_json::Value = serde_json::from_str(line)?;
    let dcs = described["dcs"].as_array().ok_or("it lists no DCs")?;
    dcs.iter()
        .map(|dc| {
            let id = dc["id"].as_i64().ok_or("a DC has no number")?;
            Ok((i32::try_from(id)?, dc["address"].as_str().ok_or("a DC has no address")?.parse()?))
        })
        .collect()
}

/// A session that knows where the home DC is; the others' addresses come from the sandbox. This library keeps none that is not
/// marked as static.
fn session(addresses: &HashMap<i32, SocketAddrV4>) -> Result<MemorySession, Failure> {
    let mut data = SessionData { home_dc: HOME_DC, ..SessionData::default() };
    for (dc, ipv4) in addresses.iter().filter(|(dc, _)| **dc == HOME_DC) {
        let option = data.dc_options.get_mut(dc).ok_or("it does not know this DC")?;
        let ipv6 = SocketAddrV6::new(ipv4.ip().to_ipv6_mapped(), ipv4.port(), 0, 0);
        (option.ipv4, option.ipv6) = (*ipv4, ipv6);
    }
    Ok(MemorySession::from(data))
}

async fn case(
    addresses: &HashMap<i32, SocketAddrV4>,
    account: &str,
    password: Option<&str>,
    dc: i32,
    id: i64,
) -> Result<(), Failure> {
    let session = Arc::new(session(addresses)?);
    let SenderPool { runner, updates, handle } = SenderPool::new(Arc::clone(&session), API_ID);
    let client = Client::new(handle);
    let pool = tokio::spawn(runner.run());

    equal("authorized", client.is_authorized().await?, false)?;
    let user = if account.contains(':') {
        client.bot_sign_in(account, API_HASH).await?
    } else {
        sign_in(&client, account, password, dc).await?
    };
    equal("user", user.id().bare_id(), Some(id))?;
    equal("home DC", session.home_dc_id()?, dc)?;
    let at = session.dc_option(dc)?.map(|option| option.ipv4);
    equal("address", at, addresses.get(&dc).copied())?;
    equal("authorized", client.is_authorized().await?, true)?;
    equal("itself", client.get_me().await?.id().bare_id(), Some(id))?;

    // With what it missed first, as a bot would begin; there is nothing, so that it only must not fail.
    let mut stream = client.stream_updates(updates, UpdatesConfiguration { catch_up: true }).await?;
    if let Ok(update) = tokio::time::timeout(Duration::from_millis(300), stream.next()).await {
        return Err(format!("an update came: {:?}", update.map(|_| ())).into());
    }

    client.sign_out().await?;
    match client.get_me().await {
        Err(InvocationError::Rpc(error)) if error.is("AUTH_KEY_UNREGISTERED") => {}
        other => return Err(format!("after the logout: {:?}", other.map(|_| ())).into()),
    }
    drop(stream);
    client.disconnect();
    pool.await?;
    Ok(())
}

/// By code, first a wrong one, and by password, first a wrong one.
async fn sign_in(
    client: &Client,
    phone: &str,
    password: Option<&str>,
    dc: i32,
) -> Result<grammers_client::peer::User, Failure> {
    let sent = client.request_login_code(phone, API_HASH).await?;
    match client.sign_in(&sent, "00000").await {
        Err(SignInError::InvalidCode) => {}
        other => return Err(format!("a wrong code: {:?}", other.map(|_| ())).into()),
    }
    let signed = client.sign_in(&sent, &dc.to_string().repeat(5)).await;
    let Some(password) = password else { return Ok(signed?) };
    let Err(SignInError::PasswordRequired(token)) = signed else {
        return Err(format!("no password is wanted: {:?}", signed.map(|_| ())).into());
    };
    equal("hint", token.hint(), Some("the name of this place"))?;
    Ok(client.check_password(token, password).await?)
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Result<(), Failure> {
    if found == expected {
        return Ok(());
    }
    Err(format!("{what}: found {found:?}, expected {expected:?}").into())
}
