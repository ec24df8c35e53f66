//! What the macros accept, and what they say of what they do not.

#[test]
fn misuses_are_refused_on_the_right_token_with_a_way_out() {
    trybuild::TestCases::new().compile_fail("ui/fail/*.rs");
}

#[test]
fn what_is_documented_compiles() {
    trybuild::TestCases::new().pass("ui/pass/*.rs");
}
