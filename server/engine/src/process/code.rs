//! The program's own code in memory.

/// Lets go of the program's own code in memory. What is used comes back from the kernel's cache of the file, a few pages at
/// a time; most of what is there was needed to start, and never again.
pub(crate) fn let_go() {
    for (start, end) in stretches() {
        // SAFETY: the pages are a file's, mapped to be read and run only: the kernel reads them again when they are
        // next used, whoever runs in them meanwhile.
        #[expect(unsafe_code, reason = "the kernel's own interface, there is no other")]
        unsafe {
            let start: *mut nix::libc::c_void = std::ptr::with_exposed_provenance_mut(start);
            nix::libc::madvise(start, end - start.addr(), nix::libc::MADV_DONTNEED);
        }
    }
}

/// Where the program's own code lies: stretches of its file that can be run and not be written to.
fn stretches() -> Vec<(usize, usize)> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let own = std::fs::read_link("/proc/self/exe").unwrap_or_default();
    let stretch = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        let (place, rights) = (words.next()?, words.next()?);
        let (start, end) = place.split_once('-')?;
        let path = words.nth(3)?;
        (rights == "r-xp" && own.to_str() == Some(path)).then_some(())?;
        let number = |text| usize::from_str_radix(text, 16).ok();
        Some((number(start)?, number(end)?))
    };
    maps.lines().filter_map(stretch).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_let_go_of_runs_on() {
        let code = stretches();
        let here = what_was_let_go_of_runs_on as fn() as usize;
        assert!(code.iter().any(|(start, end)| (*start..*end).contains(&here)));
        for _ in 0..3 {
            let_go();
        }
        assert_eq!(stretches(), code);
    }
}
