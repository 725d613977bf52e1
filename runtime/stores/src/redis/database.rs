//! The commands.

use std::collections::BTreeSet;
use std::time::Duration;

use ::redis::{Cmd, Value};

use super::connection::RedisServer;
use super::error::RedisError;
use super::keys::{self, SERVER, SESSIONS};
use super::scripts;
use crate::policy::LISTED_AT_ONCE;
use crate::shared::StoreOptions;
use crate::shared::database::{Database, Listed, Ownership, Taking};
use crate::shared::link::Link;

/// Shown instead of an owner that the server may have forgotten.
const FORGOTTEN: &str = "an owner that the server may have forgotten when it was started again or replaced";

/// Redis.
pub struct Redis {
    link: Link<RedisServer>,
}

fn script(code: &str, keys: &[&str]) -> Cmd {
    let mut command = ::redis::cmd("EVAL");
    command.arg(code).arg(keys.len()).arg(keys);
    command
}

impl Redis {
    pub(super) fn new(
        url: &str,
        options: &StoreOptions,
        renewal_period: Duration,
    ) -> Result<Self, RedisError> {
        let server = RedisServer::new(url, options, renewal_period)?;
        Ok(Self { link: Link::new(server, renewal_period) })
    }

    async fn query(&self, command: &Cmd) -> Result<Value, RedisError> {
        self.link
            .run(|client| async move {
                let answer = command.query_async(&mut client.connection()).await;
                answer.map_err(|error| self.link.server.error(&error))
            })
            .await
    }

    /// Runs a script over many sessions.
    async fn query_all(
        &self,
        code: &str,
        all: &[Ownership],
        lease: Option<Duration>,
    ) -> Result<Value, RedisError> {
        let mut command = ::redis::cmd("EVAL");
        command.arg(code).arg(all.len());
        for ownership in all {
            command.arg(keys::of_session(ownership.lease.session()));
        }
        if let Some(lease) = lease {
            command.arg(milliseconds(lease));
        }
        for ownership in all {
            command.arg(&ownership.owner).arg(ownership.lease.fence());
        }
        self.query(&command).await
    }

    fn foreign(&self, reason: &str) -> RedisError {
        RedisError::ForeignKeys { place: self.place().into(), reason: reason.into() }
    }

    fn fields(&self, value: Value) -> Result<Vec<Value>, RedisError> {
        match value {
            Value::Array(fields) => Ok(fields),
            _ => Err(self.foreign("its answer is not a list")),
        }
    }

    fn text(&self, field: Option<&Value>) -> Result<Option<String>, RedisError> {
        match field {
            None | Some(Value::Nil) => Ok(None),
            Some(Value::BulkString(bytes)) => Ok(Some(String::from_utf8_lossy(bytes).into_owned())),
            Some(_) => Err(self.foreign("a field is not a text")),
        }
    }

    /// Returns a number, 0 if there is none.
    fn number(&self, field: Option<&Value>) -> Result<u64, RedisError> {
        let Some(text) = self.text(field)? else { return Ok(0) };
        text.parse().map_err(|_| self.foreign("a field that should be a number is not"))
    }
}

impl Database for Redis {
    type Error = RedisError;

    const NAME: &str = "redis";

    fn place(&self) -> &str {
        &self.link.server.place
    }

    async fn check(&self) -> Result<(), RedisError> {
        self.link.run(|_| async { Ok(()) }).await
    }

    async fn acquire(&self, name: &str, owner: &str, lease: Duration) -> Result<Taking, RedisError> {
        let mut command = script(scripts::ACQUIRE, &[&keys::of_session(name), SESSIONS, SERVER]);
        command.arg(owner).arg(milliseconds(lease)).arg(name);
        let mut answer = self.fields(self.query(&command).await?)?;
        if answer.first() == Some(&Value::Int(1)) {
            let (fence, version) = (self.number(answer.get(1))?, self.number(answer.get(2))?);
            let sealed = match answer.pop() {
                Some(Value::BulkString(sealed)) if answer.len() == 3 => Some(sealed),
                _ => None,
            };
            return Ok(Taking::Taken { fence, version, sealed });
        }
        let owner = self.text(answer.get(1))?.unwrap_or_else(|| FORGOTTEN.into());
        Ok(Taking::Leased { owner, remaining: Duration::from_millis(self.number(answer.get(2))?) })
    }

    async fn give_up(&self, name: &str, owner: &str) -> Result<(), RedisError> {
        let mut command = script(scripts::GIVE_UP, &[&keys::of_session(name)]);
        self.query(command.arg(owner)).await?;
        Ok(())
    }

    async fn renew(&self, all: &[Ownership], lease: Duration) -> Result<BTreeSet<String>, RedisError> {
        let kept = self.fields(self.query_all(scripts::RENEW, all, Some(lease)).await?)?;
        let owner = |place: &Value| match place {
            Value::Int(place) => {
                let index = usize::try_from(*place).ok().and_then(|place| place.checked_sub(1));
                index.and_then(|index| all.get(index)).map(|it| it.owner.clone())
            }
            _ => None,
        };
        kept.iter().map(|place| owner(place).ok_or_else(|| self.foreign("a place is wrong"))).collect()
    }

    async fn save(&self, of: &Ownership, version: u64, sealed: &[u8]) -> Result<bool, RedisError> {
        let mut command = script(scripts::SAVE, &[&keys::of_session(of.lease.session())]);
        command.arg(&of.owner).arg(of.lease.fence()).arg(version).arg(sealed);
        Ok(self.query(&command).await? == Value::Int(1))
    }

    async fn release(&self, all: &[Ownership]) -> Result<(), RedisError> {
        self.query_all(scripts::RELEASE, all, None).await?;
        Ok(())
    }

    async fn list(&self) -> Result<Vec<Listed>, RedisError> {
        let mut command = ::redis::cmd("SMEMBERS");
        let names = self.fields(self.query(command.arg(SESSIONS)).await?)?;
        // Another program may have added one that is not UTF-8.
        let names = names.into_iter().filter_map(|name| match name {
            Value::BulkString(name) => String::from_utf8(name).ok(),
            _ => None,
        });
        let names: BTreeSet<String> = names.collect();
        let names: Vec<_> = names.into_iter().collect();
        let mut list = Vec::with_capacity(names.len());
        // A script holds all others up.
        for names in names.chunks(LISTED_AT_ONCE) {
            let keys: Vec<_> = names.iter().map(|name| keys::of_session(name)).collect();
            let keys: Vec<_> = keys.iter().map(String::as_str).collect();
            let found = self.fields(self.query(&script(scripts::LIST, &keys)).await?)?;
            for (name, fields) in names.iter().zip(found) {
                // One that is gone was removed by hand.
                let Value::Array(fields) = fields else { continue };
                list.push(Listed {
                    name: name.clone(),
                    owner: self.text(fields.first())?,
                    fence: self.number(fields.get(1))?,
                    version: self.number(fields.get(2))?,
                    remaining: Duration::from_millis(self.number(fields.get(3))?),
                });
            }
        }
        Ok(list)
    }

    async fn export(&self, name: &str) -> Result<Option<(u64, Vec<u8>)>, RedisError> {
        let mut command = ::redis::cmd("HMGET");
        command.arg(keys::of_session(name)).arg("version").arg("data");
        let mut fields = self.fields(self.query(&command).await?)?;
        match fields.pop() {
            Some(Value::BulkString(sealed)) => Ok(Some((self.number(fields.first())?, sealed))),
            _ => Ok(None),
        }
    }
}

/// Returns the lease in the unit of the server. What is cut off is less than the part at its end that is not used.
fn milliseconds(lease: Duration) -> u64 {
    u64::try_from(lease.as_millis()).unwrap_or(u64::MAX)
}
