//! The eight tasks of a first day, as the book shows them.

use std::io::Cursor;
use std::time::{Duration, SystemTime};

use grammers_client::client::UpdateStream;
use grammers_client::message::InputMessage;
use grammers_client::peer::User;
use grammers_client::update::Update;
use grammers_client::{Client, SignInError};

use grammers_mtsender::UpdatesConfiguration;

use crate::{API_HASH, Failure, Started, equal};

// ANCHOR: log_in
async fn log_in(client: &Client, phone: &str, code: &str, password: &str) -> Result<User, Failure> {
    let token = client.request_login_code(phone, API_HASH).await?;
    match client.sign_in(&token, code).await {
        Err(SignInError::PasswordRequired(token)) => Ok(client.check_password(token, password).await?),
        user => Ok(user?),
    }
}
// ANCHOR_END: log_in

// ANCHOR: bot
async fn bot(client: &Client, token: &str) -> Result<User, Failure> {
    Ok(client.bot_sign_in(token, API_HASH).await?)
}
// ANCHOR_END: bot

// ANCHOR: send
async fn send(client: &Client, message: impl Into<InputMessage>) -> Result<(), Failure> {
    let me = client.get_me().await?.to_ref().await?.ok_or("not in the session")?;
    client.send_message(me, message).await?;
    Ok(())
}
// ANCHOR_END: send

// ANCHOR: chats
async fn chats(client: &Client) -> Result<Vec<String>, Failure> {
    let (mut dialogs, mut names) = (client.iter_dialogs(), Vec::new());
    while let Some(dialog) = dialogs.next().await? {
        names.extend(dialog.peer().name().map(String::from));
    }
    Ok(names)
}
// ANCHOR_END: chats

// ANCHOR: follow
async fn follow(mut updates: UpdateStream, mut show: impl FnMut(&str) -> bool) -> Result<(), Failure> {
    // `updates` is from client.stream_updates(…).
    loop {
        if let Update::NewMessage(message) = updates.next().await? {
            if !show(message.text()) {
                return Ok(());
            }
        }
    }
}
// ANCHOR_END: follow

// ANCHOR: download
async fn download(client: &Client) -> Result<Option<Vec<u8>>, Failure> {
    let me = client.get_me().await?.to_ref().await?.ok_or("not in the session")?;
    let mut messages = client.iter_messages(me);
    while let Some(message) = messages.next().await? {
        let Some(media) = message.media() else { continue };
        let (mut parts, mut file) = (client.iter_download(&media), Vec::new());
        while let Some(part) = parts.next().await? {
            file.extend(part);
        }
        return Ok(Some(file));
    }
    Ok(None)
}
// ANCHOR_END: download

// ANCHOR: log_out
async fn log_out(client: &Client) -> Result<(), Failure> {
    client.sign_out().await?;
    Ok(())
}
// ANCHOR_END: log_out

/// A user with two sessions.
pub(crate) async fn of_a_user(client: Started, other: Started) -> Result<(), Failure> {
    // Each run has an account of its own, since what earlier ones sent is still there.
    let tenths = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_millis() / 100;
    let phone = format!("999662{:03}5", 900 + tenths % 90);
    log_in(&other.client, &phone, "22222", "").await?;
    let updates = other.client.stream_updates(other.updates, UpdatesConfiguration { catch_up: false }).await?;
    let following = tokio::spawn(follow(updates, |text| text != "hello"));
    log_in(&client.client, &phone, "22222", "").await?;
    let client = client.client;
    send(&client, "hello").await?;
    tokio::time::timeout(Duration::from_secs(20), following).await???;
    let content: Vec<u8> = (0..70_000_u32).map(|at| (at % 251) as u8).collect();
    let file = client.upload_stream(&mut Cursor::new(&content), content.len(), "a.bin".into()).await?;
    send(&client, InputMessage::new().document(file)).await?;
    equal("file", download(&client).await?.as_ref() == Some(&content), true)?;
    equal("chats", chats(&client).await?, vec!["Sandbox".to_owned()])?;
    log_out(&client).await?;
    log_out(&other.client).await?;
    equal("authorized", client.is_authorized().await?, false)
}

pub(crate) async fn of_a_bot(started: Started) -> Result<(), Failure> {
    equal("bot", bot(&started.client, "1:sandbox").await?.id().bare_id(), Some(1))?;
    log_out(&started.client).await
}
