//! The URL of a server.

use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use super::error::RedisError;

const DEFAULT_PORT: u16 = 6379;

pub(super) struct Url {
    pub(super) is_tls: bool,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) user: Option<String>,
    pub(super) password: Option<Zeroizing<String>>,
    pub(super) database: u16,
}

/// Reads a URL. No error has a part of it, since any may be the password's.
pub(super) fn parse(url: &str) -> Result<Url, RedisError> {
    let wrong = |reason: &str| RedisError::Url(reason.into());
    let (scheme, rest) = url.split_once("://").ok_or_else(|| wrong("it does not begin with redis://"))?;
    let is_tls = match scheme {
        "redis" => false,
        "rediss" => true,
        _ => return Err(wrong("it does not begin with redis:// or rediss://")),
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    // What follows one of them would be taken for the host, which errors name, or be left out.
    if rest.contains(['?', '#']) || path.contains('@') || authority.matches('@').count() > 1 {
        return Err(wrong("an @, /, ? or # in a name or password must be written %40, %2F, %3F or %23"));
    }
    let (login, place) = match authority.split_once('@') {
        Some((login, place)) => (Some(login), place),
        None => (None, authority),
    };
    let (host, port) = match place.strip_prefix('[') {
        // An IPv6 address.
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or_else(|| wrong("a ] is missing"))?;
            (host, port.strip_prefix(':').or_else(|| port.is_empty().then_some("")))
        }
        None => match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, Some("")),
        },
    };
    let port = match port {
        Some("") => DEFAULT_PORT,
        Some(port) => port.parse().map_err(|_| wrong("the port is not a number"))?,
        None => return Err(wrong("what follows ] is not a port")),
    };
    if host.is_empty() || !host.chars().all(|it| it.is_alphanumeric() || ".-_:".contains(it)) {
        return Err(wrong("it names no host"));
    }
    let database = match path {
        "" => 0,
        path => path.parse().map_err(|_| wrong("the number of the database is not one"))?,
    };
    let (user, password) = match login.map(|login| login.split_once(':').unwrap_or((login, ""))) {
        Some((user, password)) => (decoded(user)?, decoded(password)?),
        None => (None, None),
    };
    if user.is_some() && password.is_none() {
        return Err(wrong("the user has no password"));
    }
    let password = password.map(Zeroizing::new);
    Ok(Url { is_tls, host: host.into(), port, user, password, database })
}

/// Returns the text of a part, or `None` if it is empty.
fn decoded(part: &str) -> Result<Option<String>, RedisError> {
    let text = percent_decode_str(part).decode_utf8();
    let text = text.map_err(|_| RedisError::Url("a name or password is not UTF-8".into()))?;
    Ok(Some(text.into_owned()).filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(url: &str) -> (bool, String, u16, Option<String>, Option<String>, u16) {
        let url = parse(url).unwrap();
        let password = url.password.map(|it| it.to_string());
        (url.is_tls, url.host, url.port, url.user, password, url.database)
    }

    #[test]
    fn each_part_is_read() {
        let text = |text: &str| Some(text.to_owned());
        for (url, expected) in [
            ("redis://host", (false, "host".into(), 6379, None, None, 0)),
            ("rediss://h.example:1/", (true, "h.example".into(), 1, None, None, 0)),
            ("redis://:p%40%2Fw@[::1]:2/3", (false, "::1".into(), 2, None, text("p@/w"), 3)),
            ("redis://me:pw@[::1]", (false, "::1".into(), 6379, text("me"), text("pw"), 0)),
        ] {
            assert_eq!(parts(url), expected, "{url}");
        }
        for wrong in [
            "",
            "host",
            "redis://",
            "redis://:pw@",
            "http://h",
            "redis://h:x",
            "redis://h:65536",
            "redis://h/-1",
            "redis://h/x",
            "redis://[::1",
            "redis://[::1]x",
            "redis://h h",
            "redis://me@h",
            "redis://h?a=b",
            "redis://h#insecure",
            "redis://:%ff@h",
            "redis://a,b",
        ] {
            assert!(matches!(parse(wrong), Err(RedisError::Url(_))), "{wrong}");
        }
    }
}
