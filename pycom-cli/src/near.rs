//! The name that was probably meant.

/// The name closest to `name`, where one is close enough.
pub fn nearest<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let bound = (name.chars().count() / 3).max(1) + 1;
    let last = |text: &str| text.rsplit(['.', '/']).next().unwrap_or_default().to_owned();
    names
        .into_iter()
        .filter_map(|known| {
            let whole = strsim::damerau_levenshtein(name, known);
            // `example` finds `com.foo.example`, too.
            let part = if last(known) == name { 0 } else { usize::MAX };
            let distance = whole.min(part);
            (distance <= bound).then_some((distance, known))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// `; did you mean 'x'?`, or what there is, or nothing.
pub fn hint<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    const SHOWN: usize = 12;
    let names: Vec<&str> = names.into_iter().collect();
    if let Some(near) = nearest(name, names.iter().copied()) {
        return format!("; did you mean '{near}'?");
    }
    match names.len() {
        0 => String::new(),
        count if count > SHOWN => format!("; there are: {}, …", names[..SHOWN].join(", ")),
        _ => format!("; there are: {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_far_ones_are_listed() {
        assert_eq!(nearest("splt", ["create", "split"]), Some("split"));
        assert_eq!(nearest("example", ["com.foo.other", "com.foo.example"]), Some("com.foo.example"));
        assert_eq!(hint("zzz", ["create", "split"]), "; there are: create, split");
    }
}
