//! Why a WebSocket fails or ends.

/// Why a WebSocket came to nothing, or to its end. Close the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WebSocketError {
    /// The answer to the request is no HTTP/1.1.
    #[error("the server does not speak HTTP/1.1")]
    NotHttp,
    /// The answer's headers have more than 8 KiB.
    #[error("the headers of the answer are too long")]
    HeadersTooLong,
    /// The server did not agree to a WebSocket.
    #[error("the server answered with HTTP status {0}")]
    Status(u16),
    /// The answer lacks a header, or has a wrong one.
    #[error("the answer's header {0} is missing or wrong")]
    Header(&'static str),
    /// Reserved bits are set, although no extension was agreed upon.
    #[error("a frame has reserved bits")]
    Reserved,
    /// The server masked a frame.
    #[error("the server masked a frame")]
    Masked,
    /// A frame that is neither binary nor a control frame.
    #[error("a frame of type {0} came")]
    Kind(u8),
    /// A fragment follows no message, or a message a fragment.
    #[error("a fragment came out of order")]
    Fragment,
    /// A control frame is fragmented, or longer than 125 bytes.
    #[error("a control frame is fragmented or too long")]
    Control,
    /// A length is not in its shortest form, or beyond 63 bits.
    #[error("the length of a frame is badly written")]
    Length,
    /// The server closed in order, with this number if it gave one; 1000 is the usual.
    #[error("the server closed the WebSocket ({})", .0.unwrap_or(1005))]
    Closed(Option<u16>),
}
