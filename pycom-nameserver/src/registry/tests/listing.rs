//! Lists and their pages.

use super::*;

fn many(limits: Limits) -> Bench {
    let mut bench = Bench::with(limits, Terms::default());
    for number in (0..25).rev() {
        let of = if number % 2 == 0 { "even" } else { "odd" };
        let name = format!("/com/foo/{number:02}");
        bench.register(0, claim(&name, number, &["com.foo.any", of])).unwrap();
    }
    bench
}

fn all(bench: &mut Bench, filter: &Filter, limit: usize) -> Vec<Arc<Record>> {
    let now = bench.at(0);
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = bench.registry.list(now, filter, after.as_ref(), limit);
        assert!(page.records.len() <= limit);
        all.extend(page.records);
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

#[test]
fn pages_of_any_size_make_the_whole_list_in_the_order_of_names() {
    let mut bench = many(Limits::default());
    let expected: Vec<String> = (0..25).map(|number| format!("/com/foo/{number:02}")).collect();
    for limit in [1, 4, 5, 24, 25, 26, 1_000] {
        let list = all(&mut bench, &Filter::default(), limit);
        assert_eq!(names(&list), expected, "{limit}");
    }
}

#[test]
fn the_page_that_holds_the_last_service_is_the_last() {
    let mut bench = many(Limits::default());
    let now = bench.at(0);
    let page = bench.registry.list(now, &Filter::default(), None, 25);
    assert_eq!((page.records.len(), page.next), (25, None));
}

#[test]
fn a_long_search_is_cut_into_pages() {
    let mut bench = many(Limits { looked_at: 10, ..Limits::default() });
    let filter = Filter::new(None, Some("/com/foo/24")).unwrap();
    let first = bench.registry.list(bench.at(0), &filter, None, 100);
    assert_eq!((first.records.len(), first.next), (0, Some(service("/com/foo/09"))));
    assert_eq!(names(&all(&mut bench, &filter, 100)), ["/com/foo/24"]);
}

#[test]
fn a_page_goes_on_after_a_service_that_is_gone() {
    let mut bench = many(Limits::default());
    let now = bench.at(0);
    let page = bench.registry.list(now, &Filter::default(), None, 5);
    let last = page.next.unwrap();
    assert!(bench.registry.deregister(now, &last, Owner::Address(&address(4))));
    let page = bench.registry.list(now, &Filter::default(), Some(&last), 1);
    assert_eq!(names(&page.records), ["/com/foo/05"]);
}

#[test]
fn a_filter_chooses_by_both_names() {
    let mut bench = many(Limits::default());
    let mut count = |interface, service| {
        let filter = Filter::new(interface, service).unwrap();
        all(&mut bench, &filter, 100).len()
    };
    assert_eq!(count(Some("even"), None), 13);
    assert_eq!(count(Some("foo"), None), 0);
    assert_eq!(count(Some(r"com\.foo"), None), 25);
    assert_eq!(count(None, Some("/com/foo/1")), 10);
    assert_eq!(count(Some("even|nope"), Some("/com/foo/1.$")), 5);
}
