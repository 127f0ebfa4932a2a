//! Wheels: compiled Python packages, and what their file names say (PEP 427).

mod presets;

use serde::{Deserialize, Serialize};

/// A wheel of the library.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Wheel {
    /// Its file.
    pub filename: String,
    /// Package.
    pub name: String,
    /// Release, without what follows a `+`.
    pub version: String,
    /// What follows the `+` of the release, such as `cu128torch2.8`; empty mostly.
    pub local: String,
    /// Pythons it is for, such as `cp312` or `py3`.
    pub python: String,
    /// Interface it was compiled for, such as `cp312` or `abi3`; `none` for Python code.
    pub abi: String,
    /// System it was compiled for; `any` for Python code.
    pub platform: String,
    /// CUDA release in its name, such as `12.8`.
    pub cuda: Option<String>,
    /// Release of torch in its name, such as `2.8`.
    pub torch: Option<String>,
    /// GPU generation in its name, such as `8.9`.
    pub arch: Option<String>,
    /// Size.
    pub bytes: u64,
    /// When it came, Unix milliseconds.
    pub added_at: i64,
}

/// A wheel and one instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WheelChoice {
    /// The wheel.
    pub wheel: Wheel,
    /// Whether the instance installs it.
    pub selected: bool,
    /// Why it will not install there, a sentence; empty when nothing speaks against it.
    pub misfit: String,
}

/// The wheels of one instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InstanceWheels {
    /// The library.
    pub library: Vec<WheelChoice>,
    /// Wheels a person put into the instance's own folder; they stay as they are.
    pub own: Vec<String>,
}

/// What is built.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct BuildRequest {
    /// A requirement, or the address of a git repository.
    pub source: String,
    /// Python release, such as `3.12`; empty = the machine's own.
    pub python: String,
    /// Release of torch it is compiled against; empty = without torch.
    pub torch: String,
    /// CUDA release that torch is taken for, such as `12.8`; empty = the usual build.
    pub cuda: String,
    /// GPU generations, such as `8.9` or `8.6;8.9`; empty = those of the machine or the usual ones.
    pub arch: String,
    /// What has to be there to build it, besides the usual tools; one requirement per line.
    pub needs: String,
}

/// A module that is often built.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BuildPreset {
    /// What people call it.
    pub name: String,
    /// Requirement or address.
    pub source: String,
    /// Whether it is compiled against torch.
    pub torch: bool,
    /// What it needs besides the usual tools.
    pub needs: String,
}

impl Wheel {
    /// What the name of a file says; none when it is no wheel's, or could leave its folder.
    pub fn parse(filename: &str) -> Option<Self> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '!');
        if filename.len() > 255 || !filename.chars().all(is_plain) {
            return None;
        }
        let parts: Vec<&str> = filename.strip_suffix(".whl")?.split('-').collect();
        let (name, version, build, tags) = match parts[..] {
            [name, version, python, abi, platform] => (name, version, "", [python, abi, platform]),
            [name, version, build, python, abi, platform]
                if build.starts_with(|c: char| c.is_ascii_digit()) =>
            {
                (name, version, build, [python, abi, platform])
            }
            _ => return None,
        };
        let starts_well = name.starts_with(|c: char| c.is_ascii_alphanumeric());
        let is_version = version.starts_with(|c: char| c.is_ascii_digit());
        if !starts_well || !is_version || tags.iter().any(|tag| tag.is_empty()) {
            return None;
        }
        let (version, local) = version.split_once('+').unwrap_or((version, ""));
        // People write it behind a `+`, the builder into the build tag.
        let said = format!("{local}.{build}");
        let found = |keys: &[&str]| keys.iter().find_map(|key| number_after(&said, key));
        Some(Self {
            filename: filename.to_owned(),
            name: name.replace('_', "-"),
            version: version.to_owned(),
            local: local.to_owned(),
            python: tags[0].to_owned(),
            abi: tags[1].to_owned(),
            platform: tags[2].to_owned(),
            cuda: found(&["cu"]).map(cuda_release),
            torch: found(&["torch", "pt"]),
            arch: found(&["arch", "sm"]),
            bytes: 0,
            added_at: 0,
        })
    }

    /// Why it will not install for a Python release such as `3.12`; none when nothing speaks against it.
    pub fn misfit(&self, python: &str, machine: &str) -> Option<String> {
        let mut release = python.split('.');
        let (major, minor) = (release.next()?, release.next()?);
        let own = format!("cp{major}{minor}");
        let fits = self.python.split('.').any(|tag| {
            let older = |tag: &str| tag.strip_prefix(&format!("cp{major}"))?.parse::<u32>().ok();
            let is_stable = self.abi.split('.').any(|abi| abi == "abi3");
            tag == own
                || tag == format!("py{major}")
                || tag == format!("py{major}{minor}")
                || (is_stable
                    && older(tag)
                        .zip(minor.parse().ok())
                        .is_some_and(|(tag, own): (u32, u32)| tag <= own))
        });
        if !fits {
            return Some(format!(
                "It is for {}; the environment has Python {python}.",
                self.python
            ));
        }
        let runs_here = self.platform == "any" || self.platform.split('.').any(|tag| tag.ends_with(machine));
        (!runs_here).then(|| format!("It is for {}; this machine is {machine}.", self.platform))
    }
}

/// `2.8.0` of `cu128torch2.8.0cxx11` for `torch`.
fn number_after(text: &str, key: &str) -> Option<String> {
    let mut rest = text;
    while let Some(at) = rest.find(key) {
        let is_begin = at == 0 || !rest.as_bytes()[at - 1].is_ascii_alphabetic();
        rest = &rest[at + key.len()..];
        let end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let number = rest[..end].trim_end_matches('.');
        if is_begin && number.starts_with(|c: char| c.is_ascii_digit()) {
            return Some(number.to_owned());
        }
    }
    None
}

/// `12.8` of `128`; `12` stays, and so does what has a dot.
fn cuda_release(digits: String) -> String {
    let digits = digits.split('.').next().unwrap_or_default();
    match digits.len() {
        0..=2 => digits.to_owned(),
        length => format!("{}.{}", &digits[..length - 1], &digits[length - 1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_a_wheel_is_for() {
        let wheel =
            Wheel::parse("flash_attn-2.8.3+cu128torch2.8cxx11abiTRUE-cp312-cp312-linux_x86_64.whl").unwrap();
        assert_eq!(
            (wheel.name.as_str(), wheel.version.as_str()),
            ("flash-attn", "2.8.3")
        );
        assert_eq!(
            (wheel.cuda.as_deref(), wheel.torch.as_deref()),
            (Some("12.8"), Some("2.8"))
        );
        assert_eq!(
            (wheel.python.as_str(), wheel.platform.as_str()),
            ("cp312", "linux_x86_64")
        );
        let wheel =
            Wheel::parse("sageattention-2.2.0+pt2.9.1cu130arch8.9-cp313-cp313-linux_x86_64.whl").unwrap();
        let said = (
            wheel.cuda.as_deref(),
            wheel.torch.as_deref(),
            wheel.arch.as_deref(),
        );
        assert_eq!(said, (Some("13.0"), Some("2.9.1"), Some("8.9")));
        let plain = Wheel::parse("idna-3.10-py3-none-any.whl").unwrap();
        assert_eq!((plain.cuda, plain.torch, plain.local.as_str()), (None, None, ""));
        assert!(Wheel::parse("x-1.0-1build-py2.py3-none-any.whl").is_some());
        for wrong in [
            "x.whl",
            "../x-1-py3-none-any.whl",
            "x-1-py3-none-any.zip",
            "-x-1-py3-none-any.whl",
            "a/b-1-py3-none-any.whl",
            "x-v1-py3-none-any.whl",
        ] {
            assert_eq!(Wheel::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_wheel_for_another_python_or_machine_is_told() {
        let misfit = |name: &str, python: &str| Wheel::parse(name).unwrap().misfit(python, "x86_64");
        assert_eq!(misfit("x-1-cp312-cp312-linux_x86_64.whl", "3.12.4"), None);
        assert_eq!(misfit("x-1-cp38-abi3-manylinux_2_17_x86_64.whl", "3.12.4"), None);
        assert_eq!(misfit("x-1-py2.py3-none-any.whl", "3.12.4"), None);
        assert!(
            misfit("x-1-cp311-cp311-linux_x86_64.whl", "3.12.4")
                .unwrap()
                .contains("cp311")
        );
        assert!(misfit("x-1-cp313-abi3-linux_x86_64.whl", "3.12.4").is_some());
        assert!(misfit("x-1-cp312-cp312-win_amd64.whl", "3.12.4").is_some());
    }
}
