//! Which wheels of the library an instance installs.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use types::wheels::{InstanceWheels, WheelChoice};

use super::library;
use crate::{Error, Result};

/// In the instance's folder: the files we put there, by name, with their inode numbers. A file of that name with
/// another number is somebody else's.
const RECORD: &str = ".aikore-selected.json";

type Record = BTreeMap<String, u64>;

/// The library as an instance sees it; `python` is the release of its environment, where it has one.
pub(super) fn read(library: &Path, instance: &Path, python: Option<&str>) -> Result<InstanceWheels> {
    let folder = instance.join("wheels");
    let ours = ours(&folder);
    let choices = library::list(library)?.into_iter().map(|wheel| WheelChoice {
        selected: ours.contains_key(&wheel.filename),
        misfit: python
            .and_then(|python| wheel.misfit(python, std::env::consts::ARCH))
            .unwrap_or_default(),
        wheel,
    });
    let mut library: Vec<WheelChoice> = choices.collect();
    // Taken out of the library, but still selected here.
    for name in ours.keys() {
        if !library.iter().any(|choice| choice.wheel.filename == *name)
            && let Ok(wheel) = library::parse(name)
        {
            library.push(WheelChoice {
                wheel,
                selected: true,
                misfit: "It is not in the library any more.".to_owned(),
            });
        }
    }
    let mut own: Vec<String> = fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.') && !ours.contains_key(name))
        .collect();
    own.sort();
    Ok(InstanceWheels { library, own })
}

/// Makes the selection so: links what is missing, unlinks what is not wanted any more.
pub(super) fn write(library: &Path, instance: &Path, wanted: &[String]) -> Result<()> {
    let folder = instance.join("wheels");
    fs::create_dir_all(&folder).map_err(Error::file(&folder))?;
    let mut ours = ours(&folder);
    for name in wanted
        .iter()
        .filter(|name| !ours.contains_key(*name))
        .cloned()
        .collect::<Vec<_>>()
    {
        let wheel = library::parse(&name)?;
        let (from, to) = (library.join(&wheel.filename), folder.join(&wheel.filename));
        match fs::symlink_metadata(&to) {
            Ok(_) => return Err(Error::WheelInTheWay(name)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::file(&to)(error)),
        }
        if !from.is_file() {
            return Err(Error::UnknownWheel(name));
        }
        // Another disk, or a file system without links: then it is a copy.
        if fs::hard_link(&from, &to).is_err() {
            fs::copy(&from, &to).map_err(Error::file(&to))?;
        }
        let inode = fs::metadata(&to).map_err(Error::file(&to))?.ino();
        ours.insert(name, inode);
        store(&folder, &ours)?;
    }
    for name in ours
        .keys()
        .filter(|name| !wanted.contains(name))
        .cloned()
        .collect::<Vec<_>>()
    {
        let path = folder.join(&name);
        fs::remove_file(&path).map_err(Error::file(&path))?;
        ours.remove(&name);
    }
    store(&folder, &ours)
}

/// What we put there and is still the same file.
fn ours(folder: &Path) -> Record {
    let text = fs::read(folder.join(RECORD)).unwrap_or_default();
    let mut record: Record = serde_json::from_slice(&text).unwrap_or_default();
    record.retain(|name, inode| {
        fs::symlink_metadata(folder.join(name)).is_ok_and(|file| file.is_file() && file.ino() == *inode)
    });
    record
}

fn store(folder: &Path, record: &Record) -> Result<()> {
    let (path, fresh) = (folder.join(RECORD), folder.join(".aikore-selected.new"));
    let text = serde_json::to_vec(record).unwrap_or_default();
    fs::write(&fresh, text)
        .and_then(|()| fs::rename(&fresh, &path))
        .map_err(Error::file(&path))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "a-1-py3-none-any.whl";
    const B: &str = "b-1-cp39-cp39-linux_x86_64.whl";

    #[test]
    fn what_is_selected_is_linked_and_what_a_person_put_there_stays() {
        let dir = tempfile::tempdir().unwrap();
        let (library, instance) = (dir.path().join("library"), dir.path().join("instance"));
        fs::create_dir_all(&library).unwrap();
        fs::create_dir_all(instance.join("wheels")).unwrap();
        for name in [A, B, "notes.txt"] {
            fs::write(library.join(name), name).unwrap();
        }
        let own = "mine-1-py3-none-any.whl";
        fs::write(instance.join("wheels").join(own), "mine").unwrap();

        write(&library, &instance, &[A.to_owned(), B.to_owned()]).unwrap();
        let inode = |path: &Path| fs::metadata(path).unwrap().ino();
        assert_eq!(inode(&library.join(A)), inode(&instance.join("wheels").join(A)));
        let seen = read(&library, &instance, Some("3.12.1")).unwrap();
        assert_eq!(seen.own, [own]);
        let told: Vec<(bool, bool)> = seen
            .library
            .iter()
            .map(|choice| (choice.selected, choice.misfit.is_empty()))
            .collect();
        assert_eq!(told, [(true, true), (true, false)]);

        write(&library, &instance, &[B.to_owned()]).unwrap();
        assert!(!instance.join("wheels").join(A).exists() && library.join(A).exists());
        // Somebody put a file of their own in the place of ours.
        fs::remove_file(instance.join("wheels").join(B)).unwrap();
        fs::write(instance.join("wheels").join(".keep"), "").unwrap();
        fs::write(instance.join("wheels").join(B), "theirs").unwrap();
        write(&library, &instance, &[]).unwrap();
        assert_eq!(
            fs::read_to_string(instance.join("wheels").join(B)).unwrap(),
            "theirs"
        );
        assert!(matches!(
            write(&library, &instance, &[B.to_owned()]),
            Err(Error::WheelInTheWay(_))
        ));
        for wrong in ["../x-1-py3-none-any.whl", "notes.txt", "c-1-py3-none-any.whl"] {
            assert!(
                write(&library, &instance, &[wrong.to_owned()]).is_err(),
                "{wrong}"
            );
        }
        assert!(library::delete(&library, "../instance/wheels/x-1-py3-none-any.whl").is_err());
    }
}
