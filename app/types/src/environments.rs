//! The Python environment of an instance.

use serde::{Deserialize, Serialize};

use crate::jobs::JobId;

/// A package that is installed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Package {
    /// As it calls itself.
    pub name: String,
    /// Release.
    pub version: String,
}

/// A package that does not fit the others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Misfit {
    /// Which.
    pub package: String,
    /// What it needs, such as `numpy<2`.
    pub needs: String,
    /// What there is instead; empty = nothing.
    pub has: String,
}

/// What an environment holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Environment {
    /// Where it lies, relative to the instance's directory.
    pub path: String,
    /// Whether it is there.
    pub exists: bool,
    /// Release of Python; empty when it is not there.
    pub python: String,
    /// Release of torch, where it is installed.
    pub torch: Option<String>,
    /// CUDA release that torch was built for.
    pub cuda: Option<String>,
    /// Libraries that decide what runs: torch and its companions, attention kernels, user interfaces.
    pub key: Vec<Package>,
    /// Everything, by name.
    pub packages: Vec<Package>,
    /// What does not fit together.
    pub conflicts: Vec<Misfit>,
    /// What could not be found out, in sentences.
    pub problems: Vec<String>,
    /// The last update, where there was one.
    pub last_update: Option<UpdateReport>,
}

/// The space an environment takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnvironmentSize {
    /// Of all its files; one with several names in it counts once.
    pub bytes: u64,
    /// Of those, the ones it shares with the cache or with other environments.
    pub shared_bytes: u64,
    /// Number of files.
    pub files: u64,
}

/// What a safe update does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum UpdateKind {
    /// Installs the requirements that were typed.
    #[default]
    Typed,
    /// Brings what the instance's `requirements.txt` names to the newest releases it allows.
    File,
    /// Lets the script make the environment anew.
    Rebuild,
}

/// What is asked of a safe update.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct UpdateRequest {
    /// What to do.
    pub kind: UpdateKind,
    /// Requirements, one per line, for `typed`.
    pub requirements: String,
    /// The app may be stopped for it.
    pub confirm: bool,
    /// Packages that do not fit together are no reason to roll back.
    pub accept_conflicts: bool,
}

/// How a safe update ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum UpdateOutcome {
    /// The new packages stay.
    Kept,
    /// The environment is as it was before.
    RolledBack,
}

/// One package that an update changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PackageChange {
    /// Which.
    pub name: String,
    /// Release before; none = it was not there.
    pub before: Option<String>,
    /// Release after; none = it is gone.
    pub after: Option<String>,
}

/// What became of a safe update.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpdateReport {
    /// The job that did it.
    pub job: JobId,
    /// When it ended, Unix milliseconds.
    pub at: i64,
    /// How it ended.
    pub outcome: UpdateOutcome,
    /// Why it was rolled back; empty when it was kept.
    pub reason: String,
    /// What it changed, or would have changed.
    pub changes: Vec<PackageChange>,
}

/// The differences between two lists of packages, by name.
pub fn differences(before: &[Package], after: &[Package]) -> Vec<PackageChange> {
    let version = |list: &[Package], name: &str| {
        let found = list.iter().find(|package| package.name == name);
        found.map(|package| package.version.clone())
    };
    let mut names: Vec<&String> = before.iter().chain(after).map(|package| &package.name).collect();
    names.sort();
    names.dedup();
    let changes = names.into_iter().map(|name| PackageChange {
        name: name.clone(),
        before: version(before, name),
        after: version(after, name),
    });
    changes.filter(|change| change.before != change.after).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_name_what_came_went_and_changed() {
        let package = |name: &str, version: &str| Package {
            name: name.to_owned(),
            version: version.to_owned(),
        };
        let before = [package("a", "1"), package("b", "1"), package("c", "1")];
        let after = [package("b", "2"), package("c", "1"), package("d", "1")];
        let told: Vec<String> = differences(&before, &after)
            .into_iter()
            .map(|change| {
                format!(
                    "{} {:?} {:?}",
                    change.name,
                    change.before.as_deref(),
                    change.after.as_deref()
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                r#"a Some("1") None"#,
                r#"b Some("1") Some("2")"#,
                r#"d None Some("1")"#
            ]
        );
    }
}
