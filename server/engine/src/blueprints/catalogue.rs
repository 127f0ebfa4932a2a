//! Finding scripts: by name, and all of them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use rust_embed::RustEmbed;
use types::blueprints::{Blueprint, BlueprintOrigin};

use super::metadata::{self, MAX_BYTES};
use crate::{Error, Result};

/// The top-level folder `blueprints/`, inside the program.
#[derive(RustEmbed)]
#[folder = "../../blueprints"]
pub(super) struct Stock;

/// Folder of the stock for apps that newer ones have followed. Its scripts are found by their plain names.
const LEGACY: &str = "legacy/";

/// Scripts that are no blueprints.
const SUPPORT: [&str; 1] = ["functions.sh"];

/// The places scripts come from.
pub(super) struct Catalogue {
    /// Directories, the one that wins first.
    places: Vec<(PathBuf, BlueprintOrigin)>,
}

impl Catalogue {
    pub(super) fn new(custom: PathBuf, overlay: Option<PathBuf>) -> Self {
        let mut places = vec![(custom, BlueprintOrigin::Custom)];
        places.extend(overlay.map(|overlay| (overlay, BlueprintOrigin::Stock)));
        Self { places }
    }

    /// Every blueprint, by category and name. One that cannot be used is in the list too, with the reason as
    /// its warning: a file that silently does not appear helps nobody.
    pub(super) fn list(&self) -> Vec<Blueprint> {
        let mut found = BTreeMap::new();
        for filename in Stock::iter().filter_map(|path| stock_name(&path).map(str::to_owned)) {
            if let Some((blueprint, _)) = stock(&filename) {
                found.insert(filename, blueprint);
            }
        }
        for (place, origin) in self.places.iter().rev() {
            for filename in scripts_in(place) {
                let blueprint = match read(place, &filename) {
                    Ok(bytes) => metadata::parse(&filename, *origin, &bytes),
                    Err(problem) => metadata::unusable(&filename, *origin, problem),
                };
                found.insert(filename, blueprint);
            }
        }
        let mut list: Vec<Blueprint> = found.into_values().collect();
        list.sort_by_cached_key(|blueprint| {
            (
                blueprint.category.to_lowercase(),
                blueprint.name.to_lowercase(),
                blueprint.filename.clone(),
            )
        });
        list
    }

    /// One blueprint and its script with Unix line ends. What comes from a person is only ever compared
    /// with plain file names.
    pub(super) fn read(&self, name: &str) -> Result<(Blueprint, Vec<u8>)> {
        let unknown = || Error::UnknownBlueprint(name.to_owned());
        let filename = format!("{}.sh", name.strip_suffix(".sh").unwrap_or(name));
        if !is_blueprint(&filename) {
            return Err(unknown());
        }
        for (place, origin) in &self.places {
            if std::fs::symlink_metadata(place.join(&filename)).is_ok() {
                let bytes = read(place, &filename).map_err(|problem| unfit(&problem))?;
                return usable(&filename, *origin, bytes.into());
            }
        }
        let (blueprint, bytes) = stock(&filename).ok_or_else(unknown)?;
        Ok((blueprint, metadata::unix_lines(&bytes)))
    }
}

/// A script of the program itself.
pub(super) fn stock(filename: &str) -> Option<(Blueprint, Cow<'static, [u8]>)> {
    let legacy = format!("{LEGACY}{filename}");
    let (file, legacy) = match Stock::get(filename) {
        Some(file) => (file, false),
        None => (Stock::get(&legacy)?, true),
    };
    let blueprint = metadata::parse(filename, BlueprintOrigin::Stock, &file.data);
    Some((Blueprint { legacy, ..blueprint }, file.data))
}

/// The name of a blueprint by its path in the stock.
pub(super) fn stock_name(path: &str) -> Option<&str> {
    let name = path.strip_prefix(LEGACY).unwrap_or(path);
    is_blueprint(name).then_some(name)
}

fn usable(filename: &str, origin: BlueprintOrigin, bytes: Cow<'_, [u8]>) -> Result<(Blueprint, Vec<u8>)> {
    if let Some(problem) = metadata::problem(&bytes) {
        return Err(unfit(&problem));
    }
    Ok((
        metadata::parse(filename, origin, &bytes),
        metadata::unix_lines(&bytes),
    ))
}

fn unfit(problem: &str) -> Error {
    Error::InvalidField {
        field: "base_blueprint",
        problem: problem.to_owned(),
    }
}

/// A plain file name that ends in `.sh` and is no support script.
fn is_blueprint(filename: &str) -> bool {
    filename.strip_suffix(".sh").is_some_and(|stem| !stem.is_empty())
        && !filename.starts_with('.')
        && !filename.contains(['/', '\\', '\0'])
        && !SUPPORT.contains(&filename)
}

fn scripts_in(place: &Path) -> Vec<String> {
    let entries = match std::fs::read_dir(place) {
        Ok(entries) => entries,
        Err(error) => {
            tracing::warn!(path = %place.display(), %error, "blueprints cannot be read");
            return Vec::new();
        }
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| is_blueprint(name))
        .collect()
}

/// The bytes of a script, or a sentence that says why not. A link may not lead out of the directory, and
/// only a regular file is opened: a pipe would block for ever.
fn read(place: &Path, filename: &str) -> Result<Vec<u8>, String> {
    let failed = |error: std::io::Error| format!("{filename} cannot be read: {error}.");
    let place = place.canonicalize().map_err(failed)?;
    let path = place.join(filename).canonicalize().map_err(failed)?;
    if !path.starts_with(&place) {
        return Err(format!(
            "{filename} is a link that leads out of the blueprints directory."
        ));
    }
    if !std::fs::metadata(&path).map_err(failed)?.is_file() {
        return Err(format!("{filename} is no file."));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(&path)
        .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
        .map_err(failed)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue(files: &[(&str, &[u8])]) -> (tempfile::TempDir, Catalogue) {
        let temp = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            std::fs::write(temp.path().join(name), bytes).unwrap();
        }
        let catalogue = Catalogue::new(temp.path().to_owned(), None);
        (temp, catalogue)
    }

    #[test]
    fn bad_files_do_not_spoil_the_list() {
        let big = vec![b'#'; 5 * 1024 * 1024];
        let (temp, catalogue) = catalogue(&[
            ("good.sh", b"echo\n"),
            ("binary.sh", b"\x7fELF\0\0"),
            ("big.sh", &big),
            ("functions.sh", b"f() { :; }\n"),
            ("notes.txt", b"no blueprint"),
            (".hidden.sh", b"echo\n"),
        ]);
        std::os::unix::fs::symlink("/etc/passwd", temp.path().join("link.sh")).unwrap();
        let list = catalogue.list();
        let find = |name: &str| list.iter().find(|b| b.filename == name);
        assert!(find("good.sh").is_some());
        assert!(
            find("functions.sh").is_none() && find("notes.txt").is_none() && find(".hidden.sh").is_none()
        );
        for (name, word) in [("binary.sh", "binary"), ("big.sh", "larger"), ("link.sh", "link")] {
            assert!(find(name).unwrap().warnings[0].contains(word), "{name}");
            assert!(
                matches!(catalogue.read(name), Err(Error::InvalidField { problem, .. }) if problem.contains(word)),
                "{name}"
            );
        }
    }

    #[test]
    fn names_that_lead_elsewhere_are_unknown() {
        let (_temp, catalogue) = catalogue(&[("good.sh", b"echo\n")]);
        assert!(catalogue.read("good").is_ok() && catalogue.read("good.sh").is_ok());
        for name in [
            "../good",
            "../../etc/passwd",
            "/etc/passwd",
            "",
            ".",
            "functions",
            "a/b.sh",
            "x\0",
        ] {
            assert!(
                matches!(catalogue.read(name), Err(Error::UnknownBlueprint(_))),
                "{name:?}"
            );
        }
    }

    #[test]
    fn a_custom_script_hides_the_overlay_and_gets_unix_line_ends() {
        let (custom, _) = catalogue(&[("app.sh", b"#!/bin/bash\r\necho custom\r\n")]);
        let (overlay, _) = catalogue(&[("app.sh", b"echo overlay\n"), ("other.sh", b"echo\n")]);
        let catalogue = Catalogue::new(custom.path().to_owned(), Some(overlay.path().to_owned()));
        let (blueprint, script) = catalogue.read("app").unwrap();
        assert_eq!(blueprint.origin, BlueprintOrigin::Custom);
        assert_eq!(script, b"#!/bin/bash\necho custom\n");
        assert_eq!(catalogue.read("other").unwrap().0.origin, BlueprintOrigin::Stock);
    }

    #[test]
    fn every_blueprint_that_ships_has_clean_metadata_and_its_own_name() {
        let list = Catalogue::new("/nowhere".into(), None).list();
        assert!(list.iter().any(|blueprint| blueprint.filename == "test-logs.sh"));
        assert!(
            list.iter()
                .any(|blueprint| blueprint.filename == "Forge.sh" && blueprint.legacy)
        );
        let mut names = std::collections::HashSet::new();
        for blueprint in list {
            assert!(
                blueprint.warnings.is_empty(),
                "{}: {:?}",
                blueprint.filename,
                blueprint.warnings
            );
            assert!(names.insert(blueprint.name.to_lowercase()), "{}", blueprint.name);
            assert!(!blueprint.description.is_empty(), "{}", blueprint.filename);
        }
    }
}
