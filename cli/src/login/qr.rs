//! The picture of a QR code in a file.

use std::fs;
use std::path::PathBuf;
use std::str::FromStr;

use sansgram_runtime::core::login::QrLink;
use sansgram_runtime::qr::QrImage;
use sansgram_runtime::replace_file;

use crate::cleanup;
use crate::policy::QR_PNG_SCALE;
use crate::values::{TILDE, has_tilde};

/// The file of `--qr-file`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PictureFile {
    path: PathBuf,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Png,
    Svg,
}

impl FromStr for PictureFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path = PathBuf::from(text);
        if has_tilde(&path) {
            return Err(TILDE.into());
        }
        let extension = path.extension().map(|it| it.to_string_lossy().to_lowercase());
        let kind = match extension.as_deref() {
            Some("png") => Kind::Png,
            Some("svg") => Kind::Svg,
            _ => return Err("the name must end with .png or .svg".into()),
        };
        Ok(Self { path, kind })
    }
}

impl PictureFile {
    /// Errors if the file exists, or its directory does not.
    pub(crate) fn check_new(&self) -> Result<(), String> {
        let directory = self.path.parent().filter(|it| !it.as_os_str().is_empty());
        if let Some(directory) = directory.filter(|it| !it.is_dir()) {
            return Err(format!(
                "the picture {} cannot be written: the directory {} does not exist; create it, or choose another file \
                 with --qr-file",
                self.name(),
                directory.display()
            ));
        }
        match fs::symlink_metadata(&self.path) {
            Ok(_) => {
                Err(format!("the file {} already exists; choose another file with --qr-file", self.name()))
            }
            Err(_) => Ok(()),
        }
    }

    /// Writes the picture of a link, and replaces the last one. Only its owner can read it.
    pub(crate) fn write(&self, link: &QrLink) -> Result<(), String> {
        let Some(picture) = QrImage::encode(link.url()) else { return Err("the link is too long".into()) };
        let content = match self.kind {
            Kind::Png => picture.png(QR_PNG_SCALE),
            Kind::Svg => picture.svg().into_bytes(),
        };
        replace_file(&self.path, &[&content])
            .map_err(|error| format!("the picture {} cannot be written: {error}", self.name()))?;
        // After the login the picture is useless.
        cleanup::remove_at_exit(&self.path);
        Ok(())
    }

    pub(crate) fn name(&self) -> String {
        self.path.display().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_selects_the_format() {
        assert_eq!("a/b.PNG".parse::<PictureFile>().unwrap().kind, Kind::Png);
        assert_eq!("b.svg".parse::<PictureFile>().unwrap().kind, Kind::Svg);
        for name in ["b", "b.jpg", ".png", ""] {
            assert!(name.parse::<PictureFile>().is_err(), "{name}");
        }
    }
}
