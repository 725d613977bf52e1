//! The size of a terminal.

/// What may have a size in columns and rows.
pub(super) trait AsScreen {
    fn size(&self) -> Option<(u16, u16)>;
}

#[cfg(unix)]
impl<T: std::os::fd::AsFd> AsScreen for T {
    fn size(&self) -> Option<(u16, u16)> {
        let size = rustix::termios::tcgetwinsize(self).ok()?;
        (size.ws_col > 0 && size.ws_row > 0).then_some((size.ws_col, size.ws_row))
    }
}

/// Elsewhere it is not known.
#[cfg(not(unix))]
impl<T> AsScreen for T {
    fn size(&self) -> Option<(u16, u16)> {
        None
    }
}
