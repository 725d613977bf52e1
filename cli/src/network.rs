//! The options for the route to the server: proxies and stream modes. No message contains a secret.

use clap::Args;
use sansgram_runtime::core::Secret;
use sansgram_runtime::core::client::Config;
use sansgram_runtime::core::client::{ProxyLink, ProxyMode, StreamMode};
use sansgram_runtime::proxy::AnyProxy;
use sansgram_runtime::{ClientOptions, Proxy};

use crate::address::Lookup;
use crate::environment::{self, MTPROXY, PROXY};
use crate::error::Failure;
use crate::route::{MtProxyRoute, Route};
use crate::values::secret;

/// The way to the server.
#[derive(Debug, Args)]
#[command(next_help_heading = "Network")]
pub(crate) struct NetworkArgs {
    /// Connect through this proxy: socks5://USER:PASSWORD@HOST:PORT, socks4://..., http://..., or a link such as
    /// tg://socks?... [env: SANSGRAM_PROXY]
    #[arg(long, value_name = "URL|LINK", value_parser = secret())]
    pub(crate) proxy: Option<Secret<String>>,

    /// Connect through this MTProxy: its link, such as tg://proxy?..., or its secret in hex or base64 and its address
    /// [env: SANSGRAM_MTPROXY]
    #[arg(long, value_name = "LINK|SECRET@HOST:PORT", value_parser = secret())]
    pub(crate) mtproxy: Option<Secret<String>>,

    /// Obfuscate the connection, so that it looks like random bytes
    #[arg(long)]
    pub(crate) obfuscated: bool,

    /// Encrypt with temporary keys that are discarded (perfect forward secrecy)
    #[arg(long)]
    pub(crate) pfs: bool,
}

/// The given proxies, at most one of each kind.
#[derive(Default)]
struct Given {
    proxy: Option<Proxy>,
    /// With the name of its option or variable.
    mtproxy: Option<(ProxyLink, &'static str)>,
}

impl NetworkArgs {
    /// Returns the options of the runtime's client.
    pub(crate) fn options(&self) -> Result<ClientOptions, Failure> {
        let proxy = self.proxies()?.proxy;
        Ok(proxy.map_or_else(ClientOptions::new, |proxy| ClientOptions::new().proxy(proxy)))
    }

    /// Returns the route of the connections.
    pub(crate) fn route(&self) -> Result<Route, Failure> {
        let Given { proxy, mtproxy } = self.proxies()?;
        let mtproxy = mtproxy.map(|(link, _)| match link.secret.mode() {
            ProxyMode::FakeTls { .. } => MtProxyRoute::FakeTls,
            _ => MtProxyRoute::Obfuscated,
        });
        Ok(Route { has_proxy: proxy.is_some(), mtproxy, ..Route::default() })
    }

    /// Applies the options to the configuration. Resolves the name of an MTProxy, which may block.
    pub(crate) fn apply_to(&self, config: &mut Config, lookup: &Lookup) -> Result<(), Failure> {
        self.apply_stream_mode(config);
        if let Some((ProxyLink { server, port, secret }, name)) = self.proxies()?.mtproxy {
            config.set_mtproxy(lookup.resolve(&server, port, name)?, secret);
        }
        Ok(())
    }

    /// Reads both options. Each takes a proxy of any kind, since a shared link does not say which option it belongs to.
    fn proxies(&self) -> Result<Given, Failure> {
        let values = [(&self.proxy, "--proxy", PROXY), (&self.mtproxy, "--mtproxy", MTPROXY)];
        let mut given = Given::default();
        for (value, option, variable) in values {
            let Some(text) = environment::or(value.clone(), variable)? else { continue };
            let name = source(value, option, variable);
            let unusable = |reason: &str| Failure::Usage(format!("{name} cannot be used: {reason}"));
            let second = match text.expose().parse().map_err(|error| unusable(&format!("{error}")))? {
                AnyProxy::Stream(proxy) => given.proxy.replace(proxy).is_some(),
                AnyProxy::MtProxy(link) => given.mtproxy.replace((link, name)).is_some(),
            };
            if second {
                return Err(unusable(
                    "--proxy and --mtproxy name two proxies of the same kind; give only one of them",
                ));
            }
        }
        Ok(given)
    }

    /// Sets temporary keys and obfuscation, which do not depend on the route.
    pub(crate) fn apply_stream_mode(&self, config: &mut Config) {
        config.pfs = self.pfs;
        if self.obfuscated {
            config.stream_mode = StreamMode::Obfuscated;
        }
    }
}

/// Returns the option or variable that a value comes from.
const fn source(
    given: &Option<Secret<String>>,
    option: &'static str,
    variable: &'static str,
) -> &'static str {
    if given.is_some() { option } else { variable }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "00112233445566778899aabbccddeeff";

    fn proxies(proxy: Option<&str>, mtproxy: Option<&str>) -> Result<Given, Failure> {
        let secret = |text: &str| Secret::new(String::from(text));
        let [proxy, mtproxy] = [proxy, mtproxy].map(|text| text.map(secret));
        let args = NetworkArgs { proxy, mtproxy, obfuscated: false, pfs: false };
        args.proxies()
    }

    #[test]
    fn c4_either_option_reads_every_kind_of_link() {
        let query = format!("server=proxy.example&port=443&secret=dd{KEY}");
        for text in [
            format!("tg://proxy?{query}"),
            format!("https://t.me/proxy?{query}"),
            format!("t.me/proxy?{query}"),
            format!("www.t.me/proxy?{query}"),
            format!("dd{KEY}@proxy.example:443"),
            "3QARIjNEVWZ3iJmqu8zd7v8@proxy.example:443".into(),
            format!("proxy.example:443:dd{KEY}"),
        ] {
            for given in [proxies(Some(&text), None), proxies(None, Some(&text))] {
                let Given { proxy: None, mtproxy: Some((link, _)) } = given.ok().unwrap() else {
                    panic!("{text}")
                };
                assert_eq!((link.server.as_str(), link.port), ("proxy.example", 443));
            }
        }
        for text in [
            "tg://socks?server=proxy.example&port=1080&user=me&pass=x",
            "https://t.me/socks?server=proxy.example&port=1080&user=me&pass=x",
            "socks5://me:x@proxy.example",
        ] {
            for given in [proxies(Some(text), None), proxies(None, Some(text))] {
                let Given { proxy: Some(proxy), mtproxy: None } = given.ok().unwrap() else {
                    panic!("{text}")
                };
                assert_eq!(proxy.to_string(), "socks5://proxy.example:1080");
                assert!(proxy.has_credentials());
            }
        }
        // An MTProxy behind a SOCKS5 proxy, and two of one kind.
        let mtproxy = format!("{KEY}@[::1]:80");
        let both = proxies(Some("socks5://a"), Some(&mtproxy)).ok().unwrap();
        assert_eq!(both.mtproxy.unwrap().0.server, "::1");
        assert!(both.proxy.is_some());
        assert!(proxies(Some(&mtproxy), Some(&mtproxy)).is_err());
    }

    #[test]
    fn errors_name_the_cause_without_the_secret() {
        for (text, reason) in [
            ("", "a proxy is given as"),
            (KEY, "SECRET@HOST:PORT"),
            ("proxy.example:443", "SECRET@HOST:PORT"),
            ("proxy.example:1080:me:73519", "socks5://USER:PASSWORD@HOST:PORT"),
            ("tg://http?server=a&port=1", "an HTTP proxy is given as http://HOST:PORT"),
            ("https://t.me/channel", "leads neither to an MTProxy nor to a SOCKS5 proxy"),
            ("73519@proxy.example:443", "the secret"),
            (&format!("{KEY}@proxy.example"), "port must be"),
            (&format!("{KEY}@proxy.example:0"), "port must be"),
            ("tg://proxy?server=a&port=1", "the link has no secret"),
            ("tg://socks?server=a", "the link has no port"),
            ("https://a:1", "HTTPS proxies are not supported"),
            ("socks4://me:73519@a:1", "user name or password"),
        ] {
            let Err(Failure::Usage(error)) = proxies(None, Some(text)) else { panic!("{text}") };
            assert!(error.contains(reason), "{text}: {error}");
            assert!(!error.contains("73519") && !error.contains(KEY), "{error}");
        }
    }
}
