//! How much freed memory the C library keeps.

use std::sync::Once;

/// Twice as much may be free before any of it goes back to the system: two windows of chunks, each way.
const BLOCK: usize = 8 * 1024 * 1024;

/// Makes the allocator keep what a window of chunks has needed, for the next one. To be called before chunks are moved.
///
/// glibc gives memory at the end of a heap back to the system where there is more than twice as much as the largest block
/// that it ever mapped by itself and that was freed (`mallopt(3)`, `M_MMAP_THRESHOLD`): with chunks only, at 1 MiB. Each
/// chunk was then mapped, cleared, touched and unmapped anew, which took a third of the time of a transfer. So one such
/// block is freed here, untouched; a program that has freed a large buffer itself sees no difference, and `MALLOC_`
/// variables of its environment are respected. It is asked of libzmq because that is not bound to Rust's allocator.
pub(crate) fn keep_freed_memory() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let mut block = zmq_sys::zmq_msg_t::default();
        // SAFETY: the message is initialised by the first call, and used by nobody else before the second.
        unsafe {
            if zmq_sys::zmq_msg_init_size(&mut block, BLOCK) == 0 {
                zmq_sys::zmq_msg_close(&mut block);
            }
        }
    });
}
