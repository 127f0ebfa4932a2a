//! What shellcheck says about a script.

use serde::Deserialize;
use types::scripts::{Finding, Severity};

use super::ask;

/// What a script sources lies elsewhere and is not looked at.
const UNSEEN: &str = "SC1090,SC1091";

/// Bugs and doubts; the sentence says why there are none.
pub(super) async fn check(text: Vec<u8>) -> Result<Vec<Finding>, String> {
    let exclude = format!("--exclude={UNSEEN}");
    let argv = [
        "shellcheck",
        "--norc",
        "--shell=bash",
        "--format=json1",
        &exclude,
        "-",
    ];
    let said = ask("shellcheck", &argv, text).await?;
    read(&said.output).map_err(|error| format!("What shellcheck said cannot be read: {error}."))
}

#[derive(Deserialize)]
struct Report {
    comments: Vec<Comment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Comment {
    line: u32,
    end_line: u32,
    column: u32,
    end_column: u32,
    level: Severity,
    code: u32,
    message: String,
}

fn read(said: &[u8]) -> serde_json::Result<Vec<Finding>> {
    let report: Report = serde_json::from_slice(said)?;
    let meant = report
        .comments
        .into_iter()
        .filter(|comment| !is_read_elsewhere(comment));
    let findings = meant.map(|comment| Finding {
        line: comment.line,
        column: comment.column,
        end_line: comment.end_line,
        end_column: comment.end_column,
        severity: comment.level,
        source: "shellcheck".to_owned(),
        code: format!("SC{}", comment.code),
        message: comment.message,
    });
    Ok(findings.collect())
}

/// What `functions.sh` is told by a variable seems to be used by nobody.
fn is_read_elsewhere(comment: &Comment) -> bool {
    comment.code == 2034 && comment.message.starts_with("AIKORE_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_a_finding_with_its_place() {
        let said = br#"{"comments":[{"file":"-","line":2,"endLine":2,"column":6,"endColumn":8,
            "level":"info","code":2086,"message":"Double quote to prevent globbing.","fix":null}]}"#;
        let findings = read(said).unwrap();
        assert_eq!(findings.len(), 1);
        assert_eq!(
            (findings[0].line, findings[0].column, findings[0].end_column),
            (2, 6, 8)
        );
        assert_eq!(
            (findings[0].code.as_str(), findings[0].severity),
            ("SC2086", Severity::Info)
        );
        assert!(read(b"").is_err());
    }
    #[test]
    fn what_the_functions_of_the_panel_read_is_not_unused() {
        let unused = |name: &str| {
            let comment = serde_json::json!({
                "line": 1, "endLine": 1, "column": 1, "endColumn": 2, "level": "warning", "code": 2034,
                "message": format!("{name} appears unused. Verify use (or export if used externally)."),
            });
            let said = serde_json::json!({ "comments": [comment] }).to_string();
            read(said.as_bytes()).unwrap().len()
        };
        assert_eq!((unused("AIKORE_STEPS"), unused("STEPS")), (0, 1));
    }
}
