//! What libzmq needs once per process, before its first socket.

use std::sync::Once;

pub(super) fn prepare() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        seed_libzmq();
        raise_open_files();
    });
}

/// libzmq draws routing ids and reconnect jitter from `rand`, which it never seeds: without this, all processes draw the
/// same.
fn seed_libzmq() {
    let Ok(seed) = getrandom::u32() else { return };
    // SAFETY: `srand` has no preconditions.
    unsafe { libc::srand(seed) }
}

/// At the soft limit libzmq's thread spins on `accept`, and new peers wait while old ones live; at the limit with unix
/// sockets it even ends the process.
fn raise_open_files() {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a valid rlimit that lives through both calls.
    let raised = unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) == 0 && {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &limit) == 0
        }
    };
    if !raised {
        let error = std::io::Error::last_os_error();
        tracing::warn!(%error, "the limit of open files stays low; raise it with ulimit -n");
    }
}
