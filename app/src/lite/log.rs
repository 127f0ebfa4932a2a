//! What an app prints: the end of a run's log, and the runs there are.

use std::collections::VecDeque;

use leptos::prelude::*;
use types::instances::Instance;
use types::logs::{LogChunk, Run};

use super::list::status;
use super::{Area, Frame, short};
use crate::language::{fill, t};
use crate::logs::html;
use crate::logs::lines::{Lines, Shown};
use crate::logs::progress::Progress;
use crate::paths::at;
use crate::ui::words::{ago, bytes, decimal, duration};
use crate::view;

/// Bytes of the log that are read; what of it is shown depends on how much markup it needs.
pub const TAIL_BYTES: u64 = 48 << 10;
/// Bytes of markup the log may need, so that the page stays below its limit.
const MARKUP_BYTES: usize = 32_000;
/// Runs that are listed, newest first.
const RUNS: usize = 20;

/// Every instance, to choose whose log is shown.
pub fn choose(frame: &Frame, instances: &[Instance]) -> String {
    let one = |instance: &Instance| {
        let href = at(&format!("/lite/instances/{}/logs", instance.id));
        view! { <tr><td><a href=href>{instance.name.clone()}</a></td><td class="st">{status(instance, frame.now)}</td></tr> }
    };
    let content = if instances.is_empty() {
        view! { <p class="box">{t("There is no instance yet.")}</p> }
    } else {
        view! { <section><table><tbody>{instances.iter().take(80).map(one).collect_view()}</tbody></table></section> }
    };
    frame.page(Area::Logs, t("Logs"), content)
}

/// The page of a run; `chunk` is none where it never ran.
pub fn page(frame: &Frame, instance: &Instance, runs: &[Run], chunk: Option<&LogChunk>) -> String {
    let present = chunk.map(|chunk| chunk.run);
    let content = view! {
        <p><a href=at(&format!("/lite/instances/{}", instance.id))>{instance.name.clone()}</a> " " {status(instance, frame.now)}</p>
        {frame.paces()}
        {match chunk {
            Some(chunk) if chunk.size > 0 => text(instance, chunk),
            Some(_) => view! { <p class="box">{t("Nothing was printed yet.")}</p> },
            None => view! { <p class="box">{t("It was never started.")}</p> },
        }}
        {(!runs.is_empty()).then(|| {
            let rows = runs.iter().take(RUNS).map(|run| one_run(frame.now, instance, run, present));
            view! {
                <h2>{t("Runs")}</h2>
                <section><table><tbody>{rows.collect_view()}</tbody></table></section>
            }
        })}
    };
    frame.page(Area::Logs, &fill("Log of {}", &[&instance.name]), content)
}

fn text(instance: &Instance, chunk: &LogChunk) -> AnyView {
    let shown = last_lines(&chunk.content);
    let download = at(&format!(
        "/api/instances/{}/logs/download?run={}",
        instance.id, chunk.run
    ));
    let about = if shown.is_whole && chunk.offset == 0 {
        fill("All of it, {}.", &[&bytes(chunk.size)])
    } else {
        fill("The end of {}.", &[&bytes(chunk.size)])
    };
    view! {
        <p>
            <small>{about}</small> " " <a href="#end">{t("To the end")}</a> " " <a href=download>{t("Download all of it")}</a>
        </p>
        // The keyboard scrolls it.
        <pre tabindex="0" aria-label=t("Log") inner_html=shown.html></pre>
        {shown.progress.map(|progress| view! { <p class="box b">"◔ " {progress}</p> })}
        <p id="end"><a href="#main">{t("To the beginning")}</a></p>
    }
}

/// The end of a log as markup.
struct Tail {
    html: String,
    /// Whether every line is in it.
    is_whole: bool,
    /// The progress bar that is being drawn.
    progress: Option<String>,
}

/// As many of the last lines as fit.
fn last_lines(content: &str) -> Tail {
    let mut lines = Lines::default();
    lines.append(content);
    let mut shown = VecDeque::new();
    let mut markup = 0;
    for number in (lines.first()..lines.end()).rev() {
        let Some(line) = lines.get(number) else { break };
        let html = fitting(&line, MARKUP_BYTES - markup);
        let Some(html) = html else { break };
        markup += html.len() + 1;
        shown.push_front(html);
        if markup >= MARKUP_BYTES {
            break;
        }
    }
    let is_whole = i64::try_from(shown.len()).is_ok_and(|shown| shown == lines.end() - lines.first());
    let progress = lines.progress().as_ref().map(in_words);
    Tail {
        html: shown.into_iter().map(|line| line + "\n").collect(),
        is_whole,
        progress,
    }
}

/// A progress bar as a line: `Training 51 % · 2,712 / 5,350 · 1.44 s/it · 1 h 03 min left`.
fn in_words(progress: &Progress) -> String {
    let percent = format!(
        "{} {} %",
        short(&progress.label, 120),
        decimal(progress.percent.into(), 0)
    );
    let more = [&progress.count, &progress.rate, &progress.remaining]
        .into_iter()
        .flatten();
    more.fold(percent.trim().to_owned(), |text, part| {
        format!("{text} · {}", short(part, 120))
    })
}

/// A line as markup, if there is room for it. One line that is longer than the page is shown without colours and cut.
fn fitting(line: &Shown<'_>, room: usize) -> Option<String> {
    let html = html::line(line, &[], None);
    if html.len() < room {
        return Some(html);
    }
    if room < MARKUP_BYTES {
        return None;
    }
    // Escaping makes five bytes of one at most.
    let plain = short(&line.plain(), MARKUP_BYTES / 8);
    Some(super::escaped(&plain))
}

fn one_run(now: i64, instance: &Instance, run: &Run, present: Option<u32>) -> AnyView {
    let href = at(&format!(
        "/lite/instances/{}/logs?run={}",
        instance.id, run.number
    ));
    let current = (present == Some(run.number)).then_some("true");
    let ran = duration(run.ended_at.unwrap_or(now) - run.started_at);
    let note = match run.ended_at {
        None => fill("for {}", &[&ran]),
        Some(ended) if run.reason.is_empty() => fill("{}, ran {}", &[&ago(ended, now), &ran]),
        Some(ended) => format!("{}, {}", ago(ended, now), short(&run.reason, 120)),
    };
    view! {
        <tr>
            <td><a href=href aria-current=current>{fill("Run {}", &[&run.number.to_string()])}</a></td>
            <td class="st">{note}</td>
            <td class="w">{bytes(run.log_bytes)}</td>
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_as_many_lines_as_fit_are_shown_and_the_newest_ones_are() {
        let log: Vec<String> = (0..3000).map(|number| format!("<{number}> & a line\n")).collect();
        let tail = last_lines(&log.concat());
        assert!(tail.html.len() <= MARKUP_BYTES + 100, "{}", tail.html.len());
        assert!(
            tail.html.ends_with("&lt;2999&gt; &amp; a line\n"),
            "{}",
            tail.html
        );
        assert!(!tail.html.contains("&lt;0&gt;"));
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let tail = last_lines(&"&".repeat(48 << 10));
        assert!(
            !tail.html.is_empty() && tail.html.len() <= MARKUP_BYTES + 100,
            "{}",
            tail.html.len()
        );
    }

    #[test]
    fn colours_become_classes_and_progress_stands_apart() {
        let tail =
            last_lines("\u{1b}[31mred\u{1b}[0m\n 50%|##  | 1/2 [00:01<00:01]\r 60%|##  | 1/2 [00:01<00:01]");
        assert_eq!(tail.html, "<span class=\"a-red\">red</span>\n");
    }
}
