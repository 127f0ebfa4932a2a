//! What bash says when it reads a script without running it.

use types::scripts::{Finding, Severity};

use super::ask;

/// Syntax errors; bash stops at the first.
pub(super) async fn check(text: Vec<u8>) -> Result<Vec<Finding>, String> {
    let said = ask("bash", &["bash", "--norc", "--noprofile", "-n"], text).await?;
    Ok(read(&String::from_utf8_lossy(&said.errors)))
}

/// Reads `bash: line 3: syntax error near …`, and the line bash quotes below it.
fn read(said: &str) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for (line, message) in said.lines().filter_map(numbered) {
        // The second message about a line is the line itself.
        if findings.last().is_some_and(|last| last.line == line) && message.starts_with('`') {
            continue;
        }
        let is_warning = message.starts_with("warning: ");
        findings.push(Finding {
            line,
            column: 0,
            end_line: line,
            end_column: 0,
            severity: if is_warning {
                Severity::Warning
            } else {
                Severity::Error
            },
            source: "bash".to_owned(),
            code: String::new(),
            message: format!(
                "{}.",
                message.trim_start_matches("warning: ").trim_end_matches('.')
            ),
        });
    }
    findings
}

fn numbered(line: &str) -> Option<(u32, &str)> {
    let (_, rest) = line.split_once(": line ")?;
    let (number, message) = rest.split_once(": ")?;
    Some((number.parse().ok()?, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syntax_error_is_one_finding_with_its_line() {
        let said = "bash: line 3: syntax error near unexpected token `fi'\nbash: line 3: `fi'\n";
        let findings = read(said);
        assert_eq!(findings.len(), 1);
        assert_eq!((findings[0].line, findings[0].severity), (3, Severity::Error));
        assert_eq!(findings[0].message, "syntax error near unexpected token `fi'.");
        let said = "bash: line 2: warning: here-document at line 1 delimited by end-of-file (wanted `END')\n";
        assert_eq!(read(said)[0].severity, Severity::Warning);
    }
}
