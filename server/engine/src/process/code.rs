//! The program's own file in memory: its code and its constants.

use std::sync::LazyLock;

/// Lets go of what is in memory of the program's own file. What is used comes back from the kernel's cache of the file, a
/// few pages at a time; most of what is there was needed to start, and never again.
pub(crate) fn let_go() {
    // What is mapped of the program stays as it is for as long as it runs.
    static OWN: LazyLock<Vec<(usize, usize)>> = LazyLock::new(stretches);
    for (start, end) in &*OWN {
        // SAFETY: the pages are a file's, mapped to be read only, and none was written to before that: the kernel reads
        // them again when they are next used, whoever runs in them meanwhile.
        #[expect(unsafe_code, reason = "the kernel's own interface, there is no other")]
        unsafe {
            let place: *mut nix::libc::c_void = std::ptr::with_exposed_provenance_mut(*start);
            nix::libc::madvise(place, end - start, nix::libc::MADV_DONTNEED);
        }
    }
}

/// Where the program's own file lies in memory just as it is on the disk.
fn stretches() -> Vec<(usize, usize)> {
    let maps = std::fs::read_to_string("/proc/self/smaps").unwrap_or_default();
    let own = std::fs::read_link("/proc/self/exe").unwrap_or_default();
    own.to_str().map_or_else(Vec::new, |own| unchanged(&maps, own))
}

/// The stretches of a file that cannot be written to, and have not been: what the loader has put addresses into, and then
/// closed, is anonymous memory. `maps` is as the kernel writes it, see `proc_pid_smaps(5)`.
fn unchanged(maps: &str, path: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut present = None;
    for line in maps.lines() {
        if let Some(kilobytes) = line.strip_prefix("Anonymous:") {
            found.extend(present.take().filter(|_| kilobytes.trim() == "0 kB"));
        } else if !line.ends_with(" kB") {
            present = read_only(line, path);
        }
    }
    found
}

/// The stretch of a mapping's first line, if it is one of this file and cannot be written to.
fn read_only(line: &str, path: &str) -> Option<(usize, usize)> {
    let (place, rest) = line.split_once(' ')?;
    let is_own = rest.starts_with('r') && !rest.starts_with("rw") && rest.ends_with(&format!(" {path}"));
    let (start, end) = place.split_once('-').filter(|_| is_own)?;
    let number = |text| usize::from_str_radix(text, 16).ok();
    Some((number(start)?, number(end)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_let_go_of_runs_on() {
        let own = stretches();
        let lies_in_it = |place: usize| own.iter().any(|(start, end)| (*start..*end).contains(&place));
        assert!(lies_in_it(what_was_let_go_of_runs_on as fn() as usize), "code");
        assert!(lies_in_it("what does not change".as_ptr().addr()), "constants");
        for _ in 0..3 {
            let_go();
        }
        assert_eq!(stretches(), own);
    }

    #[test]
    fn what_was_or_can_be_written_to_is_left_alone() {
        let maps = "\
1000-2000 r--p 00000000 fe:00 12 /a b\nSize: 4 kB\nAnonymous:             0 kB\nVmFlags: rd mr\n\
2000-3000 r-xp 00001000 fe:00 12 /a b\nAnonymous:             0 kB\n\
3000-4000 r--p 00002000 fe:00 12 /a b\nAnonymous:             4 kB\n\
4000-5000 rw-p 00003000 fe:00 12 /a b\nAnonymous:             0 kB\n\
5000-6000 r--p 00000000 fe:00 13 /lib/b\nAnonymous:             0 kB\n\
6000-7000 r-xp 00000000 00:00 0 [vdso]\nAnonymous:             0 kB\n";
        assert_eq!(unchanged(maps, "/a b"), [(0x1000, 0x2000), (0x2000, 0x3000)]);
    }
}
