#[automatically_derived]
#[allow(
    unused_variables,
    deprecated,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::restriction
)]
impl ::pycom::ErrorCode for SplitError {
    const CODES: &'static [::pycom::__private::ErrorInfo] = &[
        ::pycom::__private::ErrorInfo {
            code: 17i64,
            name: "NoPlace",
            docstring: ::core::option::Option::Some("There is no such place."),
        },
    ];
    fn code(&self) -> ::core::primitive::i64 {
        match self {
            Self::NoPlace { .. } => 17i64,
        }
    }
    fn text(&self) -> ::std::string::String {
        match self {
            Self::NoPlace { at } => ::std::format!("there is no place {at}"),
        }
    }
    fn data(&self) -> ::core::option::Option<::pycom::__private::Json> {
        match self {
            Self::NoPlace { at } => {
                ::pycom::__private::ErrorFields::new()
                    .with::<::pycom::__private::As<usize>>("at", at)
                    .into_json()
            }
        }
    }
    fn restore(
        code: ::core::primitive::i64,
        _: &::core::primitive::str,
        data: ::core::option::Option<&::pycom::__private::Json>,
    ) -> ::core::option::Option<Self> {
        let fields = ::pycom::__private::ErrorFields::read(data);
        match code {
            17i64 => {
                ::core::option::Option::Some(Self::NoPlace {
                    at: fields.get::<::pycom::__private::As<usize>>("at")?,
                })
            }
            _ => ::core::option::Option::None,
        }
    }
}
/// Splits things.
pub trait Query: ::core::marker::Send + ::core::marker::Sync + 'static {
    /// Splits a text in two.
    fn split(
        &self,
        session: Session,
        text: &str,
    ) -> impl ::core::future::Future<
        Output = Result<(String, String), SplitError>,
    > + ::core::marker::Send;
}
/// Client's half of the interface `com.foo.example`: one function per method, each a call to the service it was located at.
///
/// Splits things.
#[allow(dead_code, unreachable_pub)]
pub struct QueryClient {
    component: ::pycom::Component,
}
/// Serves the interface `com.foo.example` with an implementor of [`Query`]: give it to `launch` or `offer`.
#[allow(dead_code, unreachable_pub)]
pub struct QueryServer<__Service> {
    service: ::std::sync::Arc<__Service>,
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
        pub async fn locate(context: &__pycom::Context) -> ::pycom::Result<Self> {
            context.client().await
        }
        /// The interface `com.foo.example` at an address that is known.
        ///
        /// # Errors
        ///
        /// Where the address is none.
        pub fn connect(
            context: &__pycom::Context,
            address: &__pycom::str,
        ) -> ::pycom::Result<Self> {
            __pycom::connect(context, address)
        }
        /// Splits a text in two.
        pub async fn split(
            &self,
            text: &str,
        ) -> ::pycom::interface::Answer<Result<(String, String), SplitError>> {
            __pycom::answered::<
                Result<(String, String), SplitError>,
            >(
                __pycom::StubCall::new(
                        &self.component,
                        const { __pycom::method_of::<Self>("split") },
                    )
                    .named("text", text)
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
    }
    #[automatically_derived]
    impl __pycom::Client for QueryClient {
        const DESCRIPTION: &'static __pycom::InterfaceInfo = &__pycom::InterfaceInfo {
            name: "com.foo.example",
            docstring: __pycom::Some("Splits things."),
            stateful: true,
            version: ::core::env!("CARGO_PKG_VERSION"),
            methods: &[
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
    #[allow(dead_code)]
    impl<__Service: Query> QueryServer<__Service> {
        /// Takes the service.
        pub fn new(service: __Service) -> Self {
            Self::shared(__pycom::Arc::new(service))
        }
        /// Takes a service that is used elsewhere too.
        pub fn shared(service: __pycom::Arc<__Service>) -> Self {
            Self { service: service }
        }
    }
    #[automatically_derived]
    impl<__Service> __pycom::Clone for QueryServer<__Service> {
        fn clone(&self) -> Self {
            Self {
                service: __pycom::Clone::clone(&self.service),
            }
        }
    }
    #[automatically_derived]
    impl<__Service> __pycom::fmt::Debug for QueryServer<__Service> {
        fn fmt(
            &self,
            formatter: &mut __pycom::fmt::Formatter<'_>,
        ) -> __pycom::fmt::Result {
            formatter.write_str("QueryServer")
        }
    }
    #[automatically_derived]
    impl<__Service: Query> __pycom::Interface<QueryClient> for QueryServer<__Service> {
        const INFO: &'static __pycom::InterfaceInfo = <QueryClient as __pycom::Client>::DESCRIPTION;
        const HANDLERS: &'static [__pycom::Handler<Self>] = &[
            __pycom::Handler::Async(|service, request| __pycom::run_async(async move {
                let (arg_text,) = __pycom::named_arguments::<
                    (__pycom::Text,),
                >(&request, &["text"])?;
                let arg_session = __pycom::Clone::clone(
                    __pycom::Request::session(&request)?,
                );
                let (part_0, part_1) = __pycom::MethodResult::into_result(
                        <__Service as Query>::split(
                                &service.service,
                                arg_session,
                                &*arg_text,
                            )
                            .await,
                    )
                    .map_err(|error| (&__pycom::Probe::of(&error)).pycom_error(error))?;
                __pycom::Ok(
                    __pycom::ReplyBuilder::new()
                        .named("head", part_0)
                        .named("tail", part_1)
                        .finish("com.foo.example", "split"),
                )
            })),
        ];
        fn hooks(_: &__pycom::Arc<Self>) -> __pycom::Hooks {
            let hooks = __pycom::Hooks::none();
            let hooks = hooks.interface(__pycom::Hook::new(log));
            hooks
        }
    }
};
