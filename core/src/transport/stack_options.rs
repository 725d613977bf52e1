//! The options of a new connection.

use core::time::Duration;

#[cfg(feature = "mtproxy")]
use super::fake_tls::{HelloForm, hello_after_failures};
use super::framing::Framing;
use super::header::MAX_RECEIVED_FRAME;
use super::stream_mode::StreamMode;

/// The options of a new connection.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct StackOptions<'a> {
    /// The preferred framing; [`StreamMode::framing`] may replace it.
    pub framing: Framing,
    /// The appearance of the connection to the network.
    pub stream_mode: &'a StreamMode,
    /// The number of the DC on the wire: plus 10,000 for test DCs, negated for media. Plain connections do not send it.
    pub dc: i16,
    /// The maximum length of a received payload, in bytes.
    pub limit: usize,
    /// The Unix time that fake TLS sends to the proxy.
    #[cfg(feature = "mtproxy")]
    pub unix: Duration,
    /// The form of the fake TLS hello.
    #[cfg(feature = "mtproxy")]
    pub hello: HelloForm,
}

impl<'a> StackOptions<'a> {
    /// Creates options for a connection to `dc`. `unix` is the best known estimate of the Unix time.
    ///
    /// The limit is [`MAX_RECEIVED_FRAME`].
    #[must_use]
    #[cfg_attr(not(feature = "mtproxy"), allow(unused_variables, reason = "only fake TLS tells the time"))]
    pub fn new(framing: Framing, stream_mode: &'a StreamMode, dc: i16, unix: Duration) -> Self {
        Self {
            framing,
            stream_mode,
            dc,
            limit: MAX_RECEIVED_FRAME,
            #[cfg(feature = "mtproxy")]
            unix,
            #[cfg(feature = "mtproxy")]
            hello: HelloForm::default(),
        }
    }

    /// Sets the maximum length of a received payload, in bytes.
    #[must_use]
    pub const fn with_limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Sets the form of the fake TLS hello.
    #[cfg(feature = "mtproxy")]
    #[must_use]
    pub const fn with_hello(mut self, hello: HelloForm) -> Self {
        self.hello = hello;
        self
    }

    /// Varies the fake TLS hello. `failures`: the number of all earlier connections whose tunnel did not open; a success
    /// does not reset it. Proxies differ in the forms and the clock offsets that they accept, and a hello that was
    /// accepted is used again.
    #[must_use]
    #[cfg_attr(
        not(feature = "mtproxy"),
        allow(unused_variables, unused_mut, reason = "only fake TLS has a hello")
    )]
    pub fn after_failures(mut self, failures: u32) -> Self {
        #[cfg(feature = "mtproxy")]
        {
            let (hello, delay) = hello_after_failures(failures);
            self.hello = hello;
            self.unix = self.unix.saturating_sub(delay);
        }
        self
    }
}
