//! Why a run ended, in words for people.

use types::instances::{Exit, ExitKind};

use crate::process;
use crate::runner::GpuHolding;

/// The longest log line that is quoted, characters.
const QUOTED: usize = 200;
/// What `PyTorch` and others write when the GPU's memory is used up.
const GPU_MEMORY_WORDS: [&str; 3] = [
    "CUDA out of memory",
    "CUDA error: out of memory",
    "torch.OutOfMemoryError",
];

/// Why a run ended by itself. `tail` is the end of its log.
pub(super) fn ended(exit: &Exit, was_ready: bool, tail: &str) -> String {
    let mut words = match exit.kind {
        ExitKind::Code(0) if !was_ready => {
            "It ended at once with exit code 0, before it was ready; a launch script has to stay in the foreground."
                .to_owned()
        }
        ExitKind::Code(code) => format!("It ended by itself with exit code {}.", in_words(code)),
        ExitKind::Signal(number) => {
            format!("It was ended by {}, not by AiKore.", process::signal_name(number))
        }
        ExitKind::OutOfMemory => {
            "The kernel ended it because the machine's memory ran out; close something, or give it less to do.".to_owned()
        }
        ExitKind::Lost => LOST.to_owned(),
    };
    if GPU_MEMORY_WORDS.iter().any(|text| tail.contains(text)) {
        words.push_str(" The GPU's memory was used up (CUDA out of memory).");
    }
    if exit.kind != ExitKind::Code(0)
        && let Some(line) = last_line(tail)
    {
        words.push_str(" Last line: ");
        words.push_str(&line);
    }
    words
}

/// Nobody saw the end.
pub(super) const LOST: &str =
    "Its run was lost: its supervisor was killed. What was left of it has been ended.";
/// Nobody could see the end.
pub(super) const REBOOTED: &str = "Its run was lost: the machine was restarted while it ran.";
/// The panel ended too early.
pub(super) const NEVER_BEGAN: &str = "The panel ended before anything of this run was started.";
/// The database failed just then.
pub(super) const NOT_STORED: &str = "It has ended, but its end was not stored.";
/// What a person did.
pub(crate) const STOPPED: &str = "stopped by a person";

/// Processes that KILL does not end, with the GPU memory they hold.
pub(super) fn survivors(names: &[String], gpu_memory: &[GpuHolding]) -> String {
    let told: Vec<String> = names
        .iter()
        .map(|name| {
            let own = gpu_memory.iter().filter(|holding| holding.process() == *name);
            let amounts: Vec<String> = own.map(GpuHolding::amount).collect();
            match amounts.as_slice() {
                [] => name.clone(),
                amounts => format!("{name}, which holds {}", amounts.join(" and ")),
            }
        })
        .collect();
    format!(
        "These processes do not end even when killed: {}.",
        told.join("; ")
    )
}

/// Whose GPU memory is not back; none when all of it is. `held` is none when the driver does not say.
pub(super) fn gpu_memory(held: Option<&[GpuHolding]>) -> Option<String> {
    match held {
        Some([]) => None,
        Some(held) => {
            let held: Vec<String> = held.iter().map(GpuHolding::to_string).collect();
            Some(format!(
                "Its processes are gone, but not all of its GPU memory is back: {}. If it stays so, reset the GPU or \
                 restart the machine.",
                held.join("; ")
            ))
        }
        None => Some(
            "Its processes are gone, but the NVIDIA driver does not say whether its GPU memory is back."
                .to_owned(),
        ),
    }
}

/// A code, and what shells mean by it.
fn in_words(code: i32) -> String {
    match code {
        126 => "126 (a command could not be executed)".to_owned(),
        127 => "127 (a command was not found)".to_owned(),
        128.. => format!("{code} ({})", process::signal_name(code - 128)),
        _ => code.to_string(),
    }
}

/// The last line that says something, without colours.
fn last_line(tail: &str) -> Option<String> {
    let line = tail
        .rsplit(['\n', '\r'])
        .map(plain)
        .find(|line| !line.is_empty())?;
    Some(if line.chars().count() > QUOTED {
        line.chars().take(QUOTED).chain(['…']).collect()
    } else {
        line
    })
}

/// A line without escape sequences and control characters.
fn plain(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '\u{1b}' {
            if rest.next_if_eq(&'[').is_some() {
                while rest.next().is_some_and(|c| !('@'..='~').contains(&c)) {}
            }
        } else if !c.is_control() {
            text.push(c);
        }
    }
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::instances::ExitSource;

    fn words(kind: ExitKind, ready: bool, tail: &str) -> String {
        ended(
            &Exit {
                kind,
                source: ExitSource::Shim,
                at: 0,
            },
            ready,
            tail,
        )
    }

    #[test]
    fn codes_and_signals_are_told_in_words() {
        assert!(words(ExitKind::Code(0), false, "").contains("before it was ready"));
        assert_eq!(
            words(ExitKind::Code(3), true, ""),
            "It ended by itself with exit code 3."
        );
        assert!(words(ExitKind::Code(127), false, "").contains("not found"));
        assert!(words(ExitKind::Code(143), false, "").contains("SIGTERM"));
        assert!(words(ExitKind::Signal(9), true, "").contains("SIGKILL"));
        assert!(words(ExitKind::OutOfMemory, true, "").contains("memory ran out"));
    }

    #[test]
    fn a_survivor_is_named_with_the_gpu_memory_it_holds() {
        let holding = GpuHolding::sample("python3", 41, 0, 12_058_624_000);
        let names = ["bash (40)".to_owned(), "python3 (41)".to_owned()];
        assert_eq!(
            survivors(&names, std::slice::from_ref(&holding)),
            "These processes do not end even when killed: bash (40); python3 (41), which holds 11.2 GiB of GPU 0."
        );
        assert_eq!(
            survivors(&names[..1], &[]),
            "These processes do not end even when killed: bash (40)."
        );
        let told = gpu_memory(Some(&[holding])).unwrap();
        assert!(
            told.contains("is back: python3 (41) holds 11.2 GiB of GPU 0. If"),
            "{told}"
        );
        assert_eq!(gpu_memory(Some(&[])), None);
        assert!(gpu_memory(None).unwrap().contains("does not say"));
    }

    #[test]
    fn the_last_line_is_quoted_without_colours() {
        let text = words(
            ExitKind::Code(1),
            true,
            "first\n\u{1b}[31mTraceback: boom\u{1b}[0m\n\n",
        );
        assert!(text.ends_with("Last line: Traceback: boom"), "{text}");
    }

    #[test]
    fn used_up_gpu_memory_is_recognised() {
        let text = words(
            ExitKind::Code(1),
            true,
            "torch.OutOfMemoryError: CUDA out of memory. Tried …\n",
        );
        assert!(text.contains("GPU's memory"), "{text}");
    }
}
