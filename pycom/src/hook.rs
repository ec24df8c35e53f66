//! Async functions around calls: timing, tracing, authentication, retries.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::reply::Reply;
use crate::request::Request;

type ReplyFuture = Pin<Box<dyn Future<Output = Reply> + Send>>;
type Function = dyn Fn(Request, Next) -> ReplyFuture + Send + Sync;

/// What a hook wraps: the hooks inside it, and at last the call itself. Cloning it and running it
/// again runs the call again.
#[derive(Clone)]
pub struct Next {
    hooks: Arc<[Hook]>,
    place: usize,
    call: Arc<dyn Fn(Request) -> ReplyFuture + Send + Sync>,
}

impl fmt::Debug for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Next({} hooks to go)", self.hooks.len() - self.place)
    }
}

impl Next {
    /// Goes on with the call.
    pub async fn run(mut self, request: Request) -> Reply {
        match self.hooks.get(self.place).cloned() {
            Some(hook) => {
                self.place += 1;
                (hook.0)(request, self).await
            }
            None => (self.call)(request).await,
        }
    }
}

/// A plain async function around calls.
///
/// ```
/// use pycom::{Error, Hook, Next, Reply, Request};
///
/// async fn only_reading(request: Request, next: Next) -> Reply {
///     if request.method().starts_with("get") {
///         next.run(request).await
///     } else {
///         Reply::failed(Error::access_denied("this service is read-only today"))
///     }
/// }
///
/// let hook = Hook::new(only_reading);
/// # let _ = hook;
/// ```
///
/// Hooks of a service run outside those of the interface, and these outside those of the method;
/// among several of one place the first is the outermost. On the caller's side those of the
/// context run around the whole call.
#[derive(Clone)]
pub struct Hook(Arc<Function>);

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hook")
    }
}

impl Hook {
    /// Makes a hook of an async function.
    pub fn new<F, R>(function: F) -> Self
    where
        F: Fn(Request, Next) -> R + Send + Sync + 'static,
        R: Future<Output = Reply> + Send + 'static,
    {
        Self(Arc::new(move |request, next| Box::pin(function(request, next))))
    }
}

/// The hooks of an interface and of its methods.
#[derive(Debug, Clone, Default)]
pub struct Hooks {
    interface: Vec<Hook>,
    methods: Vec<(Cow<'static, str>, Hook)>,
}

impl Hooks {
    /// None.
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds one around every method of the interface, inside those added before.
    #[must_use]
    pub fn interface(mut self, hook: Hook) -> Self {
        self.interface.push(hook);
        self
    }

    /// Adds one around the method with this remote name, inside those added before.
    #[must_use]
    pub fn method(mut self, name: impl Into<Cow<'static, str>>, hook: Hook) -> Self {
        self.methods.push((name.into(), hook));
        self
    }

    /// Those around one method, outermost first, `outer` outside them all; `None` if there are
    /// none, so that the usual call pays nothing.
    pub(crate) fn around(&self, outer: &[Hook], method: &str) -> Option<Arc<[Hook]>> {
        let own = self.methods.iter().filter(|(name, _)| name == method).map(|(_, hook)| hook);
        let all: Arc<[Hook]> = outer.iter().chain(&self.interface).chain(own).cloned().collect();
        (!all.is_empty()).then_some(all)
    }
}

/// Runs `call` inside `hooks`.
pub(crate) async fn run<F>(hooks: Arc<[Hook]>, request: Request, call: F) -> Reply
where
    F: Fn(Request) -> ReplyFuture + Send + Sync + 'static,
{
    Next { hooks, place: 0, call: Arc::new(call) }.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Error, Json};

    fn marking(name: &'static str) -> Hook {
        Hook::new(move |mut request: Request, next: Next| async move {
            let so_far: String = request.args().unwrap();
            request.set_args(Json::from_value(&format!("{so_far}{name}")).unwrap());
            next.run(request).await
        })
    }

    fn request() -> Request {
        Request::new("com.foo.example", "create", Json::from_value("").unwrap())
    }

    #[tokio::test]
    async fn hooks_run_from_service_to_interface_to_method() {
        let hooks = Hooks::none().method("create", marking("M")).interface(marking("I")).method("other", marking("x"));
        let all = hooks.around(&[marking("S"), marking("s")], "create").unwrap();
        let echo = |request: Request| -> ReplyFuture { Box::pin(async move { Reply::result(request.args) }) };
        let reply = run(all, request(), echo).await;
        assert_eq!(reply.json().unwrap().as_str(), "\"SsIM\"");
    }

    #[tokio::test]
    async fn a_hook_may_refuse_and_may_run_the_call_again() {
        let refuse = Hook::new(|_, _| async { Reply::failed(Error::access_denied("no")) });
        let echo = |request: Request| -> ReplyFuture { Box::pin(async move { Reply::result(request.args) }) };
        assert_eq!(run([refuse].into(), request(), echo).await.code(), 5);
        let twice = Hook::new(|request: Request, next: Next| async move {
            next.clone().run(request.clone()).await;
            next.run(request).await
        });
        let count = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = count.clone();
        let call = move |_| -> ReplyFuture {
            counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Box::pin(async { Reply::result(Json::NULL) })
        };
        run([twice].into(), request(), call).await;
        assert_eq!(count.load(std::sync::atomic::Ordering::Relaxed), 2);
    }
}
