//! Blueprints of people: opened, saved, renamed, removed, and compared with what is shipped.

use sha2::{Digest, Sha256};
use types::blueprints::{Blueprint, BlueprintName, BlueprintOrigin, Opened};
use types::scripts::{ScriptCheck, ScriptFile};

use super::derived::derived;
use super::{Blueprints, catalogue, metadata};
use crate::scripts::check::check;
use crate::scripts::differences;
use crate::scripts::folder::{Folder, Replaced};
use crate::{Error, Result, blocking, clock};

/// Where removed scripts go, in the directory of custom ones; the catalogue does not look there.
const REMOVED: &str = ".removed";

/// What became of a text that was to be saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It is saved.
    Done,
    /// Somebody saved another text meanwhile, which stays; this one was kept under another name.
    Beside(BlueprintName),
}

impl Blueprints {
    /// A blueprint with its script, what is wrong with it, and how it differs from the shipped one.
    pub async fn open_script(&self, filename: &str) -> Result<Opened> {
        let (blueprint, bytes) = self.any(filename).await?;
        let content = String::from_utf8_lossy(&bytes).into_owned();
        let stock = match blueprint.origin {
            BlueprintOrigin::Stock => None,
            BlueprintOrigin::Custom => self.stock(&blueprint.filename).await,
        };
        Ok(Opened {
            version: version(&bytes),
            check: check(ScriptFile::Script, &blueprint.filename, content.clone()).await,
            stock: stock.map(|stock| differences::between(&String::from_utf8_lossy(&stock), &content)),
            content,
            blueprint,
        })
    }

    /// Makes a new custom blueprint.
    pub async fn add(&self, name: &BlueprintName, content: &str) -> Result<()> {
        if self.any(name.as_str()).await.is_ok() {
            return Err(Error::BlueprintTaken(name.as_str().to_owned()));
        }
        self.put(name, content, None).await?.then_some(()).ok_or_else(|| {
            // Made by somebody between the look and the write.
            Error::BlueprintTaken(name.as_str().to_owned())
        })
    }

    /// Makes a new custom blueprint of a script; what the panel has to know of it and the script does not say comes
    /// from the blueprint that it was made from.
    pub(crate) async fn add_derived(&self, name: &BlueprintName, script: &str, origin: &str) -> Result<()> {
        // The blueprint may be gone; the script is there nevertheless.
        let origin = self.script(origin).await.unwrap_or_default();
        let origin = String::from_utf8_lossy(&origin);
        self.add(name, &derived(script, name.stem(), &origin)).await
    }

    /// Copies a blueprint to a new custom one.
    pub async fn duplicate(&self, filename: &str, to: &BlueprintName) -> Result<()> {
        let (_, bytes) = self.any(filename).await?;
        self.add_derived(to, &String::from_utf8_lossy(&bytes), filename)
            .await
    }

    /// What is wrong with a script that is not saved.
    pub async fn check(&self, name: &BlueprintName, content: String) -> Result<ScriptCheck> {
        if let Some(problem) = metadata::problem(content.as_bytes()) {
            return Err(Error::InvalidField {
                field: "content",
                problem,
            });
        }
        Ok(check(ScriptFile::Script, name.as_str(), content).await)
    }

    /// Saves a text over the one that `version` names. A shipped script stays; one of the same name hides it.
    pub async fn save(&self, name: &BlueprintName, content: &str, version_before: &str) -> Result<Saved> {
        let (blueprint, before) = self.any(name.as_str()).await?;
        if version(&before) == version_before {
            let present = match blueprint.origin {
                BlueprintOrigin::Custom => Some(self.raw(name).await?),
                BlueprintOrigin::Stock => None,
            };
            if self.put(name, content, present).await? {
                return Ok(Saved::Done);
            }
        }
        for number in 2..100 {
            let other = BlueprintName::new(&format!("{}-{number}", name.stem())).map_err(|problem| {
                Error::InvalidField {
                    field: "filename",
                    problem: problem.to_string(),
                }
            })?;
            match self.add(&other, content).await {
                Ok(()) => return Ok(Saved::Beside(other)),
                Err(Error::BlueprintTaken(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::BlueprintChanged(name.as_str().to_owned()))
    }

    /// Gives a custom blueprint another name. Instances keep their own copy of the script, and the old name.
    pub async fn rename(&self, from: &BlueprintName, to: &BlueprintName) -> Result<()> {
        let bytes = self.raw(from).await?;
        if from == to {
            return Ok(());
        }
        self.add(to, &String::from_utf8_lossy(&bytes)).await?;
        self.folder(|folder, from| folder.remove(&from), from).await
    }

    /// Removes a custom blueprint; a shipped one of the same name is back then. The script is kept aside.
    pub async fn remove(&self, name: &BlueprintName) -> Result<()> {
        let bytes = self.raw(name).await?;
        self.folder(
            move |folder, name| {
                let aside = folder.inside(REMOVED)?;
                aside.add(&format!("{name}.{}", clock::now_ms()), &bytes)?;
                folder.remove(&name)
            },
            name,
        )
        .await
    }

    /// A blueprint that can be looked at, if only to see what is wrong with it.
    async fn any(&self, filename: &str) -> Result<(Blueprint, Vec<u8>)> {
        match self.read(filename).await {
            Err(Error::UnknownBlueprint(name)) => Err(Error::NoSuchBlueprint(name)),
            other => other,
        }
    }

    async fn stock(&self, filename: &str) -> Option<Vec<u8>> {
        let filename = filename.to_owned();
        let found = blocking(move || Ok(catalogue::stock(&filename).map(|(_, bytes)| bytes.into_owned())));
        found.await.ok()?
    }

    /// The bytes of a custom script, as they lie there.
    async fn raw(&self, name: &BlueprintName) -> Result<Vec<u8>> {
        let found = self.folder(|folder, name| folder.read(&name, metadata::MAX_BYTES), name);
        match found.await? {
            Some(bytes) => Ok(bytes),
            None if self.any(name.as_str()).await.is_ok() => {
                Err(Error::StockBlueprint(name.as_str().to_owned()))
            }
            None => Err(Error::NoSuchBlueprint(name.as_str().to_owned())),
        }
    }

    /// Writes a custom script whole or not at all; false where something else than expected is there.
    async fn put(&self, name: &BlueprintName, content: &str, expected: Option<Vec<u8>>) -> Result<bool> {
        let bytes = metadata::unix_lines(content.as_bytes());
        if let Some(problem) = metadata::problem(&bytes) {
            return Err(Error::InvalidField {
                field: "content",
                problem,
            });
        }
        let write = move |folder: Folder, name: String| folder.replace(&name, &bytes, expected.as_deref());
        Ok(self.folder(write, name).await? == Replaced::Done)
    }

    async fn folder<T: Send + 'static>(
        &self,
        work: impl FnOnce(Folder, String) -> Result<T> + Send + 'static,
        name: &BlueprintName,
    ) -> Result<T> {
        let (custom, name) = (self.custom.clone(), name.as_str().to_owned());
        blocking(move || work(Folder::open(&custom)?, name)).await
    }
}

fn version(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_dir::DataDir;

    struct World {
        blueprints: Blueprints,
        custom: std::path::PathBuf,
        _temp: tempfile::TempDir,
    }

    async fn world() -> World {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::create(temp.path()).unwrap();
        World {
            blueprints: Blueprints::open(&dir, None).await.unwrap(),
            custom: dir.blueprints(),
            _temp: temp,
        }
    }

    fn name(text: &str) -> BlueprintName {
        BlueprintName::new(text).unwrap()
    }

    #[tokio::test]
    async fn a_blueprint_is_made_saved_renamed_and_removed_without_a_loss() {
        let world = world().await;
        let blueprints = &world.blueprints;
        blueprints.add(&name("Mine"), "echo one\r\n").await.unwrap();
        let opened = blueprints.open_script("Mine.sh").await.unwrap();
        assert_eq!(opened.content, "echo one\n");
        assert!(
            opened
                .check
                .findings
                .iter()
                .any(|finding| finding.message.contains("metadata"))
        );
        let saved = blueprints
            .save(&name("Mine"), "echo two\n", &opened.version)
            .await
            .unwrap();
        assert_eq!(saved, Saved::Done);
        // Who began with the first text finds the second one in the way.
        let saved = blueprints
            .save(&name("Mine"), "echo three\n", &opened.version)
            .await
            .unwrap();
        assert_eq!(saved, Saved::Beside(name("Mine-2")));
        assert_eq!(
            blueprints.open_script("Mine").await.unwrap().content,
            "echo two\n"
        );
        assert_eq!(
            blueprints.open_script("Mine-2").await.unwrap().content,
            "echo three\n"
        );

        let clash = blueprints.rename(&name("Mine"), &name("Mine-2")).await;
        assert!(matches!(clash, Err(Error::BlueprintTaken(_))));
        blueprints.rename(&name("Mine"), &name("Ours")).await.unwrap();
        assert!(matches!(
            blueprints.open_script("Mine").await,
            Err(Error::NoSuchBlueprint(_))
        ));
        assert_eq!(
            blueprints.open_script("Ours").await.unwrap().content,
            "echo two\n"
        );
        blueprints.remove(&name("Ours")).await.unwrap();
        assert!(blueprints.open_script("Ours").await.is_err());
        let kept = std::fs::read_dir(world.custom.join(REMOVED))
            .unwrap()
            .next()
            .unwrap()
            .unwrap();
        assert_eq!(std::fs::read(kept.path()).unwrap(), b"echo two\n");
        assert!(
            blueprints
                .list()
                .await
                .unwrap()
                .iter()
                .all(|one| !one.filename.contains("Ours"))
        );
    }

    #[tokio::test]
    async fn a_shipped_blueprint_stays_and_comes_back() {
        let world = world().await;
        let blueprints = &world.blueprints;
        let shipped = blueprints.open_script("Forge.sh").await.unwrap();
        assert!(shipped.stock.is_none() && shipped.blueprint.legacy);
        assert!(matches!(
            blueprints.add(&name("Forge"), "x").await,
            Err(Error::BlueprintTaken(_))
        ));
        for refused in [
            blueprints.remove(&name("Forge")).await,
            blueprints.rename(&name("Forge"), &name("X")).await,
        ] {
            assert!(matches!(refused, Err(Error::StockBlueprint(_))));
        }
        let changed = format!("{}# mine\n", shipped.content);
        blueprints
            .save(&name("Forge"), &changed, &shipped.version)
            .await
            .unwrap();
        let own = blueprints.open_script("Forge").await.unwrap();
        assert_eq!(own.blueprint.origin, BlueprintOrigin::Custom);
        let diff = own.stock.unwrap();
        assert_eq!((diff.added, diff.removed), (1, 0));
        blueprints.remove(&name("Forge")).await.unwrap();
        assert_eq!(
            blueprints.open_script("Forge").await.unwrap().content,
            shipped.content
        );
    }

    #[tokio::test]
    async fn nothing_outside_of_the_directory_is_read_or_written() {
        let world = world().await;
        let secret = world.custom.parent().unwrap().join("secret");
        std::fs::write(&secret, "secret").unwrap();
        std::os::unix::fs::symlink(&secret, world.custom.join("link.sh")).unwrap();
        let blueprints = &world.blueprints;
        assert!(blueprints.open_script("link.sh").await.is_err());
        assert!(blueprints.save(&name("link"), "x", "").await.is_err());
        assert!(blueprints.rename(&name("link"), &name("other")).await.is_err());
        assert!(blueprints.remove(&name("link")).await.is_err());
        assert!(blueprints.add(&name("link"), "x").await.is_err());
        assert_eq!(std::fs::read_to_string(&secret).unwrap(), "secret");
        let binary = blueprints.add(&name("binary"), "a\0b").await;
        assert!(matches!(binary, Err(Error::InvalidField { .. })));
        let large = blueprints.add(&name("large"), &"#".repeat(2 << 20)).await;
        assert!(matches!(large, Err(Error::InvalidField { .. })));
    }
}
