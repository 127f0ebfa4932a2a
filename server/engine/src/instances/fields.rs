//! What the fields of an instance may hold, and what they mean.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};

use types::instances::Instance;

use crate::data_dir::DataDir;
use crate::{Error, Result};

/// The most a text field holds, bytes.
const TEXT_MAX_BYTES: usize = 64 * 1024;
/// The longest path, name of a host or version.
const SHORT_MAX_BYTES: usize = 255;
/// Variables whose meaning the panel relies on: a person's value for them would be lost or break supervision.
const OWN_VARIABLES: [&str; 9] = [
    "BASE_DIR",
    "BLUEPRINT_ID",
    "INSTANCE_CONF_DIR",
    "INSTANCE_NAME",
    "INSTANCE_OUTPUT_DIR",
    "SD_INSTALL_DIR",
    "SUBFOLDER",
    "WEBUI_HOST",
    "WEBUI_PORT",
];

/// Checks every field that has rules of its own; name, slug, port and blueprint are checked where they are known.
pub(crate) fn check(row: &Instance) -> Result<()> {
    gpu_ids(row.gpu_ids.clone())?;
    if let Some(path) = &row.output_path {
        relative_path(path).map_err(invalid("output_path"))?;
    }
    for (field, value) in [
        ("python_version", &row.python_version),
        ("cuda_version", &row.cuda_version),
        ("torch_version", &row.torch_version),
    ] {
        check_version(value.as_deref()).map_err(invalid(field))?;
    }
    env_vars(&row.env_vars)?;
    launch_args(&row.launch_args)?;
    hostname(&row.hostname).map_err(invalid("hostname"))?;
    if row.use_custom_hostname && row.hostname.is_empty() {
        let problem = "Write the host name that the link shall use.".to_owned();
        return Err(invalid("hostname")(problem));
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

/// The variables of `NAME=value` lines. Blank lines and lines that begin with `#` are skipped; quotes around a
/// whole value are taken off; nothing in a value is interpreted.
pub(crate) fn env_vars(text: &str) -> Result<Vec<(String, String)>> {
    let invalid = invalid("env_vars");
    plain_text(text).map_err(&invalid)?;
    let mut variables: Vec<(String, String)> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = line
            .split_once('=')
            .map(|(name, value)| (name.trim_end(), value.trim()))
            .filter(|(name, _)| is_variable(name))
            .ok_or_else(|| invalid(format!("Line {number} is no variable; write NAME=value.")))?;
        if OWN_VARIABLES.contains(&name) {
            return Err(invalid(format!(
                "Line {number}: {name} is set by AiKore; leave it out."
            )));
        }
        if variables.iter().any(|(other, _)| other == name) {
            return Err(invalid(format!("Line {number}: {name} is set twice.")));
        }
        variables.push((name.to_owned(), unquoted(value).to_owned()));
    }
    Ok(variables)
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn unquoted(value: &str) -> &str {
    ['"', '\'']
        .iter()
        .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(value)
}

/// The words of launch arguments, by a shell's rules for quotes and backslashes and by none of its others:
/// `$`, `*` and `;` mean themselves. Lines that begin with `#` are skipped.
pub(crate) fn launch_args(text: &str) -> Result<Vec<String>> {
    let invalid = invalid("launch_args");
    plain_text(text).map_err(&invalid)?;
    let mut words = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if !line.trim_start().starts_with('#') {
            split(line, &mut words).map_err(|problem| invalid(format!("Line {number}: {problem}")))?;
        }
    }
    Ok(words)
}

fn split(line: &str, words: &mut Vec<String>) -> Result<(), String> {
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default(); // an empty pair is an empty word
            }
            (None | Some('"'), '\\') => {
                let next = rest.next().ok_or("nothing follows the backslash at the end.")?;
                let word = word.get_or_insert_default();
                // Within double quotes a backslash is ordinary unless it hides a quote or a backslash.
                if quote.is_some() && !matches!(next, '"' | '\\') {
                    word.push('\\');
                }
                word.push(next);
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    if let Some(open) = quote {
        return Err(format!("a quote ({open}) is not closed."));
    }
    words.extend(word);
    Ok(())
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

fn hostname(text: &str) -> Result<(), String> {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .unwrap_or(text);
    let good = text.len() <= SHORT_MAX_BYTES
        && (text.is_empty() || !host.is_empty())
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte));
    if good {
        Ok(())
    } else {
        Err("A host name is made of letters, digits, dots and hyphens, such as comfy.example.org.".to_owned())
    }
}

/// A path below a folder: no way up, not absolute, nothing hidden or invisible.
fn relative_path(text: &str) -> Result<&Path, String> {
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
    fn variables_are_names_and_literal_values() {
        let text = "# comment\n\nA=1\nB = two words \nC=\"quoted\"\nD='x'\nE=a=b $HOME `id`\nF=";
        let variables = env_vars(text).unwrap();
        let read: Vec<(&str, &str)> = variables.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(
            read,
            [
                ("A", "1"),
                ("B", "two words"),
                ("C", "quoted"),
                ("D", "x"),
                ("E", "a=b $HOME `id`"),
                ("F", "")
            ]
        );
        for (text, word) in [
            ("A", "Line 1"),
            ("A=1\n1B=2", "Line 2"),
            ("A-B=1", "Line 1"),
            ("export A=1", "Line 1"),
            ("A=1\nA=2", "twice"),
            ("WEBUI_PORT=80", "AiKore"),
            ("A=\u{7}", "invisible"),
            ("=x", "Line 1"),
        ] {
            assert!(env_vars(text).unwrap_err().to_string().contains(word), "{text}");
        }
    }

    #[test]
    fn arguments_are_split_like_a_shell_splits_quotes() {
        let read = |text: &str| launch_args(text).unwrap();
        assert_eq!(read("--listen  --port 8188"), ["--listen", "--port", "8188"]);
        assert_eq!(read("# off\n--a\n  # off too\n--b"), ["--a", "--b"]);
        assert_eq!(
            read(r#"--path "my models" 'a "b"' "" x\ y"#),
            ["--path", "my models", "a \"b\"", "", "x y"]
        );
        assert_eq!(read(r#""a\"b" "c\d" --x='1 2'"#), ["a\"b", "c\\d", "--x=1 2"]);
        assert_eq!(read("$HOME;*`id`"), ["$HOME;*`id`"]);
        for text in ["\"open", "ok\nit's", "end\\"] {
            assert!(
                launch_args(text).unwrap_err().to_string().contains("Line"),
                "{text}"
            );
        }
    }

    #[test]
    fn versions_and_host_names_are_plain() {
        for text in ["3.12", "2.10.0+cu130", "cu128", "13.0"] {
            assert!(check_version(Some(text)).is_ok(), "{text}");
        }
        for text in ["3;12", "-x", "3 12", "$(id)", "3.12\n"] {
            assert!(check_version(Some(text)).is_err(), "{text}");
        }
        assert_eq!(version(Some("Auto".to_owned())), None);
        for text in [
            "",
            "comfy.example.org",
            "https://host:8443",
            "[::1]:9000",
            "192.168.1.2",
        ] {
            assert!(hostname(text).is_ok(), "{text}");
        }
        for text in ["a b", "host/path", "<img>", "javascript:alert(1)//", "https://"] {
            assert!(hostname(text).is_err(), "{text}");
        }
    }

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
