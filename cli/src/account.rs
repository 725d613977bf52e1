//! `sansgram whoami` and `sansgram logout`, and how a command uses a session that is logged in.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use sansgram_runtime::core::client::{Servers, StoredSession};
use sansgram_runtime::{Client, Error};
use serde_json::json;

use crate::application::{Application, ApplicationArgs};
use crate::error::Failure;
use crate::executor::Executor;
use crate::output::UserJson;
use crate::server::ServerArgs;
use crate::session::{self, OwnedSession, SessionOwner};
use crate::store::{Opens, StoreArgs};
use crate::timeout::{self, TimeLimit};
use crate::values::{self, session_name};
use crate::{help, interrupt, output, server};

/// The options of a command that uses an existing session.
#[derive(Debug, Args)]
pub(crate) struct SessionArgs {
    #[arg(id = "session", long, value_name = "NAME", default_value = values::DEFAULT_SESSION, help = help::SESSION,
        value_parser = session_name())]
    name: PathBuf,

    #[command(flatten)]
    store: StoreArgs,

    #[command(flatten)]
    application: ApplicationArgs,

    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Args)]
pub(crate) struct WhoamiArgs {
    /// Print the result as one JSON object: user_id, first_name, is_bot, dc
    #[arg(long)]
    json: bool,

    // Last, since its headings also apply to the options after it.
    #[command(flatten)]
    session: SessionArgs,
}

#[derive(Debug, Args)]
pub(crate) struct LogoutArgs {
    /// Print the result as one JSON object: logged_out
    #[arg(long)]
    json: bool,

    // Last, since its headings also apply to the options after it.
    #[command(flatten)]
    session: SessionArgs,
}

/// `sansgram whoami`.
pub(crate) fn whoami(args: WhoamiArgs) -> Result<(), Failure> {
    args.session.run(move |opened| {
        opened.must_be_logged_in()?;
        opened.time_limit.set_step("asking the server for the user");
        opened.with_client(async |client| {
            let user = client.get_me().await?;
            let dc = client.home().number();
            output::result(&if args.json {
                output::json(&UserJson::new(&user, dc))
            } else {
                output::describe_user(&user, dc)
            })
        })
    })
}

/// `sansgram logout`.
pub(crate) fn logout(args: LogoutArgs) -> Result<(), Failure> {
    args.session.run(move |opened| {
        let is_ended = opened.session.servers == Servers::EndedSandbox;
        let (was_logged_in, words) = match opened.owner {
            SessionOwner::NoUser => (false, "No user was logged in."),
            SessionOwner::SavedLogin(_) => (false, "No user was logged in; the saved login was removed."),
            SessionOwner::Unknown if is_ended => (false, "The keys of the session were removed."),
            SessionOwner::Known if is_ended => (true, "The keys of the session were removed."),
            SessionOwner::Unknown | SessionOwner::Known => (true, "Logged out."),
        };
        let json = output::json(&json!({ "logged_out": was_logged_in }));
        let done = if args.json { &json } else { words };
        if matches!(opened.owner, SessionOwner::NoUser) {
            return output::result(done);
        }
        let saved_login = opened.store.saved_login();
        let remove_saved_login = move || saved_login.map_or(Ok(()), |saved_login| saved_login.remove());
        // Checked before the server invalidates the key, in case it cannot be removed here.
        opened.store.check_writable()?;
        if is_ended {
            opened.store.save(&StoredSession::default())?;
            remove_saved_login()?;
            output::note(
                "note: the session was from a sandbox that has ended, so there is no server to log out from",
            );
            return output::result(done);
        }
        opened.time_limit.set_step("logging out");
        opened.with_client(async |client| {
            client.log_out().await.map_err(|error| match error {
                Error::Store(error) => Failure::new(format!("logged out on the server, but {error}")),
                error => error.into(),
            })?;
            remove_saved_login()?;
            output::result(done)
        })
    })
}

impl SessionArgs {
    /// Runs `action` with the session, within the time limit of the options. Errors if there is no such session.
    pub(crate) fn run(
        self,
        action: impl FnOnce(Opened<'_>) -> Result<(), Failure> + Send + 'static,
    ) -> Result<(), Failure> {
        interrupt::end_on_signal()?;
        self.run_with_signals_handled(action)
    }

    /// Like [`run`](Self::run), but the caller handles signals.
    pub(crate) fn run_with_signals_handled(
        mut self,
        action: impl FnOnce(Opened<'_>) -> Result<(), Failure> + Send + 'static,
    ) -> Result<(), Failure> {
        let application = Application::of_a_session(self.application.api_id.take())?;
        let limit = Duration::from_secs(self.server.timeout.into());
        timeout::within(limit, move |time_limit| {
            time_limit.set_step("opening the session");
            let database = self.store.open(Opens::Always)?;
            let (store, session) = session::own(database.as_ref(), &self.name, time_limit)?;
            time_limit.set_step("connecting");
            let owner = SessionOwner::of(&session, store.saved_login().as_ref());
            action(Opened { args: &self, application, time_limit, store, session, owner })
        })
    }
}

/// An existing session that this process owns.
pub(crate) struct Opened<'a> {
    args: &'a SessionArgs,
    application: Application,
    pub(crate) time_limit: &'a TimeLimit,
    store: OwnedSession,
    session: StoredSession,
    owner: SessionOwner,
}

impl Opened<'_> {
    /// Errors if the session says that no user is logged in.
    pub(crate) fn must_be_logged_in(&self) -> Result<(), Failure> {
        self.owner.must_be_logged_in(&self.args.name)
    }

    /// Returns the runtime that drives the client.
    pub(crate) const fn executor(&self) -> Executor {
        self.args.server.target.runtime
    }

    /// Runs `action` with a client of the session.
    pub(crate) fn with_client(
        self,
        action: impl AsyncFnOnce(&Client) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let server = &self.args.server;
        let config = server.config(&self.session, self.time_limit.lookup())?;
        let route = server.route(&config)?;
        let api = self.application.credentials(&self.session, server::is_telegram(&config));
        let config = config.with_api(api);
        let options = server.network.options()?;
        let result = server.target.runtime.block_on(async {
            let client = server.target.runtime.start(config, self.store.into_store(), options).await?;
            self.time_limit.set_client(&client, route);
            let result = action(&client).await;
            let cause = client.logout_cause();
            client.disconnect().await;
            // The reason why the session ended is more helpful than "no user is logged in".
            result.map_err(|failure| cause.map_or(failure, Failure::from))?;
            client.save_error().map_or(Ok(()), |error| Err(error.into()))
        });
        result.map_err(|failure| failure.with_advice(route, Some(&self.args.name)))
    }
}
