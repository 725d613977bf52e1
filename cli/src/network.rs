//! From options to the way to the server: proxies and disguises. Nothing here repeats a secret.

use std::sync::atomic::{AtomicBool, Ordering};

use sansgram_runtime::core::client::Config;
use sansgram_runtime::core::crypto::Secret;
use sansgram_runtime::core::transport::{Disguise, ProxyLink, ProxySecret};
use sansgram_runtime::{ClientOptions, Proxy};

use crate::address;
use crate::args::NetworkArgs;
use crate::environment::{self, MTPROXY, PROXY};
use crate::failure::Failure;

/// Whether connections go through an MTProxy, for whoever says why one failed: this process knows one way only.
static THROUGH_MTPROXY: AtomicBool = AtomicBool::new(false);

/// The same of a SOCKS5 or HTTP proxy.
static THROUGH_PROXY: AtomicBool = AtomicBool::new(false);

/// Whether connections of this process go through a SOCKS5 or HTTP proxy.
pub(crate) fn is_through_proxy() -> bool {
    THROUGH_PROXY.load(Ordering::Relaxed)
}

/// Whether connections of this process go through an MTProxy.
pub(crate) fn is_through_mtproxy() -> bool {
    THROUGH_MTPROXY.load(Ordering::Relaxed)
}

impl NetworkArgs {
    /// The settings of the runtime's half of the client.
    pub(crate) fn options(&self) -> Result<ClientOptions, Failure> {
        let url = environment::or(self.proxy.clone(), PROXY)?;
        let name = name(&self.proxy, "--proxy", PROXY);
        let parse = |url: &str| {
            url.parse::<Proxy>().map_err(|error| Failure::Usage(format!("{name} cannot be used: {error}")))
        };
        let proxy = url.map(|url| parse(url.expose())).transpose()?;
        THROUGH_PROXY.store(proxy.is_some(), Ordering::Relaxed);
        Ok(ClientOptions { proxy })
    }

    /// What the machine must know. Resolves the name of an MTProxy, which may block.
    pub(crate) fn apply_to(&self, config: &mut Config) -> Result<(), Failure> {
        self.disguise(config);
        if let Some(given) = environment::or(self.mtproxy.clone(), MTPROXY)? {
            let name = name(&self.mtproxy, "--mtproxy", MTPROXY);
            let ProxyLink { server, port, secret } = mtproxy(given.expose())
                .map_err(|reason| Failure::Usage(format!("{name} cannot be used: {reason}")))?;
            config.use_proxy(address::resolve(&server, port, name)?, secret);
            THROUGH_MTPROXY.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// What connections look like, wherever they go.
    pub(crate) fn disguise(&self, config: &mut Config) {
        config.pfs = self.pfs;
        if self.obfuscated {
            config.disguise = Disguise::Obfuscated;
        }
    }
}

/// Where a value came from.
const fn name(given: &Option<Secret<String>>, option: &'static str, variable: &'static str) -> &'static str {
    if given.is_some() { option } else { variable }
}

/// Reads a link, or `SECRET@HOST:PORT`.
fn mtproxy(given: &str) -> Result<ProxyLink, String> {
    let given = given.trim();
    let Some((secret, place)) = given.rsplit_once('@').filter(|_| !given.contains("://")) else {
        return given
            .parse()
            .map_err(|error| format!("{error}; expected tg://proxy?... or SECRET@HOST:PORT"));
    };
    let (host, port) = address::host_and_port(place)?;
    let secret: ProxySecret = secret.parse().map_err(|error| format!("{error}"))?;
    Ok(ProxyLink { server: host.into(), port, secret })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "00112233445566778899aabbccddeeff";

    #[test]
    fn links_and_secrets_of_all_forms_are_read() {
        let link = format!("tg://proxy?server=proxy.example&port=443&secret=dd{KEY}");
        let expected: ProxyLink = link.parse().unwrap();
        for text in [
            link.clone(),
            link.replace("tg://", "https://t.me/"),
            format!("dd{KEY}@proxy.example:443"),
            "3QARIjNEVWZ3iJmqu8zd7v8@proxy.example:443".into(),
        ] {
            assert_eq!(mtproxy(&text), Ok(expected.clone()), "{text}");
        }
        assert_eq!(mtproxy(&format!("{KEY}@[::1]:80")).unwrap().server, "::1");
    }

    #[test]
    fn what_is_wrong_is_named_and_the_secret_is_not() {
        for (text, reason) in [
            ("", "no link"),
            (KEY, "SECRET@HOST:PORT"),
            ("73519@proxy.example:443", "the secret"),
            (&format!("{KEY}@proxy.example"), "the port is missing"),
            (&format!("{KEY}@proxy.example:0"), "the port"),
            ("tg://proxy?server=a&port=1", "the link has no secret"),
        ] {
            let error = mtproxy(text).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
            assert!(!error.contains("73519") && !error.contains(KEY), "{error}");
        }
    }
}
