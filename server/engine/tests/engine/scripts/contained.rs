//! Links, pipes and full disks in the way of a file.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

#[tokio::test]
async fn a_link_in_the_place_of_a_file_is_neither_read_nor_written() {
    let bench = Bench::new().await;
    let (made, path) = instance(&bench).await;
    let scripts = &bench.engine.scripts;
    let begun = scripts.open(made.id, SCRIPT).await.unwrap();
    let precious = bench.temp.path().join("precious");
    std::fs::write(&precious, &begun.content).unwrap();
    std::fs::remove_file(&path).unwrap();
    symlink(&precious, &path).unwrap();

    let error = scripts.open(made.id, SCRIPT).await.unwrap_err();
    assert!(matches!(error, Error::UnfitFile { .. }), "{error}");
    assert!(error.to_string().contains("link"), "{error}");
    for version in [Some(begun.version), None] {
        let edit = Edit {
            content: "echo mine\n".to_owned(),
            version,
        };
        assert!(matches!(
            scripts.save(made.id, SCRIPT, edit).await,
            Err(Error::UnfitFile { .. })
        ));
    }
    assert_eq!(std::fs::read_to_string(&precious).unwrap(), begun.content);
    assert!(path.is_symlink(), "the link itself is left alone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_is_swapped_in_while_somebody_saves_is_never_followed() {
    let bench = Bench::new().await;
    let (made, path) = instance(&bench).await;
    let scripts = &bench.engine.scripts;
    let precious = bench.temp.path().join("precious");
    std::fs::write(&precious, "precious\n").unwrap();
    let (link, file) = (path.with_file_name("link"), path.with_file_name("file"));
    let over = AtomicBool::new(false);
    let handle = tokio::runtime::Handle::current();
    std::thread::scope(|threads| {
        threads.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                for (spare, make) in [(&link, true), (&file, false)] {
                    if make {
                        symlink(&precious, spare).unwrap();
                    } else {
                        std::fs::write(spare, "echo swapped\n").unwrap();
                    }
                    std::fs::rename(spare, &path).unwrap();
                }
            }
        });
        threads.spawn(|| {
            for number in 0..300 {
                let edit = Edit {
                    content: format!("echo {number}\n"),
                    version: None,
                };
                // Refused, stale or saved: whatever was there at that moment.
                let _ = handle.block_on(scripts.save(made.id, SCRIPT, edit));
                if let Ok(script) = handle.block_on(scripts.open(made.id, SCRIPT)) {
                    assert_ne!(script.content, "precious\n", "the link was read");
                }
            }
            over.store(true, Ordering::Relaxed);
        });
    });
    assert_eq!(std::fs::read_to_string(&precious).unwrap(), "precious\n");
}

#[tokio::test]
async fn directories_pipes_and_links_to_directories_are_told_apart_and_never_waited_for() {
    let bench = Bench::new().await;
    let (made, path) = instance(&bench).await;
    let scripts = &bench.engine.scripts;
    std::fs::remove_file(&path).unwrap();
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let waited = tokio::time::timeout(crate::waiting::LIMIT, scripts.open(made.id, SCRIPT));
    assert!(matches!(waited.await.unwrap(), Err(Error::UnfitFile { .. })));
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert!(matches!(
        scripts.open(made.id, SCRIPT).await,
        Err(Error::UnfitFile { .. })
    ));
    std::fs::remove_dir(&path).unwrap();
    std::fs::write(&path, "echo\n").unwrap();

    // A history that leads elsewhere is not written to, and then nothing is.
    let elsewhere = bench.temp.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    symlink(&elsewhere, path.with_file_name(".versions")).unwrap();
    let edit = Edit {
        content: "echo mine\n".to_owned(),
        version: None,
    };
    assert!(matches!(
        scripts.save(made.id, SCRIPT, edit.clone()).await,
        Err(Error::UnfitFile { .. })
    ));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "echo\n");
    assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 0);

    // So does a directory that is a link itself.
    let home = path.parent().unwrap().to_owned();
    let moved = bench.temp.path().join("moved");
    std::fs::rename(&home, &moved).unwrap();
    symlink(&moved, &home).unwrap();
    assert!(matches!(
        scripts.save(made.id, SCRIPT, edit).await,
        Err(Error::UnfitFile { .. })
    ));
    assert_eq!(
        std::fs::read_to_string(moved.join("launch.sh")).unwrap(),
        "echo\n"
    );
}

#[tokio::test]
async fn a_full_disk_leaves_the_old_text_and_says_so() {
    let bench = Bench::new().await;
    let (made, path) = instance(&bench).await;
    let scripts = &bench.engine.scripts;
    let home = path.parent().unwrap();
    let disk = Disk::mount(home);
    if disk.is_none() {
        eprintln!("skipped: this user may not mount a file system");
        return;
    }
    std::fs::write(&path, "echo old\n").unwrap();
    let begun = scripts.open(made.id, SCRIPT).await.unwrap();
    let large = "x".repeat(700_000);
    let error = scripts
        .save(made.id, SCRIPT, edit(&large, &begun.version))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::NotWritten { .. }), "{error}");
    assert!(
        error.to_string().contains("is as it was: No space left"),
        "{error}"
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "echo old\n");
    let left = std::fs::read_dir(home).unwrap();
    let hidden = left.filter(|entry| {
        entry
            .as_ref()
            .unwrap()
            .file_name()
            .to_string_lossy()
            .ends_with(".new")
    });
    assert_eq!(hidden.count(), 0);
    // With room again, the same save goes through.
    saved(
        scripts
            .save(made.id, SCRIPT, edit("echo new\n", &begun.version))
            .await
            .unwrap(),
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "echo new\n");
}

/// A small file system, unmounted in the end.
struct Disk<'a>(&'a Path);

impl<'a> Disk<'a> {
    fn mount(path: &'a Path) -> Option<Self> {
        let options = ["-t", "tmpfs", "-o", "size=512k", "tmpfs"];
        program("mount", &[&options[..], &[path.to_str()?]].concat()).then_some(Self(path))
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        program("umount", &["-l", self.0.to_str().unwrap()]);
    }
}

#[expect(clippy::disallowed_methods, reason = "a test may start programs")]
fn program(name: &str, args: &[&str]) -> bool {
    std::process::Command::new(name)
        .args(args)
        .status()
        .is_ok_and(|status| status.success())
}
