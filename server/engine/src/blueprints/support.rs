//! What blueprints build upon, written where they find it.

use std::io::Write;
use std::path::{Component, Path, PathBuf};

use super::catalogue::{Stock, stock_name};
use crate::{Error, Result};

/// Support files of an overlay that count: a directory full of other things is not copied.
const OVERLAID: [&str; 2] = ["functions.sh", "versions.env"];

/// Writes every stock file that is no blueprint below `target`. Only what differs is written, and by rename:
/// running scripts may be reading.
pub(super) fn write(target: &Path, overlay: Option<&Path>) -> Result<()> {
    std::fs::create_dir_all(target).map_err(Error::file(target))?;
    for name in Stock::iter().filter(|name| is_support(name)) {
        if let Some(file) = Stock::get(&name) {
            put(&target.join(&*name), &file.data)?;
        }
    }
    let Some(overlay) = overlay else { return Ok(()) };
    for name in OVERLAID {
        if let Ok(bytes) = std::fs::read(overlay.join(name)) {
            put(&target.join(name), &bytes)?;
        }
    }
    Ok(())
}

fn is_support(name: &str) -> bool {
    let inside = Path::new(name)
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    inside && stock_name(name).is_none()
}

/// Writes a file unless it holds just that.
fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    if std::fs::read(path).is_ok_and(|present| present == bytes) {
        return Ok(());
    }
    let mut fresh = PathBuf::from(path);
    fresh.as_mut_os_string().push(".new");
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(Error::file(parent))?;
    }
    std::fs::File::create(&fresh)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| std::fs::rename(&fresh, path))
        .map_err(Error::file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blueprints_stay_inside_and_everything_else_is_support() {
        for name in [
            "functions.sh",
            "versions.env",
            "constraints/app.txt",
            "demo/app.py",
            "demo/run.sh",
        ] {
            assert!(is_support(name), "{name}");
        }
        assert!(!is_support("ComfyUI.sh") && !is_support("legacy/Forge.sh"));
    }

    #[test]
    fn a_file_is_replaced_when_it_differs() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("deep/file.txt");
        put(&path, b"one").unwrap();
        put(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
    }
}
