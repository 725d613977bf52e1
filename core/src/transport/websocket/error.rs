//! The errors of a WebSocket.

/// Why a WebSocket failed or ended. Close the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WebSocketError {
    /// The response is not HTTP/1.1.
    #[error("the server does not speak HTTP/1.1")]
    NotHttp,
    /// The headers of the response are longer than 8 KiB.
    #[error("the headers of the answer are too long")]
    HeadersTooLong,
    /// The server refused the upgrade.
    #[error("the server answered with HTTP status {0}")]
    Status(u16),
    /// A header of the response is missing or wrong.
    #[error("the answer's header {0} is missing or wrong")]
    Header(&'static str),
    /// Reserved bits are set, although no extension was negotiated.
    #[error("a frame has reserved bits")]
    Reserved,
    /// The server masked a frame.
    #[error("the server masked a frame")]
    Masked,
    /// A frame is neither binary nor a control frame.
    #[error("a frame has the unknown type {0}")]
    Kind(u8),
    /// A continuation frame without a message, or a new message before the end of the last one.
    #[error("a fragment came out of order")]
    Fragment,
    /// A control frame is fragmented, or longer than 125 bytes.
    #[error("a control frame is fragmented or too long")]
    Control,
    /// A length is not in its shortest form, or exceeds 63 bits.
    #[error("the length of a frame is not in its shortest form")]
    Length,
    /// The server sent a close frame, with this status code if it had one. The usual code is 1000.
    #[error("the server closed the WebSocket ({})", .0.unwrap_or(1005))]
    Closed(Option<u16>),
}
