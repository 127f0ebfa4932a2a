//! The script of an instance as a blueprint of its own: it says its own name, and what the panel has to know of it.

/// Begins and ends a metadata block.
const START: &str = "### AIKORE-METADATA-START ###\n";
const END: &str = "### AIKORE-METADATA-END ###\n";

/// A script whose metadata says `name`. Where it has no block, that of `origin` is put into it, which is the script
/// of the blueprint that it was made from.
pub(super) fn derived(script: &str, name: &str, origin: &str) -> String {
    let lines: Vec<&str> = script.split_inclusive('\n').collect();
    if let Some((begin, end)) = block(&lines) {
        let header = named(&lines[begin..end], name);
        return format!("{}{header}{}", lines[..begin].concat(), lines[end..].concat());
    }
    let of_origin: Vec<&str> = origin.split_inclusive('\n').collect();
    let header = match block(&of_origin) {
        Some((begin, end)) => named(&of_origin[begin..end], name),
        None => named(&[START, END], name),
    };
    let after_first = usize::from(script.starts_with("#!"));
    let (first, rest) = lines.split_at(after_first.min(lines.len()));
    let first = first.concat();
    let line_end = if first.is_empty() || first.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    format!("{first}{line_end}{header}{}", rest.concat())
}

/// From the line that begins the block to the one after its end; none where it is not whole.
fn block(lines: &[&str]) -> Option<(usize, usize)> {
    let begin = lines
        .iter()
        .position(|line| line.contains("AIKORE-METADATA-START"))?;
    let ends = |line: &&str| line.contains("AIKORE-METADATA-END");
    let length = lines[begin..].iter().position(ends)?;
    Some((begin, begin + length + 1))
}

/// A block with another name in it.
fn named(block: &[&str], name: &str) -> String {
    let is_name = |line: &str| {
        let setting = line.trim().trim_start_matches('#').trim_start();
        let rest = setting.strip_prefix("aikore.name").map(str::trim_start);
        rest.is_some_and(|rest| rest.starts_with('='))
    };
    let mut text = String::new();
    for (at, line) in block.iter().filter(|line| !is_name(line)).enumerate() {
        text.push_str(line);
        if at == 0 {
            if !line.ends_with('\n') {
                text.push('\n');
            }
            text.push_str("# aikore.name = ");
            text.push_str(name);
            text.push('\n');
        }
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: &str = "### AIKORE-METADATA-START ###\n# aikore.name = Old\n# aikore.ready = tcp\n### AIKORE-METADATA-END ###\n";

    #[test]
    fn the_block_says_the_new_name_and_the_rest_stays() {
        let script = format!("#!/bin/bash\n{BLOCK}echo '# aikore.name = Old'\n");
        let made = derived(&script, "New", "");
        assert_eq!(
            made,
            "#!/bin/bash\n### AIKORE-METADATA-START ###\n# aikore.name = New\n# aikore.ready = tcp\n\
             ### AIKORE-METADATA-END ###\necho '# aikore.name = Old'\n"
        );
        assert_eq!(derived(&made, "New", ""), made);
    }

    #[test]
    fn a_script_without_a_block_gets_the_one_of_its_blueprint() {
        let made = derived(
            "#!/bin/bash\nexec app\n",
            "Mine",
            &format!("#!/bin/sh\n{BLOCK}exec other\n"),
        );
        assert!(made.starts_with("#!/bin/bash\n### AIKORE-METADATA-START ###\n# aikore.name = Mine\n"));
        assert!(made.contains("# aikore.ready = tcp\n"));
        assert!(made.ends_with("### AIKORE-METADATA-END ###\nexec app\n"));
        for (script, end) in [
            ("", "END ###\n"),
            ("#!/bin/bash", "END ###\n"),
            ("exec app", "\nexec app"),
        ] {
            let made = derived(script, "Bare", "no block");
            assert!(
                made.contains("# aikore.name = Bare\n") && made.ends_with(end),
                "{made}"
            );
        }
    }

    #[test]
    fn a_block_without_an_end_is_none() {
        let made = derived("### AIKORE-METADATA-START ###\n# aikore.name = Old\n", "New", "");
        assert!(
            made.starts_with("### AIKORE-METADATA-START ###\n# aikore.name = New\n### AIKORE-METADATA-END")
        );
    }
}
