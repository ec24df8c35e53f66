/// Creates and splits things.
impl Query {
    /// Creates a thing.
    async fn create(&self, request: Request) -> Result<Value> {
        Ok(json!({ "field1" : request.args::< Value > () ? }))
    }
    /// Splits a text in two.
    fn split(
        &self,
        text: &str,
        at: Option<usize>,
    ) -> Result<(String, String), SplitError> {
        split(text, at)
    }
    /// Paints a wall.
    async fn paint(&self, wall: Wall, layers: u8) -> Painted {
        self.painter.paint(wall, layers).await
    }
}
/// Client's half of the interface `com.foo.example`: one function per method, each a call to the service it was located at.
///
/// Creates and splits things.
#[allow(dead_code, unreachable_pub)]
pub(crate) struct QueryClient {
    component: ::pycom::Component,
}
#[allow(
    deprecated,
    private_interfaces,
    unreachable_pub,
    unused_imports,
    unused_qualifications,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::restriction
)]
const _: () = {
    use ::pycom::__private::{self as __pycom, probes::*};
    #[allow(dead_code)]
    impl QueryClient {
        /// Finds a service that offers `com.foo.example` through the nameserver.
        ///
        /// # Errors
        ///
        /// Where there is none, or no nameserver.
        pub(crate) async fn locate(context: &__pycom::Context) -> ::pycom::Result<Self> {
            context.client().await
        }
        /// The interface `com.foo.example` at an address that is known.
        ///
        /// # Errors
        ///
        /// Where the address is none.
        pub(crate) fn connect(
            context: &__pycom::Context,
            address: &__pycom::str,
        ) -> ::pycom::Result<Self> {
            __pycom::connect(context, address)
        }
        /// Creates a thing.
        pub(crate) async fn create(
            &self,
            args: impl __pycom::StubArgument,
        ) -> ::pycom::interface::Answer<Result<Value>> {
            __pycom::answered::<
                Result<Value>,
            >(
                __pycom::StubCall::new(
                        &self.component,
                        const { __pycom::method_of::<Self>("create") },
                    )
                    .whole(&args)
                    .send()
                    .await
                    .and_then(|answer| {
                        answer
                            .value_as::<
                                <Value as __pycom::Returned<_>>::Of<__pycom::As<Value>>,
                            >()
                    }),
            )
        }
        /// Splits a text in two.
        pub(crate) async fn split(
            &self,
            text: &str,
            at: Option<usize>,
        ) -> ::pycom::interface::Answer<Result<(String, String), SplitError>> {
            __pycom::answered::<
                Result<(String, String), SplitError>,
            >(
                __pycom::StubCall::new(
                        &self.component,
                        const { __pycom::method_of::<Self>("split") },
                    )
                    .named("text", text)
                    .optional("at", &at)
                    .end_named()
                    .send()
                    .await
                    .and_then(|answer| {
                        let (part_0, part_1) = answer
                            .named::<
                                (__pycom::Required<String>, __pycom::Required<String>),
                            >(&["head", "tail"])?;
                        __pycom::Ok((part_0, part_1))
                    }),
            )
        }
        /// Paints a wall.
        pub(crate) async fn paint(
            &self,
            wall: Wall,
            layers: u8,
        ) -> ::pycom::Result<Painted> {
            __pycom::StubCall::new(
                    &self.component,
                    const { __pycom::method_of::<Self>("paint") },
                )
                .named_as::<
                    <Wall as __pycom::Parameter<'_, _>>::Of<__pycom::As<Wall>>,
                >("wall", &wall)
                .named("layers", &layers)
                .end_named()
                .send()
                .await
                .and_then(|answer| {
                    answer
                        .value_as::<
                            <Painted as __pycom::Returned<_>>::Of<__pycom::As<Painted>>,
                        >()
                })
        }
    }
    #[automatically_derived]
    impl __pycom::Client for QueryClient {
        const DESCRIPTION: &'static __pycom::InterfaceInfo = &__pycom::InterfaceInfo {
            name: "com.foo.example",
            docstring: __pycom::Some("Creates and splits things."),
            stateful: false,
            version: ::core::env!("CARGO_PKG_VERSION"),
            methods: &[
                __pycom::MethodInfo {
                    parameters: __pycom::Parameters::Whole(__pycom::any_schema),
                    docstring: __pycom::Some("Creates a thing."),
                    result: |generator| {
                        (&__pycom::Probe::<Value>::new()).pycom_schema(generator)
                    },
                    errors: || {
                        (&__pycom::Probe::<
                            <Result<Value> as __pycom::MethodResult>::Error,
                        >::new())
                            .pycom_errors()
                    },
                    ..__pycom::MethodInfo::plain("com.foo.example", "create")
                },
                __pycom::MethodInfo {
                    parameters: __pycom::Parameters::Named(
                        &[
                            __pycom::ArgumentInfo {
                                name: "text",
                                required: true,
                                schema: |generator| {
                                    (&__pycom::Probe::<__pycom::str>::new())
                                        .pycom_schema(generator)
                                },
                                default: __pycom::None,
                            },
                            __pycom::ArgumentInfo {
                                name: "at",
                                required: false,
                                schema: |generator| {
                                    (&__pycom::Probe::<Option<usize>>::new())
                                        .pycom_schema(generator)
                                },
                                default: __pycom::None,
                            },
                        ],
                    ),
                    docstring: __pycom::Some("Splits a text in two."),
                    results: &["head", "tail"],
                    result: |generator| __pycom::named_schema(
                        generator,
                        &[
                            (
                                "head",
                                |generator| {
                                    (&__pycom::Probe::<String>::new()).pycom_schema(generator)
                                },
                            ),
                            (
                                "tail",
                                |generator| {
                                    (&__pycom::Probe::<String>::new()).pycom_schema(generator)
                                },
                            ),
                        ],
                    ),
                    errors: || (&__pycom::Probe::<SplitError>::new()).pycom_errors(),
                    ..__pycom::MethodInfo::plain("com.foo.example", "split")
                },
                __pycom::MethodInfo {
                    parameters: __pycom::Parameters::Named(
                        &[
                            __pycom::ArgumentInfo {
                                name: "wall",
                                required: true,
                                schema: |generator| {
                                    (&__pycom::Probe::<Wall>::new()).pycom_schema(generator)
                                },
                                default: __pycom::None,
                            },
                            __pycom::ArgumentInfo {
                                name: "layers",
                                required: false,
                                schema: |generator| {
                                    (&__pycom::Probe::<u8>::new()).pycom_schema(generator)
                                },
                                default: __pycom::Some(|| {
                                    let given: u8 = 2;
                                    (&__pycom::Probe::of(&given)).pycom_json(&given)
                                }),
                            },
                        ],
                    ),
                    docstring: __pycom::Some("Paints a wall."),
                    result: |generator| {
                        (&__pycom::Probe::<Painted>::new()).pycom_schema(generator)
                    },
                    idempotent: true,
                    ..__pycom::MethodInfo::plain("com.foo.example", "paint")
                },
            ],
        };
        fn from_component(component: __pycom::Component) -> Self {
            Self { component: component }
        }
        fn component(&self) -> &__pycom::Component {
            &self.component
        }
    }
    #[automatically_derived]
    impl __pycom::Clone for QueryClient {
        fn clone(&self) -> Self {
            Self {
                component: __pycom::Clone::clone(&self.component),
            }
        }
    }
    #[automatically_derived]
    impl __pycom::fmt::Debug for QueryClient {
        fn fmt(
            &self,
            formatter: &mut __pycom::fmt::Formatter<'_>,
        ) -> __pycom::fmt::Result {
            formatter.debug_tuple("QueryClient").field(&self.component).finish()
        }
    }
    #[automatically_derived]
    impl __pycom::Interface<QueryClient> for Query {
        const INFO: &'static __pycom::InterfaceInfo = <QueryClient as __pycom::Client>::DESCRIPTION;
        const HANDLERS: &'static [__pycom::Handler<Self>] = &[
            __pycom::Handler::Async(|service, request| __pycom::run_async(async move {
                let value = __pycom::MethodResult::into_result(
                        Self::create(&service, request).await,
                    )
                    .map_err(|error| (&__pycom::Probe::of(&error)).pycom_error(error))?;
                __pycom::Ok(
                    __pycom::ReplyBuilder::new()
                        .value_as::<
                            <Value as __pycom::Returned<_>>::Of<__pycom::As<Value>>,
                        >(value)
                        .finish("com.foo.example", "create"),
                )
            })),
            __pycom::Handler::Blocking(|service, request| __pycom::run_blocking(|| {
                let (arg_text, arg_at) = __pycom::named_arguments::<
                    (__pycom::Text, __pycom::Optional<usize>),
                >(&request, &["text", "at"])?;
                let (part_0, part_1) = __pycom::MethodResult::into_result(
                        Self::split(&service, &*arg_text, arg_at),
                    )
                    .map_err(|error| (&__pycom::Probe::of(&error)).pycom_error(error))?;
                __pycom::Ok(
                    __pycom::ReplyBuilder::new()
                        .named("head", part_0)
                        .named("tail", part_1)
                        .finish("com.foo.example", "split"),
                )
            })),
            __pycom::Handler::Async(|service, request| __pycom::run_async(async move {
                let (arg_wall, arg_layers) = __pycom::named_arguments::<
                    (
                        <Wall as __pycom::Parameter<'_, _>>::Of<__pycom::Required<Wall>>,
                        __pycom::Optional<u8>,
                    ),
                >(&request, &["wall", "layers"])?;
                let arg_layers = match arg_layers {
                    __pycom::Some(given) => given,
                    __pycom::None => {
                        let given: u8 = 2;
                        given
                    }
                };
                let value = Self::paint(&service, arg_wall, arg_layers).await;
                __pycom::Ok(
                    __pycom::ReplyBuilder::new()
                        .value_as::<
                            <Painted as __pycom::Returned<_>>::Of<__pycom::As<Painted>>,
                        >(value)
                        .finish("com.foo.example", "paint"),
                )
            })),
        ];
    }
};
