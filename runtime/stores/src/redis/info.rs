//! What a server says about itself (`INFO`).

use super::error::RedisError;

/// The first version that knows the flags of scripts.
const FIRST_VERSION: u32 = 7;

/// Refuses a server that would lose sessions, or that cannot run the scripts. Returns its replication ID.
pub(super) fn check(info: &str, place: &str) -> Result<String, RedisError> {
    let value = |name: &str| {
        let lines = info.lines().filter_map(|line| line.split_once(':'));
        lines.filter(|(key, _)| *key == name).map(|(_, value)| value.trim()).next().unwrap_or_default()
    };
    let place = || String::from(place);
    if value("role") == "slave" {
        return Err(RedisError::ReadOnly(place()));
    }
    let version = value("redis_version");
    // What another program says that speaks the protocol is not known.
    if version.split('.').next().and_then(|it| it.parse().ok()).is_some_and(|it: u32| it < FIRST_VERSION) {
        return Err(RedisError::Version { place: place(), found: printable_word(version) });
    }
    let policy = value("maxmemory_policy");
    if policy.starts_with("allkeys") && value("maxmemory") != "0" {
        return Err(RedisError::Evicts { place: place(), policy: printable_word(policy) });
    }
    let replication_id = value("master_replid");
    if replication_id.is_empty() {
        return Err(RedisError::NoReplicationId(place()));
    }
    if value("aof_enabled") == "0" {
        tracing::warn!(
            server = place(),
            "the server has no append-only file (appendonly no): a crash loses the sessions saved last"
        );
    }
    Ok(replication_id.into())
}

fn printable_word(word: &str) -> String {
    sansgram_session::text::printable(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_would_lose_sessions_is_refused() {
        let info = |role: &str, version: &str, memory: &str, policy: &str| {
            let info = format!(
                "# Server\r\nredis_version:{version}\r\nrole:{role}\r\nmaxmemory:{memory}\r\n\
                 maxmemory_policy:{policy}\r\naof_enabled:1\r\nmaster_replid:0123\r\n"
            );
            check(&info, "h:1/0")
        };
        assert!(info("master", "7.0.15", "0", "allkeys-lru").is_ok(), "its memory has no limit");
        assert!(info("master", "10.1.0", "5", "volatile-lru").is_ok(), "no session expires");
        assert!(check("master_replid:0123", "h:1/0").is_ok(), "it says nothing else");
        assert!(matches!(check("", "h:1/0"), Err(RedisError::NoReplicationId(_))));
        assert!(matches!(info("slave", "7.0.0", "0", "noeviction"), Err(RedisError::ReadOnly(_))));
        assert!(matches!(info("master", "6.2.14", "0", "noeviction"), Err(RedisError::Version { .. })));
        assert!(matches!(info("master", "7.0.0", "5", "allkeys-lfu"), Err(RedisError::Evicts { .. })));
    }
}
