//! The reader with a stand-in for the driver's library, built here.

use super::*;

/// A library of its own for each test, and the file that says what it answers.
struct Stub {
    _temp: tempfile::TempDir,
    library: PathBuf,
    state: PathBuf,
}

impl Stub {
    fn new(state: &str) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/nvml/nvml.c");
        let library = temp.path().join("libnvidia-ml.so.1");
        let file = temp.path().join("state");
        #[expect(clippy::disallowed_methods, reason = "a test builds what it tests with")]
        let mut cc = std::process::Command::new("cc");
        cc.args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror"]);
        cc.arg(format!("-DSTATE=\"{}\"", file.display()));
        cc.arg("-o").arg(&library).arg(source);
        assert!(cc.status().unwrap().success());
        let stub = Self {
            _temp: temp,
            library,
            state: file,
        };
        stub.says(state);
        stub
    }

    fn says(&self, state: &str) {
        let new = self.state.with_extension("new");
        std::fs::write(&new, state).unwrap();
        std::fs::rename(new, &self.state).unwrap();
    }

    fn reader(&self) -> GpuReader {
        GpuReader::start(Some(self.library.clone())).unwrap()
    }
}

/// Reads until the driver answered: a busy machine may be slower than [`PATIENCE`].
fn read(reader: &mut GpuReader) -> GpuReadings {
    let began = Instant::now();
    loop {
        let read = reader.read();
        if read.note != SILENT {
            return read;
        }
        assert!(began.elapsed() < Duration::from_mins(1));
    }
}

#[test]
fn two_gpus_tell_all_there_is() {
    let stub =
        Stub::new("process 0 4711 8192 60\nprocess 1 4711 100 0\nprocess 1 4712 200 33\nhot 1 91 68\n");
    let read = read(&mut stub.reader());
    assert_eq!(read.note, "");
    assert_eq!(read.driver.as_deref(), Some("575.57.08"));
    let [first, second] = read.gpus.as_slice() else {
        panic!("{read:?}");
    };
    assert_eq!(
        (first.uuid.as_str(), first.name.as_str()),
        ("GPU-stub-0", "Stub RTX 0")
    );
    assert_eq!((first.percent, first.temperature), (Some(70.0), Some(55)));
    assert_eq!((first.power, first.power_limit), (Some(123.4), Some(350.0)));
    assert_eq!(
        (first.clock, first.memory_clock, first.fan),
        (Some(1815), Some(9501), Some(42))
    );
    assert_eq!(first.memory_used, Some(8192 << 20));
    assert_eq!(first.memory_free(), Some((24576 - 8192) << 20));
    assert_eq!(first.throttled, [""; 0]);
    let users: Vec<_> = second
        .processes
        .iter()
        .map(|one| (one.pid, one.memory, one.percent))
        .collect();
    assert_eq!(
        users,
        [
            (4711, Some(100 << 20), Some(0.0)),
            (4712, Some(200 << 20), Some(33.0))
        ]
    );
    assert_eq!(second.throttled, ["power limit", "temperature (hardware)"]);
    assert!(second.slices.is_empty());
}

#[test]
fn what_a_gpu_does_not_tell_is_left_out_and_a_cut_up_one_shows_its_parts() {
    let stub = Stub::new("na 0\nmig 1 2\nprocess 0 9 50 0\n");
    let read = read(&mut stub.reader());
    let (quiet, cut) = (&read.gpus[0], &read.gpus[1]);
    assert_eq!(
        (quiet.percent, quiet.temperature, quiet.power, quiet.fan),
        (None, None, None, None)
    );
    assert_eq!(quiet.memory_used, Some(50 << 20));
    assert_eq!(quiet.processes[0].percent, None);
    assert_eq!(quiet.problem, "");
    let slices: Vec<_> = cut
        .slices
        .iter()
        .map(|slice| (slice.uuid.as_str(), slice.memory_total))
        .collect();
    assert_eq!(
        slices,
        [("MIG-1-1", Some(10240 << 20)), ("MIG-1-2", Some(10240 << 20))]
    );
}

#[test]
fn a_gpu_that_goes_away_is_shown_as_gone_and_comes_back() {
    let stub = Stub::new("");
    let mut reader = stub.reader();
    assert_eq!(read(&mut reader).gpus.len(), 2);
    stub.says("gpu 1 15\n");
    let lost = read(&mut reader);
    assert!(lost.gpus[0].problem.is_empty());
    assert!(lost.gpus[1].problem.contains("fallen off the bus"), "{lost:?}");
    assert_eq!(
        (lost.gpus[1].uuid.as_str(), lost.gpus[1].percent),
        ("GPU-stub-1", None)
    );
    stub.says("count 1\n");
    let gone = read(&mut reader);
    assert_eq!(gone.gpus[1].problem, words::GONE);
    assert_eq!(gone.gpus[1].name, "Stub RTX 1");
    stub.says("");
    assert_eq!(read(&mut reader).gpus[1].problem, "");
}

#[test]
fn a_driver_that_is_restarted_is_loaded_again() {
    let stub = Stub::new("");
    let mut reader = stub.reader();
    assert_eq!(read(&mut reader).gpus.len(), 2);
    stub.says("init 1\n");
    let down = read(&mut reader);
    assert!(
        down.gpus.is_empty() && down.note.contains("restarted"),
        "{down:?}"
    );
    stub.says("count 1\n");
    let back = read(&mut reader);
    assert_eq!((back.note.as_str(), back.gpus.len()), ("", 1));
}

#[test]
fn an_xid_is_told_once_in_words() {
    let stub = Stub::new("xid 1 79\n");
    let mut reader = stub.reader();
    read(&mut reader);
    let faults = read(&mut reader).faults;
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!((faults[0].uuid.as_str(), faults[0].xid), ("GPU-stub-1", Some(79)));
    assert!(faults[0].message.contains("fallen off the bus") && faults[0].at > 0);
    stub.says("xid 0 31\n");
    assert_eq!(read(&mut reader).faults.last().unwrap().xid, Some(31));
}

#[test]
fn a_driver_that_is_missing_or_broken_is_a_sentence() {
    let nothing = PathBuf::from("/nonexistent/libnvidia-ml.so.1");
    let mut reader = GpuReader::start(Some(nothing)).unwrap();
    let read_it = read(&mut reader);
    assert!(read_it.note.starts_with("There is no NVIDIA driver") && read_it.gpus.is_empty());
    for (code, words) in [(9, "not loaded"), (18, "exchanged"), (4, "may not ask")] {
        let stub = Stub::new(&format!("init {code}\n"));
        let told = read(&mut stub.reader()).note;
        assert!(told.contains(words) && told.ends_with('.'), "{told}");
    }
}

#[test]
fn a_driver_that_hangs_holds_nobody_up() {
    let stub = Stub::new("");
    let mut reader = stub.reader();
    read(&mut reader);
    stub.says("hang 3600000\n");
    let old = reader.read();
    assert_eq!(old.note, SILENT);
    assert_eq!((old.gpus.len(), old.gpus[0].percent), (2, None));
    assert_eq!(old.gpus[0].problem, SILENT);
    assert_eq!(reader.read().note, SILENT, "and it is not asked twice at once");
}
