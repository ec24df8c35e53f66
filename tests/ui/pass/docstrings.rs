//! Doc comments become docstrings, and the stub's documentation.
#![deny(warnings)]

use pycom::interface;

struct Query;

/// Creates things.
///
///   * and indents
///
#[interface("com.foo.example")]
impl Query {
    /** Blocks of text
     too. */
    #[method]
    fn block(&self) {}

    /// Before.
    #[doc = include_str!("docstrings.txt")]
    #[method]
    fn included(&self) {}

    #[method]
    fn undocumented(&self) {}
}

fn main() {
    let offer = pycom::offer::<QueryClient, _>(Query);
    let description = offer.description();
    assert_eq!(description.docstring.as_deref(), Some("Creates things.\n\n  * and indents"));
    assert!(description.methods["block"].docstring.as_deref().unwrap().starts_with("Blocks of text"));
    assert_eq!(description.methods["included"].docstring.as_deref(), Some("Before.\nFrom a file."));
    assert_eq!(description.methods["undocumented"].docstring, None);
}
