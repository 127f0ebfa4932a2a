//! Rows as the dashboard's page carries them: without what every row begins with, which their type fills up in browsers.
//! Most of a row stays so, and a page with a hundred rows would be half data.

use serde::Serializer;
use serde::ser::Error as _;
use serde_json::{Map, Value, to_value};
use types::instances::Instance;

/// Writes rows.
pub(super) fn serialize<S: Serializer>(rows: &[Instance], serializer: S) -> Result<S::Ok, S::Error> {
    let common = fields(&Instance::default()).map_err(S::Error::custom)?;
    let lean = |row| {
        let mut lean = fields(row)?;
        lean.retain(|name, value| common.get(name) != Some(value));
        Ok(lean)
    };
    let lean: serde_json::Result<Vec<_>> = rows.iter().map(lean).collect();
    serializer.collect_seq(lean.map_err(S::Error::custom)?)
}

fn fields(row: &Instance) -> serde_json::Result<Map<String, Value>> {
    Ok(match to_value(row)? {
        Value::Object(fields) => fields,
        _ => Map::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_carries_what_is_its_own() {
        let row = |name: &str| Instance {
            name: name.to_owned(),
            public_port: Some(22001),
            ..Instance::default()
        };
        let rows = [row("one"), row("two"), Instance::default()];
        let mut text = Vec::new();
        serialize(&rows, &mut serde_json::Serializer::new(&mut text)).unwrap();
        let lean = r#"[{"name":"one","public_port":22001},{"name":"two","public_port":22001},{}]"#;
        assert_eq!(String::from_utf8(text).unwrap(), lean);
    }
}
