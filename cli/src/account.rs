//! `sansgram whoami` and `sansgram logout`: what a session is good for once it is signed in.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sansgram_runtime::core::client::{Config, Servers, SessionData};
use sansgram_runtime::{Client, Error, FileStore, SessionStore};

use crate::args::{LogoutArgs, ServerArgs, WhoamiArgs};
use crate::failure::Failure;
use crate::login::half_done::HalfDone;
use crate::session::{self, Holder};
use crate::watch::{self, Watch};
use crate::who::Application;
use crate::{interrupt, output, server};

/// `sansgram whoami`.
pub(crate) fn whoami(mut args: WhoamiArgs) -> Result<(), Failure> {
    let application = Application::of_a_session(args.application.api_id.take())?;
    interrupt::watch()?;
    let limit = Duration::from_secs(args.server.timeout.into());
    watch::within(limit, move |watch| {
        let opened = Opened::open(&args.session, watch)?;
        opened.holder.must_be_signed_in(&args.session)?;
        watch.doing("asking who is signed in");
        opened.with_client(&args.server, &application, watch, async |client| {
            let user = client.get_me().await?;
            let dc = client.home().number();
            output::result(&if args.json { output::json(&user, dc) } else { output::words(&user, dc) })
        })
    })
}

/// `sansgram logout`.
pub(crate) fn logout(mut args: LogoutArgs) -> Result<(), Failure> {
    let application = Application::of_a_session(args.application.api_id.take())?;
    interrupt::watch()?;
    let limit = Duration::from_secs(args.server.timeout.into());
    watch::within(limit, move |watch| {
        let opened = Opened::open(&args.session, watch)?;
        let (was_signed_in, words) = match opened.holder {
            Holder::Nobody => (false, "Nobody was signed in."),
            Holder::HalfDone(_) => (false, "Nobody was signed in; the half-done sign-in is forgotten."),
            Holder::Unknown | Holder::Known => (true, "Signed out."),
        };
        let json = format!(r#"{{"signed_out":{was_signed_in}}}"#);
        let done = if args.json { &json } else { words };
        if matches!(opened.holder, Holder::Nobody) {
            return output::result(done);
        }
        let half_done = HalfDone::beside(&opened.store);
        // Before the key is of no more use at the server, while it could not be forgotten here.
        opened.store.check_writable().map_err(Error::from)?;
        if opened.session.servers == Servers::Ended {
            // No server is left that could be told.
            opened.store.save(&SessionData::default()).map_err(Error::from)?;
            half_done.forget()?;
            output::note("note: the session was of a sandbox that has ended; its keys are removed here");
            return output::result(done);
        }
        watch.doing("signing out");
        opened.with_client(&args.server, &application, watch, async |client| {
            client.sign_out().await.map_err(|error| match error {
                Error::Store(error) => Failure::new(format!("signed out at the server, but {error}")),
                error => error.into(),
            })?;
            half_done.forget()?;
            output::result(done)
        })
    })
}

/// A session that is there.
pub(crate) struct Opened {
    store: FileStore,
    session: SessionData,
    pub(crate) holder: Holder,
}

impl Opened {
    pub(crate) fn open(name: &Path, watch: &Watch) -> Result<Self, Failure> {
        let (store, session) = session::existing(name, Some(watch))?;
        let holder = Holder::of(&session, &HalfDone::tidied(&store));
        Ok(Self { store, session, holder })
    }

    pub(crate) fn with_client(
        self,
        server: &ServerArgs,
        application: &Application,
        watch: &Watch,
        action: impl AsyncFnOnce(&Client) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let config = server.config(&self.session)?;
        let api = application.credentials(&self.session, server::is_telegram(&config));
        let config = Config { api, ..config };
        let options = server.network.options()?;
        server.runtime.block_on(async {
            let client = server.runtime.start(config, Arc::new(self.store), options).await?;
            watch.client(&client);
            let result = action(&client).await;
            let cause = client.logout_cause();
            client.disconnect().await;
            // Why the session ended says more than that nobody is signed in.
            result.map_err(|failure| cause.map_or(failure, Failure::from))?;
            client.save_error().map_or(Ok(()), |error| Err(error.into()))
        })
    }
}
