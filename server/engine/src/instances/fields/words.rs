//! Text fields that mean variables and arguments.

use super::{invalid, plain_text};
use crate::{Result, process};

/// Variables whose meaning the panel relies on: a person's value for them would be lost or break supervision.
const OWN_VARIABLES: [&str; 10] = [
    process::RUN_MARK,
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

#[cfg(test)]
mod tests {
    use super::*;

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
            ("AIKORE_RUN=x", "AiKore"),
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
}
