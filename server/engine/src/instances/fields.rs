//! What the fields of an instance may hold, and what they mean.

mod paths;
mod words;

use std::collections::HashSet;

use types::hosts::HostName;
use types::instances::Instance;

pub(crate) use self::paths::contained_output;
pub(crate) use self::words::{env_vars, launch_args};
use crate::{Error, Result};

/// The most a text field holds, bytes.
const TEXT_MAX_BYTES: usize = 64 * 1024;
/// The longest path.
const SHORT_MAX_BYTES: usize = 255;
/// Checks every field that has rules of its own; name, slug, port and blueprint are checked where they are known.
pub(crate) fn check(row: &Instance) -> Result<()> {
    gpu_ids(row.gpu_ids.clone())?;
    if let Some(path) = &row.output_path {
        paths::relative_path(path).map_err(invalid("output_path"))?;
    }
    for (field, value) in [
        ("python_version", &row.python_version),
        ("cuda_version", &row.cuda_version),
        ("torch_version", &row.torch_version),
    ] {
        check_version(value.as_deref()).map_err(invalid(field))?;
    }
    row.desktop
        .check()
        .map_err(|problem| invalid("desktop")(problem.to_owned()))?;
    env_vars(&row.env_vars)?;
    launch_args(&row.launch_args)?;
    if row.use_custom_hostname || !row.hostname.is_empty() {
        HostName::new(&row.hostname).map_err(|problem| invalid("hostname")(problem.to_string()))?;
    }
    Ok(())
}

fn invalid(field: &'static str) -> impl Fn(String) -> Error {
    move |problem| Error::InvalidField { field, problem }
}

/// A text without blanks at its ends; nothing but blanks is none.
pub(crate) fn optional(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

/// A wanted version; `Auto`, as older clients say it, is none.
pub(crate) fn version(text: Option<String>) -> Option<String> {
    optional(text).filter(|text| !text.eq_ignore_ascii_case("auto"))
}

/// Text of several lines with `\n` ends: forms send `\r\n`, and that would count as a change.
pub(crate) fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").trim_end().to_owned()
}

/// `0,1` or UUIDs, without blanks; none = all.
pub(crate) fn gpu_ids(text: Option<String>) -> Result<Option<String>> {
    let Some(text) = optional(text).filter(|text| !text.eq_ignore_ascii_case("all")) else {
        return Ok(None);
    };
    let mut seen = HashSet::new();
    let ids: Vec<&str> = text.split(',').map(str::trim).collect();
    for id in &ids {
        let number = (1..=3).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit());
        let uuid = (id.starts_with("GPU-") || id.starts_with("MIG-"))
            && id.len() <= 64
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'/');
        if !number && !uuid {
            let problem =
                format!("“{id}” is no GPU; write numbers such as 0,1, or UUIDs, or nothing for all.");
            return Err(invalid("gpu_ids")(problem));
        }
        if !seen.insert(*id) {
            return Err(invalid("gpu_ids")(format!("GPU {id} is named twice.")));
        }
    }
    Ok(Some(ids.join(",")))
}

/// Printable text of a bearable length: what goes into files that scripts read.
fn plain_text(text: &str) -> Result<(), String> {
    if text.len() > TEXT_MAX_BYTES {
        return Err("The text is longer than 64 KiB; shorten it.".to_owned());
    }
    match text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        Some(_) => Err("The text holds an invisible character; type it again.".to_owned()),
        None => Ok(()),
    }
}

fn check_version(text: Option<&str>) -> Result<(), String> {
    let Some(text) = text else { return Ok(()) };
    let good = text.len() <= 32
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".+-_".contains(&byte));
    if good {
        Ok(())
    } else {
        Err("A version is made of letters, digits, dots and + only, such as 3.12.".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpus_are_numbers_or_uuids_once_each() {
        let read = |text: &str| gpu_ids(Some(text.to_owned()));
        assert_eq!(read(" 0, 1 ").unwrap().as_deref(), Some("0,1"));
        assert_eq!(read("").unwrap(), None);
        assert_eq!(read("all").unwrap(), None);
        let uuid = "GPU-5b3cd0e1-0000-0000-0000-000000000000";
        assert_eq!(read(uuid).unwrap().as_deref(), Some(uuid));
        for text in ["0,,1", "a", "0;1", "0,0", "-1", "$(id)", "0 1", "99999"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn versions_are_plain() {
        for text in ["3.12", "2.10.0+cu130", "cu128", "13.0"] {
            assert!(check_version(Some(text)).is_ok(), "{text}");
        }
        for text in ["3;12", "-x", "3 12", "$(id)", "3.12\n"] {
            assert!(check_version(Some(text)).is_err(), "{text}");
        }
        assert_eq!(version(Some("Auto".to_owned())), None);
    }
}
