//! Random numbers from the system.

/// 128 random bits: session ids, automatic service names, instance ids.
///
/// # Panics
///
/// If the system has no source of randomness, where nothing that must be unguessable can go on.
pub(crate) fn bits128() -> u128 {
    let mut bytes = [0; 16];
    if let Err(error) = getrandom::fill(&mut bytes) {
        panic!("the system gives no random numbers: {error}");
    }
    u128::from_ne_bytes(bytes)
}

/// 64 random bits: where request ids start.
pub(crate) fn bits64() -> u64 {
    bits128() as u64
}
