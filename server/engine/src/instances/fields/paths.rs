//! The folder an instance writes its output to.

use std::path::{Component, Path, PathBuf};

use types::instances::Instance;

use super::{SHORT_MAX_BYTES, invalid};
use crate::data_dir::DataDir;
use crate::{Error, Result};

/// A path below a folder: no way up, not absolute, nothing hidden or invisible.
pub(super) fn relative_path(text: &str) -> Result<&Path, String> {
    let path = Path::new(text);
    if text.len() > SHORT_MAX_BYTES || text.contains('\\') || text.chars().any(char::is_control) {
        return Err("The folder's name is too long or holds a character that is not allowed.".to_owned());
    }
    let inside = path.components().all(|part| match part {
        Component::Normal(name) => !name.to_string_lossy().starts_with('.'),
        _ => false,
    });
    if inside && path.components().next().is_some() {
        Ok(path)
    } else {
        Err(
            "Name a folder below outputs, such as images/comfy: not absolute, without .. or hidden parts."
                .to_owned(),
        )
    }
}

/// Where an instance's output goes. Fails when a link on the way leads out of `outputs/`; asked again at each
/// start, because links can be made later.
pub(crate) fn contained_output(dir: &DataDir, row: &Instance) -> Result<PathBuf> {
    let invalid = invalid("output_path");
    let wanted = match &row.output_path {
        Some(text) => relative_path(text).map_err(&invalid)?,
        None => Path::new(&row.dir),
    };
    let outputs = dir.outputs();
    let base = outputs.canonicalize().map_err(Error::file(&outputs))?;
    let mut reached = base.clone();
    for part in wanted.components() {
        reached.push(part);
        match reached.canonicalize() {
            Ok(real) if real.starts_with(&base) => reached = real,
            Ok(_) => {
                return Err(invalid(
                    "A link in this path leads out of outputs; choose another folder.".to_owned(),
                ));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !reached.is_symlink() => {}
            Err(error) => return Err(Error::file(&reached)(error)),
        }
    }
    Ok(reached)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_folder_stays_below_outputs() {
        for text in ["images", "images/comfy", "模型/x y"] {
            assert!(relative_path(text).is_ok(), "{text}");
        }
        for text in [
            "../x",
            "/etc",
            "a/../../b",
            ".",
            "..",
            ".hidden",
            "a/.git",
            "a\\b",
            "a\nb",
        ] {
            assert!(relative_path(text).is_err(), "{text}");
        }
    }
}
