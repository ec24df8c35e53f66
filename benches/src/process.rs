//! What the system says of this process and of others.

use std::fs;

/// CPU time of this process so far, all threads, user and system, in seconds.
pub fn cpu_seconds() -> f64 {
    // SAFETY: the structure is plain numbers, and the call fills it.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

/// CPU time of another process so far, in seconds; 0 where the system does not say.
pub fn cpu_seconds_of(process: u32) -> f64 {
    let Ok(stat) = fs::read_to_string(format!("/proc/{process}/stat")) else { return 0.0 };
    // The second field, the name in brackets, may hold spaces.
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: f64 = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    // SAFETY: only asks.
    ticks / unsafe { libc::sysconf(libc::_SC_CLK_TCK) } as f64
}

/// Memory of this process that is in RAM, in bytes; 0 where the system does not say.
pub fn resident_bytes() -> u64 {
    resident_bytes_of(std::process::id())
}

/// Memory of another process that is in RAM, in bytes; 0 where the system does not say.
pub fn resident_bytes_of(process: u32) -> u64 {
    let Ok(statm) = fs::read_to_string(format!("/proc/{process}/statm")) else { return 0 };
    let pages: u64 = statm.split_whitespace().nth(1).and_then(|field| field.parse().ok()).unwrap_or(0);
    // SAFETY: only asks.
    pages * unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as u64
}

/// Lets this process open as many files as the system allows it.
pub fn raise_open_files() {
    // SAFETY: the structure is plain numbers, read and written by the calls.
    unsafe {
        let mut limit: libc::rlimit = std::mem::zeroed();
        if libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) == 0 {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &limit);
        }
    }
}
