//! The history with a file.

use tempfile::TempDir;

use super::span::read;
use super::*;

/// Divides evenly by every step.
const BEGIN: i64 = 20_000 * DAY;

fn reading(cpu: f64, memory: f64) -> Vec<Value> {
    let of = |subject: &str, metric, number| Value {
        subject: subject.to_owned(),
        metric,
        number,
    };
    vec![
        of("machine", "cpu_percent", cpu),
        of("instance:7", "memory", memory * 1_048_576.0),
    ]
}

async fn open(temp: &TempDir, now: i64) -> History {
    History::open(&temp.path().join("telemetry.db"), now)
        .await
        .unwrap()
}

fn wanted(from: i64, to: i64, step: i64) -> Wanted {
    Wanted {
        from,
        to,
        step,
        ..Wanted::default()
    }
}

fn of<'a>(found: &'a types::telemetry::History, metric: &str) -> &'a types::telemetry::Series {
    found
        .series
        .iter()
        .find(|series| series.metric == metric)
        .unwrap()
}

#[tokio::test]
async fn the_last_hour_is_there_second_by_second_after_a_restart_and_nothing_is_lost_by_a_kill() {
    let temp = tempfile::tempdir().unwrap();
    let mut history = open(&temp, BEGIN).await;
    for second in 0..700 {
        let at = BEGIN + second * SECOND;
        history
            .record(
                at + 400,
                &reading(f64::from(u8::try_from(second % 100).unwrap()), 100.0),
            )
            .await
            .unwrap();
    }
    let now = BEGIN + 700 * SECOND;
    // Not closed: as after a kill.
    std::mem::forget(history);
    let history = open(&temp, now).await;
    let found = read(&history.file(), &wanted(BEGIN, now - SECOND, SECOND), now)
        .await
        .unwrap();
    assert_eq!((found.from, found.step, found.steps), (BEGIN, SECOND, 700));
    let cpu = of(&found, "cpu_percent");
    let expected: Vec<Option<f32>> = (0..700_u16).map(|second| Some(f32::from(second % 100))).collect();
    assert_eq!(cpu.mean, expected);
    assert_eq!(cpu.peak, expected);
    assert_eq!(of(&found, "memory").mean[699], Some(104_857_600.0));
    assert_eq!(cpu.subject, "machine");
}

#[tokio::test]
async fn coarser_steps_hold_mean_and_peak_and_go_on_after_a_restart_in_the_middle_of_one() {
    let temp = tempfile::tempdir().unwrap();
    let mut history = open(&temp, BEGIN).await;
    let record = async |history: &mut History, from: i64, to: i64| {
        for second in from..to {
            let cpu = if second % 300 == 299 { 90.0 } else { 10.0 };
            let at = BEGIN + second * SECOND;
            history.record(at, &reading(cpu, 1.0)).await.unwrap();
        }
    };
    record(&mut history, 0, 730).await;
    history.file.close().await;
    let mut history = open(&temp, BEGIN + 730 * SECOND).await;
    record(&mut history, 730, 1000).await;
    let now = BEGIN + 1000 * SECOND;
    let found = read(&history.file(), &wanted(BEGIN, now, 5 * MINUTE), now)
        .await
        .unwrap();
    let cpu = of(&found, "cpu_percent");
    assert_eq!(found.steps, 4);
    // (299 × 10 + 90) / 300 = 10.27, kept in tenths.
    for step in 0..3 {
        assert_eq!(
            (cpu.mean[step], cpu.peak[step]),
            (Some(10.3), Some(90.0)),
            "step {step}"
        );
    }
    assert_eq!(
        cpu.mean[3],
        Some(10.0),
        "the step under way is told from the seconds"
    );
    let found = read(&history.file(), &wanted(BEGIN, now, 15 * SECOND), now)
        .await
        .unwrap();
    let cpu = of(&found, "cpu_percent");
    assert_eq!(cpu.mean.iter().flatten().count(), 67);
    assert_eq!((cpu.mean[48], cpu.peak[19]), (Some(10.0), Some(90.0)));
}

#[tokio::test]
async fn what_is_too_old_is_forgotten_level_by_level() {
    let temp = tempfile::tempdir().unwrap();
    let mut history = open(&temp, BEGIN).await;
    // Every five minutes for two days.
    for step in 0..576 {
        history
            .record(BEGIN + step * 5 * MINUTE, &reading(50.0, 1.0))
            .await
            .unwrap();
    }
    let count = async |level: Level| {
        let blocks = history.file.blocks(level.number, 0, i64::MAX).await.unwrap();
        (blocks.len(), blocks.first().map(|block| block.start))
    };
    let now = BEGIN + 2 * DAY - 5 * MINUTE;
    let (seconds, first) = count(LEVELS[0]).await;
    assert!(
        seconds <= 14 && first.unwrap() >= now - HOUR - 10 * MINUTE,
        "{seconds}"
    );
    let (quarters, first) = count(LEVELS[1]).await;
    assert!(
        quarters <= 26 && first.unwrap() >= now - DAY - 2 * HOUR,
        "{quarters}"
    );
    assert_eq!(count(LEVELS[2]).await, (1, Some(BEGIN)));
    let found = read(&history.file(), &wanted(BEGIN, now, 0), now).await.unwrap();
    let there = of(&found, "cpu_percent").mean.iter().flatten().count();
    assert!(there >= 575, "{there} of the month's level");
}

#[tokio::test]
async fn gaps_stay_gaps_and_a_clock_that_is_set_back_breaks_nothing() {
    let temp = tempfile::tempdir().unwrap();
    let mut history = open(&temp, BEGIN).await;
    history.record(BEGIN, &reading(1.0, 1.0)).await.unwrap();
    history.record(BEGIN + 200, &reading(9.0, 1.0)).await.unwrap();
    history
        .record(BEGIN + 5 * SECOND, &reading(2.0, 1.0))
        .await
        .unwrap();
    history
        .record(BEGIN + 3 * SECOND, &reading(9.0, 1.0))
        .await
        .unwrap();
    let now = BEGIN + 6 * SECOND;
    let found = read(&history.file(), &wanted(BEGIN, now, SECOND), now)
        .await
        .unwrap();
    let cpu = &of(&found, "cpu_percent").mean;
    assert_eq!(cpu[..6], [Some(1.0), None, None, None, None, Some(2.0)]);
    history.record(BEGIN - DAY, &reading(3.0, 1.0)).await.unwrap();
    history
        .record(BEGIN - DAY + SECOND, &reading(3.0, 1.0))
        .await
        .unwrap();
    let early = BEGIN - DAY;
    let found = read(
        &history.file(),
        &wanted(early, early + SECOND, SECOND),
        early + SECOND,
    )
    .await
    .unwrap();
    assert_eq!(of(&found, "cpu_percent").mean[1], Some(3.0));
}

#[tokio::test]
async fn a_value_takes_two_bytes_at_most() {
    let temp = tempfile::tempdir().unwrap();
    let mut history = open(&temp, BEGIN).await;
    let noise = |at: i64, swing: u64| {
        let number = (at.cast_unsigned().wrapping_mul(6_364_136_223_846_793_005) >> 33) % swing;
        f64::from(u32::try_from(number).unwrap())
    };
    for second in 0..900 {
        let at = BEGIN + second * SECOND;
        let mut values = reading(noise(at, 1000) / 10.0, 500.0 + noise(at + 1, 40));
        values.push(Value {
            subject: "machine".to_owned(),
            metric: "received_per_s",
            number: 1e7 + noise(at + 2, 90_000_000),
        });
        history.record(at, &values).await.unwrap();
    }
    let extent = history.file.extent().await.unwrap();
    assert_eq!(extent.samples, 600 * 3, "two blocks of five minutes are over");
    assert!(extent.bytes <= 2 * extent.samples, "{extent:?}");
}
