//! Turns options into the route to the server: proxies and disguises. No message here repeats a secret.

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
    /// Go through this proxy: socks5://USER:PASSWORD@HOST:PORT, socks4://..., http://..., or a link such as tg://socks?...
    /// [env: SANSGRAM_PROXY]
    #[arg(long, value_name = "URL|LINK", value_parser = secret())]
    pub(crate) proxy: Option<Secret<String>>,

    /// Go through this MTProxy: its link, such as tg://proxy?..., or its secret in hex or base64 with its address
    /// [env: SANSGRAM_MTPROXY]
    #[arg(long, value_name = "LINK|SECRET@HOST:PORT", value_parser = secret())]
    pub(crate) mtproxy: Option<Secret<String>>,

    /// Make the connection look like random bytes
    #[arg(long)]
    pub(crate) obfuscated: bool,

    /// Encrypt under temporary keys that are thrown away (perfect forward secrecy)
    #[arg(long)]
    pub(crate) pfs: bool,
}

/// The proxies that were given, at most one of each kind.
#[derive(Default)]
struct Given {
    proxy: Option<Proxy>,
    /// With the name of the option or variable that it came from.
    mtproxy: Option<(ProxyLink, &'static str)>,
}

impl NetworkArgs {
    /// Returns the settings of the runtime's part of the client.
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
        Ok(Route { has_proxy: proxy.is_some(), mtproxy, has_test_option: false })
    }

    /// Applies the settings that the state machine needs. Resolves the name of an MTProxy, which may block.
    pub(crate) fn apply_to(&self, config: &mut Config, lookup: &Lookup) -> Result<(), Failure> {
        self.disguise(config);
        if let Some((ProxyLink { server, port, secret }, name)) = self.proxies()?.mtproxy {
            config.set_mtproxy(lookup.resolve(&server, port, name)?, secret);
        }
        Ok(())
    }

    /// Reads both options. Each takes a proxy of any kind: a link that was shared does not say which option it is for.
    fn proxies(&self) -> Result<Given, Failure> {
        let values = [(&self.proxy, "--proxy", PROXY), (&self.mtproxy, "--mtproxy", MTPROXY)];
        let mut given = Given::default();
        for (value, option, variable) in values {
            let Some(text) = environment::or(value.clone(), variable)? else { continue };
            let name = name(value, option, variable);
            let unusable = |reason: &str| Failure::Usage(format!("{name} cannot be used: {reason}"));
            let second = match text.expose().parse().map_err(|error| unusable(&format!("{error}")))? {
                AnyProxy::Stream(proxy) => given.proxy.replace(proxy).is_some(),
                AnyProxy::MtProxy(link) => given.mtproxy.replace((link, name)).is_some(),
            };
            if second {
                return Err(unusable("--proxy and --mtproxy name two proxies of one kind; give one of them"));
            }
        }
        Ok(given)
    }

    /// Sets what connections look like, whatever their route.
    pub(crate) fn disguise(&self, config: &mut Config) {
        config.pfs = self.pfs;
        if self.obfuscated {
            config.stream_mode = StreamMode::Obfuscated;
        }
    }
}

/// Returns the option or variable that a value came from.
const fn name(given: &Option<Secret<String>>, option: &'static str, variable: &'static str) -> &'static str {
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

    /// Whichever option it was given by.
    #[test]
    fn c4_links_of_every_kind_are_read_by_either_option() {
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
    fn what_is_wrong_is_named_and_the_secret_is_not() {
        for (text, reason) in [
            ("", "a proxy is given as"),
            (KEY, "SECRET@HOST:PORT"),
            ("proxy.example:443", "SECRET@HOST:PORT"),
            ("proxy.example:1080:me:73519", "socks5://USER:PASSWORD@HOST:PORT"),
            ("tg://http?server=a&port=1", "an HTTP proxy is given as http://HOST:PORT"),
            ("https://t.me/channel", "leads to no MTProxy"),
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
