//! The size of a terminal.

/// An output that may have a size.
pub(super) trait AsScreen {
    /// Returns columns and rows, or `None` if the size is not known.
    fn size(&self) -> Option<(u16, u16)>;
}

#[cfg(unix)]
impl<T: std::os::fd::AsFd> AsScreen for T {
    fn size(&self) -> Option<(u16, u16)> {
        let size = rustix::termios::tcgetwinsize(self).ok()?;
        (size.ws_col > 0 && size.ws_row > 0).then_some((size.ws_col, size.ws_row))
    }
}

/// On other systems the size is not known.
#[cfg(not(unix))]
impl<T> AsScreen for T {
    fn size(&self) -> Option<(u16, u16)> {
        None
    }
}
