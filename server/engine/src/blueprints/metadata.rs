//! The one reader of a blueprint's metadata block.
//!
//! The block is made of comments, `# aikore.key = value`, between two marker lines. Whatever is wrong with it
//! becomes a warning with its line's number: a script without good metadata still runs, by the defaults.

use regex::Regex;
use types::blueprints::{Blueprint, BlueprintOrigin, Desktop, Readiness, Subpath, VenvType};

/// The largest script that is read.
pub(crate) const MAX_BYTES: u64 = 1024 * 1024;
const START: &str = "AIKORE-METADATA-START";
const END: &str = "AIKORE-METADATA-END";
const START_TIMEOUT_S: u32 = 180;
const STOP_GRACE_S: u32 = 10;
const LONGEST_START_S: u32 = 24 * 60 * 60;
const LONGEST_GRACE_S: u32 = 60 * 60;

/// Why these bytes cannot be a script; none when they can.
pub(crate) fn problem(bytes: &[u8]) -> Option<String> {
    if bytes.len() as u64 > MAX_BYTES {
        return Some("This file is larger than 1 MiB; it is no script and cannot be used.".to_owned());
    }
    if bytes.contains(&0) {
        return Some("This file is binary; it is no script and cannot be used.".to_owned());
    }
    None
}

/// The script with `\n` line ends and without a byte order mark: bash reads neither of the others.
pub(crate) fn unix_lines(bytes: &[u8]) -> Vec<u8> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut out = Vec::with_capacity(bytes.len());
    for (at, byte) in bytes.iter().enumerate() {
        if !(*byte == b'\r' && bytes.get(at + 1) == Some(&b'\n')) {
            out.push(*byte);
        }
    }
    out
}

/// What a script that cannot be used looks like in a list.
pub(crate) fn unusable(filename: &str, origin: BlueprintOrigin, problem: String) -> Blueprint {
    let mut blueprint = defaults(filename, origin);
    blueprint.warnings.push(problem);
    blueprint
}

/// Reads a script's metadata; never fails.
pub(crate) fn parse(filename: &str, origin: BlueprintOrigin, bytes: &[u8]) -> Blueprint {
    if let Some(problem) = problem(bytes) {
        return unusable(filename, origin, problem);
    }
    let mut blueprint = defaults(filename, origin);
    let text = String::from_utf8_lossy(bytes);
    if matches!(text, std::borrow::Cow::Owned(_)) {
        blueprint
            .warnings
            .push("The file is not UTF-8 everywhere; save it as UTF-8.".to_owned());
    }
    let (mut inside, mut ended) = (false, false);
    for (number, line) in (1..).zip(text.lines()) {
        if line.contains(START) {
            inside = true;
        } else if line.contains(END) {
            ended = inside;
            break;
        } else if inside && let Err(problem) = read_line(&mut blueprint, line.trim()) {
            blueprint.warnings.push(format!("Line {number}: {problem}"));
        }
    }
    if !inside {
        let missing = "There is no metadata block; the defaults apply.";
        blueprint.warnings.push(missing.to_owned());
    } else if !ended {
        let open = "The metadata block has no end marker.";
        blueprint.warnings.push(open.to_owned());
    }
    blueprint
}

fn defaults(filename: &str, origin: BlueprintOrigin) -> Blueprint {
    Blueprint {
        filename: filename.to_owned(),
        origin,
        name: filename.strip_suffix(".sh").unwrap_or(filename).to_owned(),
        category: "Other".to_owned(),
        description: String::new(),
        venv_type: VenvType::None,
        venv_path: "./env".to_owned(),
        ready: Readiness::Http,
        health_path: "/".to_owned(),
        start_timeout_s: START_TIMEOUT_S,
        stop_grace_s: STOP_GRACE_S,
        subpath: Subpath::Strip,
        script_cookies: false,
        min_vram_mb: None,
        disk_mb: None,
        desktop: None,
        desktop_gl: false,
        legacy: false,
        homepage: None,
        icon: None,
        warnings: Vec::new(),
    }
}

/// Reads one line of the block. Comments that are no setting are fine.
fn read_line(blueprint: &mut Blueprint, line: &str) -> Result<(), String> {
    let comment = line.trim_start_matches('#').trim();
    let Some(setting) = comment.strip_prefix("aikore.") else {
        return match line {
            "" => Ok(()),
            line if line.starts_with('#') => Ok(()),
            _ => Err("only comments belong into the metadata block.".to_owned()),
        };
    };
    let (key, value) = setting
        .split_once('=')
        .ok_or_else(|| "write it as `# aikore.key = value`.".to_owned())?;
    set(blueprint, key.trim(), value.trim())
}

fn set(blueprint: &mut Blueprint, key: &str, value: &str) -> Result<(), String> {
    match key {
        "name" => blueprint.name = words(value)?,
        "category" => blueprint.category = words(value)?,
        "description" => value.clone_into(&mut blueprint.description),
        "venv_type" => blueprint.venv_type = venv_type(value)?,
        "venv_path" => blueprint.venv_path = inner_path(value)?,
        "ready" => blueprint.ready = readiness(value)?,
        "health_path" if value.starts_with('/') => value.clone_into(&mut blueprint.health_path),
        "health_path" => return Err("`health_path` begins with `/`.".to_owned()),
        "start_timeout" => blueprint.start_timeout_s = seconds(value, 1..=LONGEST_START_S)?,
        "stop_grace" => blueprint.stop_grace_s = seconds(value, 0..=LONGEST_GRACE_S)?,
        "subpath" => blueprint.subpath = subpath(value)?,
        "script_cookies" => blueprint.script_cookies = yes_or_no("script_cookies", value)?,
        "min_vram_mb" => blueprint.min_vram_mb = Some(mebibytes(key, value)?),
        "disk_mb" => blueprint.disk_mb = Some(mebibytes(key, value)?),
        "homepage" if value.starts_with("https://") || value.starts_with("http://") => {
            blueprint.homepage = Some(value.to_owned());
        }
        "homepage" => return Err("`homepage` begins with `https://`.".to_owned()),
        "icon"
            if value
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) =>
        {
            blueprint.icon = Some(value.to_owned());
        }
        "icon" => return Err("`icon` is made of letters, digits, `-`, `_` and `.`.".to_owned()),
        "desktop" => blueprint.desktop = desktop(value)?,
        "desktop_gl" => blueprint.desktop_gl = yes_or_no("desktop_gl", value)?,
        // What scripts of the original say instead.
        "persistent_mode" => blueprint.desktop = (value == "true").then_some(Desktop::Required),
        _ => return Err(format!("there is no setting `aikore.{key}`; it is ignored.")),
    }
    Ok(())
}

fn words(value: &str) -> Result<String, String> {
    match value {
        "" => Err("the value is empty.".to_owned()),
        value => Ok(value.chars().filter(|c| !c.is_control()).take(100).collect()),
    }
}

fn venv_type(value: &str) -> Result<VenvType, String> {
    match value.to_ascii_lowercase().as_str() {
        "uv" => Ok(VenvType::Uv),
        "conda" => Ok(VenvType::Conda),
        "python" | "venv" => Ok(VenvType::Python),
        "none" => Ok(VenvType::None),
        _ => Err("`venv_type` is `uv`, `conda`, `python` or `none`.".to_owned()),
    }
}

/// A path that stays inside the instance's directory.
fn inner_path(value: &str) -> Result<String, String> {
    use std::path::Component::{CurDir, Normal};
    let inside = std::path::Path::new(value)
        .components()
        .all(|part| matches!(part, Normal(_) | CurDir));
    match value {
        "" | "-" => Err("`venv_path` is empty.".to_owned()),
        value if inside => Ok(value.to_owned()),
        _ => Err("`venv_path` stays inside the instance's directory.".to_owned()),
    }
}

fn readiness(value: &str) -> Result<Readiness, String> {
    match value {
        "http" => Ok(Readiness::Http),
        "tcp" => Ok(Readiness::Tcp),
        "process" => Ok(Readiness::Process),
        value => {
            let pattern = value
                .strip_prefix("log:")
                .map(str::trim)
                .filter(|pattern| !pattern.is_empty());
            let pattern = pattern.ok_or("`ready` is `http`, `tcp`, `process` or `log:<pattern>`.")?;
            match Regex::new(pattern) {
                Ok(_) => Ok(Readiness::Log(pattern.to_owned())),
                Err(_) => Err("the pattern of `ready` is no regular expression.".to_owned()),
            }
        }
    }
}

fn subpath(value: &str) -> Result<Subpath, String> {
    match value {
        "yes" | "keep" => Ok(Subpath::Keep),
        "strip" => Ok(Subpath::Strip),
        "no" => Ok(Subpath::No),
        _ => Err("`subpath` is `yes`, `no` or `strip`.".to_owned()),
    }
}

fn yes_or_no(key: &str, value: &str) -> Result<bool, String> {
    match value {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(format!("`{key}` is `yes` or `no`.")),
    }
}

fn desktop(value: &str) -> Result<Option<Desktop>, String> {
    match value {
        "required" => Ok(Some(Desktop::Required)),
        "optional" => Ok(Some(Desktop::Optional)),
        "none" => Ok(None),
        _ => Err("`desktop` is `required`, `optional` or `none`.".to_owned()),
    }
}

fn mebibytes(key: &str, value: &str) -> Result<u32, String> {
    value.parse().map_err(|_| format!("`{key}` is a whole number."))
}

fn seconds(value: &str, allowed: std::ops::RangeInclusive<u32>) -> Result<u32, String> {
    let number = value.trim_end_matches('s').trim().parse().ok();
    number
        .filter(|seconds| allowed.contains(seconds))
        .ok_or_else(|| format!("write seconds from {} to {}.", allowed.start(), allowed.end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Blueprint {
        parse("Some App.sh", BlueprintOrigin::Stock, text.as_bytes())
    }

    const GOOD: &str = "### AIKORE-METADATA-START ###\n# aikore.name = ComfyUI\n# aikore.category = Image Generation\n\
        # aikore.description = Nodes = fun\n# aikore.venv_type = uv\n# aikore.venv_path = ./env\n\
        # aikore.ready = log:Uvicorn running on .*:\\d+\n# aikore.health_path = /health\n\
        # aikore.start_timeout = 600\n# aikore.stop_grace = 30\n# aikore.subpath = yes\n\
        # aikore.script_cookies = yes\n# aikore.min_vram_mb = 6000\n# aikore.homepage = https://example.org\n# aikore.icon = comfy\n\
        # aikore.desktop = optional\n# aikore.desktop_gl = yes\n### AIKORE-METADATA-END ###\n#!/bin/bash\nset -e\n";

    #[test]
    fn every_setting_is_read() {
        let blueprint = read(GOOD);
        assert_eq!(blueprint.warnings, Vec::<String>::new());
        assert_eq!(blueprint.name, "ComfyUI");
        assert_eq!(blueprint.description, "Nodes = fun");
        assert_eq!(blueprint.venv_type, VenvType::Uv);
        assert_eq!(
            blueprint.ready,
            Readiness::Log("Uvicorn running on .*:\\d+".to_owned())
        );
        assert_eq!((blueprint.start_timeout_s, blueprint.stop_grace_s), (600, 30));
        assert_eq!(blueprint.subpath, Subpath::Keep);
        assert!(blueprint.script_cookies);
        assert_eq!(blueprint.min_vram_mb, Some(6000));
        assert_eq!(blueprint.desktop, Some(Desktop::Optional));
        assert!(blueprint.desktop_gl);
        assert_eq!(blueprint.health_path, "/health");
    }

    #[test]
    fn windows_line_ends_change_nothing() {
        let windows = GOOD.replace('\n', "\r\n");
        assert_eq!(read(&windows), read(GOOD));
        assert_eq!(unix_lines(windows.as_bytes()), GOOD.as_bytes());
        assert_eq!(unix_lines(b"\xef\xbb\xbfa\rb\r\n"), b"a\rb\n");
    }

    #[test]
    fn a_script_without_metadata_gets_the_defaults_and_a_warning() {
        for text in ["", "#!/bin/bash\necho hello\n"] {
            let blueprint = read(text);
            assert_eq!(blueprint.name, "Some App");
            assert_eq!(blueprint.start_timeout_s, 180);
            assert_eq!(blueprint.warnings.len(), 1);
            assert!(blueprint.warnings[0].contains("no metadata block"));
        }
    }

    #[test]
    fn bad_lines_are_named_by_number_and_the_others_count() {
        let blueprint = read(
            "#!/bin/bash\n### AIKORE-METADATA-START ###\n# aikore.name = App\n# aikore.start_timeout = soon\n\
             # a comment\n# aikore.ready = log:(\n# aikore.colour = red\necho\n# aikore.venv_path = ../../etc\n\
             # aikore.category\n### AIKORE-METADATA-END ###\n",
        );
        assert_eq!(blueprint.name, "App");
        let lines: Vec<&str> = blueprint
            .warnings
            .iter()
            .filter_map(|w| w.split(':').next())
            .collect();
        assert_eq!(
            lines,
            ["Line 4", "Line 6", "Line 7", "Line 8", "Line 9", "Line 10"]
        );
        assert_eq!(blueprint.venv_path, "./env");
    }

    #[test]
    fn binary_and_huge_files_are_no_scripts() {
        assert!(problem(b"\x7fELF\0").unwrap().contains("binary"));
        assert!(problem(&vec![b'#'; 5 << 20]).unwrap().contains("larger"));
        assert!(problem(GOOD.as_bytes()).is_none());
        assert!(parse("x.sh", BlueprintOrigin::Custom, b"caf\xe9\n").warnings[0].contains("UTF-8"));
    }
}
