//! What checkers say about a text, as findings with their places. Nothing of the text is run.

mod bash;
mod shellcheck;

use std::path::Path;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use types::blueprints::BlueprintOrigin;
use types::scripts::{Finding, ScriptCheck, ScriptFile, Severity};

use crate::blueprints::metadata;
use crate::instances::fields;
use crate::process::command::{self, Command, Said};

/// A checker that thinks longer than this about one script is given up.
const PATIENCE: Duration = Duration::from_secs(20);
/// Of what a checker says so much is read.
const SAID_BYTES: usize = 4 * 1024 * 1024;
/// More than this nobody reads.
const MOST_FINDINGS: usize = 500;

/// Checks a text as the file it is to become.
pub(crate) async fn check(file: ScriptFile, blueprint: &str, content: String) -> ScriptCheck {
    let mut found = ScriptCheck::default();
    match file {
        ScriptFile::Script => script(blueprint, content, &mut found).await,
        ScriptFile::LaunchArgs => found.findings.extend(arguments(&content)),
        ScriptFile::Requirements => {}
    }
    found
        .findings
        .sort_by_key(|finding| (finding.line, finding.column));
    if found.findings.len() > MOST_FINDINGS {
        let more = found.findings.len() - MOST_FINDINGS;
        found.findings.truncate(MOST_FINDINGS);
        found.notes.push(format!("{more} more findings are not shown."));
    }
    found
}

async fn script(blueprint: &str, content: String, found: &mut ScriptCheck) {
    found.findings.extend(line_ends(&content));
    found.findings.extend(metadata_warnings(blueprint, &content));
    // The checkers would name the line ends in every single line.
    let text = metadata::unix_lines(content.as_bytes());
    let (bash, shellcheck) = tokio::join!(bash::check(text.clone()), shellcheck::check(text));
    let last = u32::try_from(content.lines().count()).unwrap_or(u32::MAX).max(1);
    for result in [bash, shellcheck] {
        match result {
            Ok(findings) => found.findings.extend(findings.into_iter().map(|finding| Finding {
                line: finding.line.clamp(1, last),
                end_line: finding.end_line.clamp(1, last),
                ..finding
            })),
            Err(note) => found.notes.push(note),
        }
    }
}

/// Runs a checker on a text; a sentence says why it could not.
async fn ask(name: &str, argv: &[&str], text: Vec<u8>) -> Result<Said, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let command = Command::new(argv.iter().copied(), Path::new("/"))
        .envs([("PATH", path), ("LC_ALL", "C.UTF-8".into())])
        .input(text);
    let never = CancellationToken::new();
    // Dropping it ends it.
    match tokio::time::timeout(PATIENCE, command::output(command, &never, SAID_BYTES)).await {
        Ok(Ok(said)) => Ok(said),
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(format!("{name} is not installed, so it did not look."))
        }
        Ok(Err(error)) => Err(format!("{name} did not look: {error}.")),
        Err(_) => Err(format!("{name} took too long and was ended.")),
    }
}

/// A finding of the panel's own about a whole line.
fn own(line: u32, severity: Severity, message: String) -> Finding {
    Finding {
        line,
        column: 0,
        end_line: line,
        end_column: 0,
        severity,
        source: "aikore".to_owned(),
        code: String::new(),
        message,
    }
}

fn line_ends(content: &str) -> Option<Finding> {
    let line = (1..)
        .zip(content.split('\n'))
        .find(|(_, line)| line.ends_with('\r'));
    let message = "This line ends as on Windows (\\r\\n); bash reads the \\r as a part of its last word.";
    line.map(|(number, _)| own(number, Severity::Error, message.to_owned()))
}

fn metadata_warnings(blueprint: &str, content: &str) -> Vec<Finding> {
    let read = metadata::parse(blueprint, BlueprintOrigin::Custom, content.as_bytes());
    let findings = read.warnings.into_iter().map(|warning| match numbered(&warning) {
        Some((line, problem)) => own(line, Severity::Warning, sentence(problem)),
        None => own(1, Severity::Info, warning),
    });
    findings.collect()
}

fn arguments(content: &str) -> Option<Finding> {
    let error = fields::launch_args(content).err()?;
    let text = match error {
        crate::Error::InvalidField { problem, .. } => problem,
        error => error.to_string(),
    };
    Some(match numbered(&text) {
        Some((line, problem)) => own(line, Severity::Error, sentence(problem)),
        None => own(1, Severity::Error, text),
    })
}

/// Takes `Line 3: ` off.
fn numbered(text: &str) -> Option<(u32, &str)> {
    let (number, problem) = text.strip_prefix("Line ")?.split_once(": ")?;
    Some((number.parse().ok()?, problem))
}

fn sentence(problem: &str) -> String {
    let mut letters = problem.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_panels_own_rules_name_their_lines() {
        let text = "#!/bin/bash\n### AIKORE-METADATA-START ###\n# aikore.stop_grace = soon\n### AIKORE-METADATA-END ###\r\n";
        let findings = metadata_warnings("x.sh", text);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!((findings[0].line, findings[0].severity), (3, Severity::Warning));
        assert_eq!(line_ends(text).unwrap().line, 4);
        assert_eq!(line_ends("a\nb\n"), None);
        let finding = arguments("--ok\n--name \"open\n").unwrap();
        assert_eq!((finding.line, finding.severity), (2, Severity::Error));
        assert_eq!(finding.message, "A quote (\") is not closed.");
        assert_eq!(arguments("--ok 'a b'\n"), None);
    }
}
