//! Connections that are cut in the middle of a transfer while both sides live: it goes on where it was, and the method
//! runs once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use pycom::{
    Attachment, Backend, Client as _, Context, Error, Outcome, Result, Running, Server, TransferLimits, interface,
};
use tests::patience::eventually_async;
use tests::relay::{Relay, Way};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::JoinHandle;

const BACKENDS: [Backend; 2] = [Backend::Tmq, Backend::Zmtp];
const CHUNK: usize = 64 * 1024;
const WINDOW: usize = 4 * CHUNK;
const LENGTH: usize = 6_000_000;

/// Where connections are cut, in hundredths.
const PLACES: [u64; 5] = [1, 25, 50, 75, 98];

/// What the methods wait for, and what the test sees of them.
#[derive(Clone, Default)]
struct Blob {
    gate: Option<Arc<Semaphore>>,
    began: Arc<AtomicUsize>,
    /// In whatever way.
    over: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
}

/// Counts a method that is over, also one that was stopped.
struct Over(Arc<AtomicUsize>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Blob {
    fn gated() -> Self {
        Self { gate: Some(Arc::new(Semaphore::new(0))), ..Self::default() }
    }

    fn begin(&self) -> Over {
        self.began.fetch_add(1, Ordering::SeqCst);
        Over(self.over.clone())
    }

    async fn wait(&self) -> Option<SemaphorePermit<'_>> {
        match &self.gate {
            Some(gate) => gate.acquire().await.ok(),
            None => None,
        }
    }

    fn open_gate(&self) {
        self.gate.as_ref().unwrap().add_permits(1);
    }
}

#[interface("com.foo.blob")]
impl Blob {
    /// Has it whole before it starts.
    #[method(attachments(incoming = "blob"))]
    async fn keep(&self, blob: Attachment) -> Result<Seen> {
        let _over = self.begin();
        Ok(looked_at(&blob.bytes(usize::MAX).await?))
    }

    /// Reads it as it comes, once the gate is open.
    #[method(streaming, attachments(incoming = "blob"))]
    async fn stream(&self, blob: Attachment) -> Result<Seen> {
        let _over = self.begin();
        let mut reader = blob.reader()?;
        let _open = self.wait().await;
        let mut all = Vec::new();
        while let Some(piece) = reader.chunk().await? {
            all.extend_from_slice(&piece);
        }
        self.ended.fetch_add(1, Ordering::SeqCst);
        Ok(looked_at(&all))
    }

    /// Reads it as it comes, and then waits for the gate.
    #[method(streaming, results("seen", "back"), attachments(incoming = "blob", outgoing = "back"))]
    async fn both(&self, blob: Attachment) -> Result<(Seen, Attachment)> {
        let _over = self.begin();
        let mut reader = blob.reader()?;
        let mut all = Vec::new();
        while let Some(piece) = reader.chunk().await? {
            all.extend_from_slice(&piece);
        }
        let _open = self.wait().await;
        self.ended.fetch_add(1, Ordering::SeqCst);
        Ok((looked_at(&all), all.into()))
    }

    #[method(attachments(outgoing = "blob"))]
    async fn give(&self, stream: bool) -> Attachment {
        if stream { Attachment::from_reader(std::io::Cursor::new(data()), None) } else { data().into() }
    }

    #[method]
    async fn small(&self, n: u32) -> u32 {
        n
    }
}

fn data() -> Vec<u8> {
    (0..LENGTH).map(|n| (n * 31 + n / 1000) as u8).collect()
}

/// The sum tells places apart.
fn looked_at(all: &[u8]) -> Seen {
    let sum = |sum: u64, byte: &u8| sum.wrapping_mul(31).wrapping_add(u64::from(*byte));
    (all.len(), all.iter().fold(0, sum))
}

fn limits() -> TransferLimits {
    TransferLimits { chunk: CHUNK, window: WINDOW, frame: 1000, ..TransferLimits::default() }
}

/// Length and sum of what came.
type Seen = (usize, u64);

struct Scene {
    blob: Blob,
    running: Running,
    relay: Relay,
    client: BlobClient,
}

impl Scene {
    async fn new(blob: Blob, backend: Backend, limits: TransferLimits) -> Self {
        let server = Server::new().offer(blob.clone()).backend(backend).transfers(limits);
        let running = server.bind("tcp://127.0.0.1:0").await.unwrap();
        let relay = Relay::to(&running.address().to_string());
        let context = Context::builder().backend(backend).chunks_above(1000).build();
        let client = BlobClient::connect(&context, &relay.address()).unwrap();
        Self { blob, running, relay, client: client.with_timeout(Duration::from_secs(30)) }
    }

    fn cut_along(&self, way: Way) {
        self.relay.cut_at(way, PLACES.map(|place| LENGTH as u64 * place / 100));
    }

    fn was_cut_everywhere(&self) {
        assert!(self.relay.connections() > PLACES.len(), "{} connections", self.relay.connections());
    }

    /// Calls `both`, and counts what surely has come there.
    fn both(&self) -> (JoinHandle<Result<(Seen, Attachment)>>, Arc<AtomicUsize>) {
        let (client, sent) = (self.client.clone(), Arc::new(AtomicUsize::new(0)));
        let told = sent.clone();
        let attachment =
            Attachment::from(data()).on_progress(move |progress| told.store(progress.done as usize, Ordering::SeqCst));
        (tokio::spawn(async move { client.both(attachment).await }), sent)
    }

    async fn until(&self, what: &str, count: &AtomicUsize, wanted: usize) {
        eventually_async(what, async || (count.load(Ordering::SeqCst) >= wanted).then_some(())).await;
    }
}

/// The same content from three sources.
async fn sources(folder: &std::path::Path) -> [(&'static str, Attachment); 3] {
    let path = folder.join("data");
    std::fs::write(&path, data()).unwrap();
    [
        ("bytes", data().into()),
        ("a file", Attachment::from_file(&path).await.unwrap()),
        ("a stream", Attachment::from_reader(std::io::Cursor::new(data()), None)),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_put_goes_on_over_the_next_connection_and_its_method_runs_once() {
    let folder = tempfile::tempdir().unwrap();
    for backend in BACKENDS {
        for (source, attachment) in sources(folder.path()).await {
            let scene = Scene::new(Blob::default(), backend, limits()).await;
            scene.cut_along(Way::ToService);
            let seen = scene.client.keep(attachment).await;
            assert_eq!(seen.unwrap(), looked_at(&data()), "{source} over {backend:?}");
            scene.was_cut_everywhere();
            assert_eq!(scene.blob.began.load(Ordering::SeqCst), 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_method_that_reads_while_it_arrives_does_not_notice() {
    let folder = tempfile::tempdir().unwrap();
    for backend in BACKENDS {
        for (source, attachment) in sources(folder.path()).await {
            let scene = Scene::new(Blob::default(), backend, limits()).await;
            scene.cut_along(Way::ToService);
            let seen = scene.client.stream(attachment).await;
            assert_eq!(seen.unwrap(), looked_at(&data()), "{source} over {backend:?}");
            scene.was_cut_everywhere();
            assert_eq!(scene.blob.began.load(Ordering::SeqCst), 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_got_goes_on_too() {
    for backend in BACKENDS {
        for stream in [false, true] {
            let scene = Scene::new(Blob::default(), backend, limits()).await;
            scene.cut_along(Way::ToClient);
            let got = scene.client.give(stream).await.unwrap().bytes(usize::MAX).await;
            assert!(got.unwrap() == data(), "stream {stream} over {backend:?}");
            scene.was_cut_everywhere();
        }
    }
}

/// The service has received a window of chunks that its method has not taken: they come again, and count once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_received_and_not_taken_yet_is_not_taken_twice() {
    for backend in BACKENDS {
        let scene = Scene::new(Blob::gated(), backend, limits()).await;
        let (client, done) = (scene.client.clone(), Arc::new(AtomicUsize::new(0)));
        let told = done.clone();
        let sent =
            Attachment::from(data()).on_progress(move |progress| told.store(progress.done as usize, Ordering::SeqCst));
        // Chunks of the window have passed, and their answers have not.
        scene.relay.cut_at(Way::ToService, [WINDOW as u64, 2 * WINDOW as u64]);
        let call = tokio::spawn(async move { client.stream(sent).await });
        scene.until("the method", &scene.blob.began, 1).await;
        eventually_async("three connections", async || (scene.relay.connections() >= 3).then_some(())).await;
        assert_eq!(scene.client.small(1).await.unwrap(), 1);
        assert_eq!(done.load(Ordering::SeqCst), 0, "nothing has been taken");
        scene.blob.open_gate();
        assert_eq!(call.await.unwrap().unwrap(), looked_at(&data()));
        assert_eq!(scene.blob.began.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_given_while_nobody_was_connected_is_kept() {
    for backend in BACKENDS {
        let scene = Scene::new(Blob::gated(), backend, TransferLimits { open: 1, ..limits() }).await;
        let (call, sent) = scene.both();
        scene.until("all of the data", &sent, LENGTH).await;
        scene.relay.hold();
        scene.blob.open_gate();
        scene.until("the end", &scene.blob.ended, 1).await;
        scene.relay.mend();
        let (seen, back) = call.await.unwrap().unwrap();
        assert_eq!(seen, looked_at(&data()));
        assert!(back.bytes(usize::MAX).await.unwrap() == data());
        assert_eq!(scene.blob.began.load(Ordering::SeqCst), 1);
        // There is one place, and it is free again.
        scene.blob.open_gate();
        let next = async || scene.client.both(data().into()).await.ok();
        eventually_async("the place of the one before", next).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_lost_on_its_way_is_had_again() {
    for backend in BACKENDS {
        let scene = Scene::new(Blob::gated(), backend, TransferLimits { open: 1, ..limits() }).await;
        let (call, sent) = scene.both();
        scene.until("all of the data", &sent, LENGTH).await;
        scene.relay.swallow(Way::ToClient);
        scene.blob.open_gate();
        scene.until("the end", &scene.blob.ended, 1).await;
        scene.relay.hold();
        scene.relay.mend();
        let (seen, back) = call.await.unwrap().unwrap();
        assert_eq!(seen, looked_at(&data()));
        assert!(back.bytes(usize::MAX).await.unwrap() == data());
        assert_eq!(scene.blob.began.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_never_comes_back_holds_nothing_and_learns_that_it_may_have_run() {
    for backend in BACKENDS {
        let limits = TransferLimits { open: 1, idle: Duration::from_millis(300), ..limits() };
        let scene = Scene::new(Blob::default(), backend, limits).await;
        let client = scene.client.clone().with_timeout(Duration::from_secs(1));
        scene.relay.cut_at(Way::ToService, [LENGTH as u64 / 2]);
        let call = tokio::spawn(async move { client.stream(data().into()).await });
        scene.until("the method", &scene.blob.began, 1).await;
        eventually_async("the cut", async || {
            scene.relay.hold();
            (scene.blob.over.load(Ordering::SeqCst) == 1).then_some(())
        })
        .await;
        assert_eq!(scene.blob.ended.load(Ordering::SeqCst), 0, "its data was not whole");
        let error = call.await.unwrap().unwrap_err();
        assert_eq!(error.outcome(), Outcome::MayHaveRun, "{error}");
        scene.relay.mend();
        let next = async || scene.client.stream(data().into()).await.ok();
        eventually_async("the place of the one before", next).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_given_up_over_another_connection_is_stopped() {
    for backend in BACKENDS {
        let scene = Scene::new(Blob::gated(), backend, limits()).await;
        let client = scene.client.clone();
        let call = tokio::spawn(async move { client.stream(data().into()).await });
        scene.until("the method", &scene.blob.began, 1).await;
        let before = scene.relay.connections();
        scene.relay.cut();
        eventually_async("another connection", async || (scene.relay.connections() > before).then_some(())).await;
        assert_eq!(scene.client.small(2).await.unwrap(), 2);
        call.abort();
        scene.until("the end of the method", &scene.blob.over, 1).await;
        assert_eq!(scene.blob.ended.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_started_anew_does_not_run_the_method_again() {
    for backend in BACKENDS {
        let scene = Scene::new(Blob::gated(), backend, limits()).await;
        let client = scene.client.clone().with_timeout(Duration::from_secs(20));
        let call = tokio::spawn(async move { client.stream(data().into()).await });
        scene.until("the method", &scene.blob.began, 1).await;
        scene.relay.hold();
        let address = scene.running.address().to_string();
        let Scene { blob, running, relay, .. } = scene;
        drop(running);
        let bind = async || {
            let server = Server::new().offer(blob.clone()).backend(backend).transfers(limits());
            server.bind(&address).await.ok()
        };
        let _successor = eventually_async("the port", bind).await;
        relay.mend();
        let error = call.await.unwrap().unwrap_err();
        assert!(matches!(error, Error::ServiceNotAvailable(_)), "{error}");
        assert_eq!(error.outcome(), Outcome::MayHaveRun, "{error}");
        assert_eq!(blob.began.load(Ordering::SeqCst), 1);
    }
}
