//! Images of QR codes: for a terminal, in half-blocks and without escape codes, and as SVG and PNG files.

use std::env;
use std::fmt::Write as _;

use png::{BitDepth, ColorType, Encoder, EncodingError};
use qrcode::{Color, QrCode};

/// The width of the light margin that scanners need, in modules (ISO/IEC 18004 requires 4).
const QUIET_ZONE: usize = 4;
/// The width of the margin on a terminal, in modules: half of the normal margin is enough for scanners, and lines are
/// scarce.
const QUIET_ZONE_ON_TERMINAL: usize = 2;

/// The background of a terminal's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Background {
    /// Light text on a dark background.
    Dark,
    /// Dark text on a light background.
    Light,
}

impl Background {
    /// Returns the background that the terminal announces in the variable `COLORFGBG`, or dark if it announces none.
    #[must_use]
    pub fn detect() -> Self {
        let colors = env::var("COLORFGBG").unwrap_or_default();
        match colors.rsplit(';').next().and_then(|color| color.parse::<u8>().ok()) {
            Some(7 | 9..=15) => Self::Light,
            _ => Self::Dark,
        }
    }
}

/// A square of dark and light modules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QrImage {
    width: usize,
    is_dark: Vec<bool>,
}

impl QrImage {
    /// Creates the QR code of a text, with error correction level M. Returns `None` if the text is too long for a QR code:
    /// 2,331 bytes, more if it consists of digits or capital letters.
    #[must_use]
    pub fn encode(text: &str) -> Option<Self> {
        let code = QrCode::new(text).ok()?;
        let is_dark = code.to_colors().into_iter().map(|color| color == Color::Dark).collect();
        Some(Self { width: code.width(), is_dark })
    }

    /// Returns the number of modules on one side, without the margin.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Returns whether a module is dark; all modules beyond the edges are light. Columns and rows are counted with a
    /// margin of `margin` modules.
    fn at(&self, column: usize, row: usize, margin: usize) -> bool {
        let inside = |place: usize| place.checked_sub(margin).filter(|place| *place < self.width);
        let place = inside(column).zip(inside(row)).map(|(column, row)| row * self.width + column);
        place.and_then(|place| self.is_dark.get(place).copied()).unwrap_or(false)
    }

    /// Returns the image as text, two rows per line. It contains only blocks and spaces, so a terminal finds no escape
    /// codes in it.
    #[must_use]
    pub fn half_blocks(&self, background: Background) -> String {
        let side = self.width + 2 * QUIET_ZONE_ON_TERMINAL;
        let is_painted = |column, row| {
            // The last line may have one row too many, which keeps the background colour.
            row < side && (self.at(column, row, QUIET_ZONE_ON_TERMINAL) == (background == Background::Light))
        };
        let mut out = String::new();
        for row in (0..side).step_by(2) {
            for column in 0..side {
                out.push(match (is_painted(column, row), is_painted(column, row + 1)) {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (false, false) => ' ',
                });
            }
            out.push('\n');
        }
        out
    }

    /// Returns the image as an SVG document, black on white.
    #[must_use]
    pub fn svg(&self) -> String {
        let side = self.width + 2 * QUIET_ZONE;
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
             <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path fill=\"#000\" d=\""
        );
        for row in 0..side {
            for column in (0..side).filter(|column| self.at(*column, row, QUIET_ZONE)) {
                // Writing to a string cannot fail.
                let _ = write!(out, "M{column} {row}h1v1h-1z");
            }
        }
        out.push_str("\"/></svg>\n");
        out
    }

    /// Returns the image as a PNG file of one bit per pixel, with `scale` (1 to 32) pixels per module.
    #[must_use]
    pub fn png(&self, scale: u8) -> Vec<u8> {
        let scale = usize::from(scale.clamp(1, 32));
        let side = (self.width + 2 * QUIET_ZONE) * scale;
        let mut rows = Vec::with_capacity(side * side.div_ceil(8));
        for y in 0..side {
            for first in (0..side).step_by(8) {
                let is_white = |x: usize| x >= side || !self.at(x / scale, y / scale, QUIET_ZONE);
                rows.push((0..8).fold(0, |byte, bit| byte << 1 | u8::from(is_white(first + bit))));
            }
        }
        let mut out = Vec::new();
        // Writing to a vector cannot fail, and at most 185 modules of 32 pixels fit any PNG.
        let _ = encode_png(&mut out, u32::try_from(side).unwrap_or(u32::MAX), &rows);
        out
    }
}

/// Writes a square image of one bit per pixel.
fn encode_png(out: &mut Vec<u8>, side: u32, rows: &[u8]) -> Result<(), EncodingError> {
    let mut encoder = Encoder::new(out, side, side);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::One);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(rows)?;
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> QrImage {
        QrImage::encode("tg://login?token=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8").unwrap()
    }

    /// The modules that a reader of the text would see.
    fn seen(text: &str, background: Background) -> Vec<Vec<bool>> {
        let mut rows = Vec::new();
        for line in text.lines() {
            for upper in [true, false] {
                let is_dark = |block: char| {
                    let painted = block == '█' || block == if upper { '▀' } else { '▄' };
                    painted == (background == Background::Light)
                };
                rows.push(line.chars().map(is_dark).collect());
            }
        }
        rows
    }

    #[test]
    fn both_backgrounds_show_the_same_code_and_nothing_else() {
        let image = image();
        let side = image.width() + 2 * QUIET_ZONE_ON_TERMINAL;
        for background in [Background::Dark, Background::Light] {
            let text = image.half_blocks(background);
            assert!(text.chars().all(|c| "█▀▄ \n".contains(c)));
            let rows = seen(&text, background);
            assert_eq!(rows.len(), side.next_multiple_of(2));
            for (y, row) in rows.iter().take(side).enumerate() {
                assert_eq!(row.len(), side);
                for (x, is_dark) in row.iter().enumerate() {
                    assert_eq!(*is_dark, image.at(x, y, QUIET_ZONE_ON_TERMINAL), "{x}, {y}");
                }
            }
        }
        // Corners of a finder pattern.
        assert!(
            image.at(QUIET_ZONE, QUIET_ZONE, QUIET_ZONE)
                && image.at(QUIET_ZONE + 6, QUIET_ZONE + 6, QUIET_ZONE)
                && !image.at(QUIET_ZONE + 1, QUIET_ZONE + 1, QUIET_ZONE)
        );
    }

    #[test]
    fn svg_and_png_files_hold_the_modules() {
        let image = image();
        let svg = image.svg();
        let dark = image.is_dark.iter().filter(|is_dark| **is_dark).count();
        assert_eq!(svg.matches("h1v1h-1z").count(), dark);
        let png = image.png(8);
        assert!(png.starts_with(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"));
        assert!(png.ends_with(b"\0\0\0\0IEND\xae\x42\x60\x82"));
        let side = u32::try_from((image.width() + 2 * QUIET_ZONE) * 8).unwrap();
        assert_eq!(png[16..20], side.to_be_bytes());
        let mut reader = png::Decoder::new(std::io::Cursor::new(&png)).read_info().unwrap();
        let mut rows = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut rows).unwrap();
        assert_eq!((info.color_type, info.bit_depth), (ColorType::Grayscale, BitDepth::One));
        for y in 0..side as usize {
            for x in 0..side as usize {
                let is_white = rows[y * info.line_size + x / 8] >> (7 - x % 8) & 1 == 1;
                assert_eq!(is_white, !image.at(x / 8, y / 8, QUIET_ZONE), "{x}, {y}");
            }
        }
    }

    #[test]
    fn a_text_that_is_too_long_has_no_code() {
        assert_eq!(QrImage::encode(&"x".repeat(10_000)), None);
    }
}
