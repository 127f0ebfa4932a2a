//! Takes secrets out of texts that people pass on.

use std::sync::LazyLock;

use regex::Regex;

/// What stands in the place of a secret.
const HIDDEN: &str = "[hidden]";
/// Shorter values are words, not secrets.
const SHORTEST: usize = 6;

/// Words in the names of settings that hold secrets.
const SECRET_NAMES: [&str; 8] = [
    "TOKEN",
    "KEY",
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "CREDENTIAL",
    "AUTH",
    "COOKIE",
];

/// Shapes of secrets, whoever wrote them: the first group stays, the rest is hidden.
static SHAPES: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r"(?i)(authorization:\s*(?:bearer|basic)\s+)[^\s\x22']+",
        r"(?i)(\bbearer\s+)[A-Za-z0-9._~+/=-]{8,}",
        r"(://[^/\s:@]*:)[^/\s@]+@",
        r"(?i)([?&](?:token|key|api_key|auth|password|secret|access_token)=)[^&\s\x22']+",
        r"(?i)(\b[A-Z0-9_-]*(?:token|secret|password|passwd|api[_-]?key|credential)[A-Z0-9_-]*[\x22']?\s*[=:]\s*[\x22']?)[^\s\x22',;&\[]{4,}",
        r"(?i)(--[a-z0-9-]*(?:token|secret|password|passwd|api-?key|auth)[a-z0-9-]*\s+[\x22']?)[^\s\x22'-][^\s\x22']{3,}",
        r"(\b(?:hf_|sk-|ghp_|gho_|github_pat_|glpat-|aik_|xox[abp]-|AKIA))[A-Za-z0-9_-]{8,}",
    ]
    .into_iter()
    .filter_map(|shape| Regex::new(shape).ok())
    .collect()
});

/// The text without what looks like a secret, and without the values of `settings` (`NAME=value` lines) whose names
/// say that they are.
pub(super) fn redacted(text: &str, settings: &str) -> String {
    let mut text = text.to_owned();
    for secret in secrets(settings) {
        text = text.replace(secret, HIDDEN);
    }
    for shape in SHAPES.iter() {
        let ends_with_at = shape.as_str().ends_with('@');
        let instead = if ends_with_at {
            format!("${{1}}{HIDDEN}@")
        } else {
            format!("${{1}}{HIDDEN}")
        };
        text = shape.replace_all(&text, instead.as_str()).into_owned();
    }
    text
}

fn secrets(settings: &str) -> impl Iterator<Item = &str> {
    settings.lines().filter_map(|line| {
        let (name, value) = line.split_once('=')?;
        let name = name.to_uppercase();
        let value = value.trim().trim_matches(['"', '\'']);
        let is_secret = SECRET_NAMES.iter().any(|word| name.contains(word));
        (is_secret && value.len() >= SHORTEST).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_is_a_good_one() {
        assert_eq!(SHAPES.len(), 7);
    }

    #[test]
    fn secrets_are_hidden_whatever_they_look_like() {
        let settings = "HF_TOKEN=\"plainword\"\nMODE=fast\nAPI_KEY=abc";
        for (text, expected) in [
            ("using plainword now", "using [hidden] now"),
            ("Authorization: Bearer abc.def", "Authorization: Bearer [hidden]"),
            (
                "git clone https://me:pw123@host/x",
                "git clone https://me:[hidden]@host/x",
            ),
            ("GET /x?token=s3cret&a=1", "GET /x?token=[hidden]&a=1"),
            (
                "export OPENAI_API_KEY='abcdef123'",
                "export OPENAI_API_KEY='[hidden]'",
            ),
            ("login with hf_abcdefghijkl", "login with hf_[hidden]"),
            ("password: hunter22", "password: [hidden]"),
            (
                "{\"hf_token\": \"qwertz12\", \"api-key\": \"asdfgh12\"}",
                "{\"hf_token\": \"[hidden]\", \"api-key\": \"[hidden]\"}",
            ),
            (
                "python app.py --api-key s3cretive --port 80 --gradio-auth me:pw12345",
                "python app.py --api-key [hidden] --port 80 --gradio-auth [hidden]",
            ),
            ("--token-limit --fast", "--token-limit --fast"),
            ("fast mode, 3 tokens/s", "fast mode, 3 tokens/s"),
        ] {
            assert_eq!(redacted(text, settings), expected);
        }
    }
}
