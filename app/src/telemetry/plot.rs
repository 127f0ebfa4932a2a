//! A chart over a stretch of time, with what happened meanwhile, and the value under the pointer.

use leptos::ev::{KeyboardEvent, PointerEvent};
use leptos::html;
use leptos::prelude::*;
use types::telemetry::{Mark, MarkKind};

use super::figure::{self, Paths, Unit};
use super::past::Past;
use crate::language::{fill, t};
use crate::live::Live;
use crate::ui::hydrated;
use crate::ui::words::{ago, decimal};
use crate::view;

/// One line of a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Of what, as the history names it.
    pub subject: String,
    /// Which metric.
    pub metric: &'static str,
    /// Its noun, in the language of the page.
    pub noun: &'static str,
    /// Added to the classes of its paths: `is-memory`, `is-second`, or nothing.
    pub tone: &'static str,
}

/// What a chart shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Plot {
    /// What lies behind is painted first.
    pub lines: Vec<Line>,
    /// What all of them are counted in.
    pub unit: Unit,
    /// The end of the scale; none = what the lines need.
    pub top: Option<f64>,
    /// Added to the class `chart__plot`.
    pub size: &'static str,
    /// Whose starts and ends are marked, as the history names it; empty = everybody's.
    pub marks_of: String,
}

impl Plot {
    fn top(&self, past: &Past) -> f64 {
        let most = || {
            let values = self
                .lines
                .iter()
                .flat_map(|line| past.values(&line.subject, line.metric));
            values
                .flatten()
                .fold(0.0, |most: f64, value| most.max(f64::from(*value)))
        };
        self.top.unwrap_or_else(|| self.unit.scale(most()))
    }

    fn sentence(&self, past: &Past) -> String {
        let told = self
            .lines
            .iter()
            .map(|line| figure::sentence(line.noun, past.values(&line.subject, line.metric), self.unit));
        told.collect::<Vec<_>>().join(" ")
    }

    /// What the lines say at a step.
    fn values_at(&self, past: &Past, step: usize) -> String {
        let several = self.lines.len() > 1;
        let told = self.lines.iter().filter_map(|line| {
            let value = past
                .values(&line.subject, line.metric)
                .get(step)
                .copied()
                .flatten()?;
            let value = self.unit.tell(value.into());
            Some(if several {
                format!("{} {value}", line.noun)
            } else {
                value
            })
        });
        let told = told.collect::<Vec<_>>().join(" · ");
        if told.is_empty() {
            t("nothing measured").to_owned()
        } else {
            told
        }
    }
}

/// A chart; reads out as a sentence, and step by step with the arrow keys.
#[component]
pub fn Chart(
    /// What it shows.
    plot: Plot,
    /// From what.
    past: RwSignal<Past>,
    /// The words below it, from left to right.
    times: Vec<String>,
) -> impl IntoView {
    let plot = StoredValue::new(plot);
    let top = crate::ui::memo(move || past.with(|past| plot.with_value(|plot| plot.top(past))));
    let count = plot.with_value(|plot| plot.lines.len());
    let size = plot.with_value(|plot| plot.size);
    let last = times.len().saturating_sub(1);
    view! {
        <div class="chart">
            <div class=format!("chart__plot {size}")>
                <svg
                    class="spark"
                    viewBox=move || past.with(|past| format!("0 0 {} 100", past.steps().saturating_sub(1).max(1)))
                    preserveAspectRatio="none"
                    role="img"
                    aria-label=move || past.with(|past| plot.with_value(|plot| plot.sentence(past)))
                >
                    {(0..count).map(|index| view! { <Drawn plot index past top /> }).collect_view()}
                </svg>
                <Marks plot past />
                <Cursor plot past />
                <span class="chart__y">{move || plot.with_value(|plot| plot.unit.tell(top.get()))}</span>
            </div>
            <div class="chart__x" aria-hidden="true">
                {times
                    .into_iter()
                    .enumerate()
                    .map(|(index, time)| {
                        let class = if index == 0 || index == last { "" } else { "only-wide" };
                        view! { <span class=class>{time}</span> }
                    })
                    .collect_view()}
            </div>
        </div>
    }
}

/// One line with its area.
#[component]
fn Drawn(
    /// Whose.
    plot: StoredValue<Plot>,
    /// Which.
    index: usize,
    /// From what.
    past: RwSignal<Past>,
    /// The end of the scale.
    top: Memo<f64>,
) -> impl IntoView {
    let paths = crate::ui::memo(move || {
        past.with(|past| {
            plot.with_value(|plot| {
                plot.lines.get(index).map_or_else(Paths::default, |line| {
                    figure::paths(past.values(&line.subject, line.metric), top.get())
                })
            })
        })
    });
    let tone = plot.with_value(|plot| plot.lines.get(index).map_or("", |line| line.tone));
    view! {
        <path class=format!("spark__area {tone}") d=move || paths.with(|paths| paths.area.clone())></path>
        <path class=format!("spark__line {tone}") d=move || paths.with(|paths| paths.line.clone())></path>
    }
}

/// Where instances began and ended. The list of what happened says the same in words.
#[component]
fn Marks(
    /// Whose.
    plot: StoredValue<Plot>,
    /// From what.
    past: RwSignal<Past>,
) -> impl IntoView {
    let marks = crate::ui::memo(move || past.with(|past| plot.with_value(|plot| seen(past, &plot.marks_of))));
    move || {
        let marks = marks.get().into_iter();
        marks
            .map(|(place, mark)| {
                let (shape, tone, _) = face(mark.kind);
                let title = told(&mark);
                view! {
                    <i class=format!("chart__mark status--{tone}") style:left=format!("{place}%") title=title>
                        <svg class="status__shape" aria-hidden="true">
                            <use href=format!("#{shape}") />
                        </svg>
                    </i>
                }
            })
            .collect_view()
    }
}

/// Marks that would lie on each other are one: the worst, or the latest.
fn seen(past: &Past, of: &str) -> Vec<(String, Mark)> {
    const APART: f64 = 1.5;
    let mut seen: Vec<(f64, Mark)> = Vec::new();
    for mark in past.marks() {
        if !of.is_empty() && super::past::instance(mark.instance) != of {
            continue;
        }
        let place = past.place(mark.at);
        match seen.last_mut() {
            Some((before, known)) if place - *before < APART => {
                if mark.kind == MarkKind::Crash || known.kind != MarkKind::Crash {
                    *known = mark.clone();
                }
            }
            _ => seen.push((place, mark.clone())),
        }
    }
    let seen = seen.into_iter();
    seen.map(|(place, mark)| (decimal(place, 1), mark)).collect()
}

/// Shape, tone and word of what happened.
pub fn face(kind: MarkKind) -> (&'static str, &'static str, &'static str) {
    match kind {
        MarkKind::Start => ("s-healthy", "ok", t("started")),
        MarkKind::Stop => ("s-stopped", "idle", t("stopped")),
        MarkKind::Crash => ("s-error", "err", t("ended by itself")),
    }
}

/// What an instance is called.
pub fn name_of(mark: &Mark) -> String {
    let row = untrack(|| Live::get().rows().find(mark.instance));
    row.map_or_else(
        || fill("Instance {}", &[&mark.instance.to_string()]),
        |row| row.instance.with_untracked(|instance| instance.name.clone()),
    )
}

fn told(mark: &Mark) -> String {
    let (_, _, word) = face(mark.kind);
    let now = untrack(|| expect_context::<crate::ui::Clock>().now());
    format!("{} {word} {}", name_of(mark), ago(mark.at, now))
}

/// The value under the pointer, or where the arrow keys have led. Only scripts can show it.
#[component]
fn Cursor(
    /// Whose.
    plot: StoredValue<Plot>,
    /// From what.
    past: RwSignal<Past>,
) -> impl IntoView {
    let at = RwSignal::new(None::<usize>);
    let alive = hydrated();
    let area = NodeRef::<html::Div>::new();
    let last = move || past.with_untracked(Past::steps).saturating_sub(1);
    let point = move |event: PointerEvent| {
        if let Some(area) = area.get_untracked() {
            let frame = area.get_bounding_client_rect();
            at.set(Some(step_at(
                f64::from(event.client_x()) - frame.left(),
                frame.width(),
                last(),
            )));
        }
    };
    let walk = move |event: KeyboardEvent| {
        let now = at.get_untracked().unwrap_or_else(last);
        let next = match event.key().as_str() {
            "ArrowLeft" | "ArrowDown" => Some(now.saturating_sub(1)),
            "ArrowRight" | "ArrowUp" => Some((now + 1).min(last())),
            "PageDown" => Some(now.saturating_sub(20)),
            "PageUp" => Some((now + 20).min(last())),
            "Home" => Some(0),
            "End" => Some(last()),
            "Escape" if at.get_untracked().is_some() => None,
            _ => return,
        };
        event.prevent_default();
        at.set(next);
    };
    // Steps move on under a cursor that stays where it is.
    let text = crate::ui::memo(move || {
        past.with(|past| plot.with_value(|plot| at.get().map(|step| say(plot, past, step))))
    });
    let label = plot.with_value(|plot| fill("Value of {} at a time", &[&nouns(plot)]));
    move || {
        let label = label.clone();
        alive.get().then(|| {
            view! {
                <div
                    class="chart__cursor"
                    node_ref=area
                    role="slider"
                    tabindex="0"
                    aria-label=label
                    aria-valuemin="0"
                    aria-valuemax=last
                    aria-valuenow=move || at.get().unwrap_or_else(last)
                    aria-valuetext=move || text.get().unwrap_or_else(|| say_now(plot, past))
                    on:pointermove=point
                    on:pointerdown=point
                    on:pointerleave=move |_| at.set(None)
                    on:keydown=walk
                    on:blur=move |_| at.set(None)
                >
                    {move || {
                        let place = share(at.get()?, last());
                        let side = if place > 50.0 { "chart__flag is-left" } else { "chart__flag" };
                        let place = format!("{}%", decimal(place, 2));
                        Some(view! {
                            <i class="chart__line" style:left=place.clone()></i>
                            <span class=side style:left=place>{move || text.get()}</span>
                        })
                    }}
                </div>
            }
        })
    }
}

fn nouns(plot: &Plot) -> String {
    let nouns: Vec<_> = plot.lines.iter().map(|line| line.noun).collect();
    nouns.join(", ")
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a few hundred steps"
)]
fn step_at(x: f64, width: f64, last: usize) -> usize {
    let share = if width > 0.0 {
        (x / width).clamp(0.0, 1.0)
    } else {
        1.0
    };
    (share * last as f64).round() as usize
}

#[expect(clippy::cast_precision_loss, reason = "a few hundred steps")]
fn share(step: usize, last: usize) -> f64 {
    if last == 0 {
        100.0
    } else {
        step as f64 / last as f64 * 100.0
    }
}

fn say(plot: &Plot, past: &Past, step: usize) -> String {
    format!(
        "{} · {}",
        clock_time(past.moment(step), past),
        plot.values_at(past, step)
    )
}

fn say_now(plot: StoredValue<Plot>, past: RwSignal<Past>) -> String {
    past.with(|past| plot.with_value(|plot| say(plot, past, past.steps().saturating_sub(1))))
}

/// `14:05:30`, or with the day where the chart is longer than one: in the browser's time.
fn clock_time(at: i64, past: &Past) -> String {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit")]
    let date = js_sys::Date::new(&(at as f64).into());
    let time = format!("{:02}:{:02}", date.get_hours(), date.get_minutes());
    let length = past.moment(past.steps()) - past.moment(0);
    if length > 36 * 3_600_000 {
        format!(
            "{}-{:02}-{:02} {time}",
            date.get_full_year(),
            date.get_month() + 1,
            date.get_date()
        )
    } else if length < 2 * 3_600_000 {
        format!("{time}:{:02}", date.get_seconds())
    } else {
        time
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn the_pointer_finds_the_nearest_step() {
        assert_eq!(step_at(0.0, 500.0, 240), 0);
        assert_eq!(step_at(500.0, 500.0, 240), 240);
        assert_eq!(step_at(251.0, 500.0, 240), 120);
        assert_eq!(step_at(-7.0, 500.0, 240), 0);
        assert_eq!(step_at(3.0, 0.0, 240), 240);
        assert!((share(120, 240) - 50.0).abs() < f64::EPSILON);
        assert!((share(0, 0) - 100.0).abs() < f64::EPSILON);
    }
}
