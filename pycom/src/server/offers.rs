//! What can be served: a service, several of them in a tuple, a list of offers.

use std::sync::Arc;

use crate::interface::{Interface, Offer, offer};

/// Something that offers interfaces: a value with `#[interface]` on an impl block, an `Arc` of one,
/// an [`Offer`], a `Vec` of them, or a tuple of such things.
///
/// `Marker` is inferred and never written. Where a type has several interfaces, say which with
/// [`offer()`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` offers no interface",
    label = "this is not a service",
    note = "put #[pycom::interface(\"com.foo.example\")] on an impl block of `{Self}`"
)]
pub trait IntoOffers<Marker> {
    /// The offers.
    fn into_offers(self) -> Vec<Offer>;
}

/// Marks a single service.
#[derive(Debug)]
pub struct Single<Tag>(std::marker::PhantomData<Tag>);

/// Marks a service behind an `Arc`.
#[derive(Debug)]
pub struct Shared<Tag>(std::marker::PhantomData<Tag>);

/// Marks offers.
#[derive(Debug)]
pub struct Made;

#[diagnostic::do_not_recommend]
impl<S: Interface<Tag>, Tag> IntoOffers<Single<Tag>> for S {
    fn into_offers(self) -> Vec<Offer> {
        vec![offer::<Tag, S>(self)]
    }
}

#[diagnostic::do_not_recommend]
impl<S: Interface<Tag>, Tag> IntoOffers<Shared<Tag>> for Arc<S> {
    fn into_offers(self) -> Vec<Offer> {
        vec![offer::<Tag, S>(self)]
    }
}

impl IntoOffers<Made> for Offer {
    fn into_offers(self) -> Vec<Offer> {
        vec![self]
    }
}

impl IntoOffers<Made> for Vec<Offer> {
    fn into_offers(self) -> Vec<Offer> {
        self
    }
}

macro_rules! tuple {
    ($($part:ident $marker:ident $index:tt),*) => {
        #[diagnostic::do_not_recommend]
        impl<$($part: IntoOffers<$marker>, $marker),*> IntoOffers<($($marker,)*)> for ($($part,)*) {
            fn into_offers(self) -> Vec<Offer> {
                let mut all = Vec::new();
                $(all.extend(self.$index.into_offers());)*
                all
            }
        }
    };
}

tuple!(A MA 0, B MB 1);
tuple!(A MA 0, B MB 1, C MC 2);
tuple!(A MA 0, B MB 1, C MC 2, D MD 3);
tuple!(A MA 0, B MB 1, C MC 2, D MD 3, E ME 4);
tuple!(A MA 0, B MB 1, C MC 2, D MD 3, E ME 4, F MF 5);
tuple!(A MA 0, B MB 1, C MC 2, D MD 3, E ME 4, F MF 5, G MG 6);
tuple!(A MA 0, B MB 1, C MC 2, D MD 3, E ME 4, F MF 5, G MG 6, H MH 7);
