//! Attachments of any size, through real sockets and in memory.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use pycom::{
    Attachment, Client as _, Context, Error, Request, Response, Result, Running, Server, TransferLimits, interface,
};
use tokio::io::AsyncReadExt;

struct Blob;

#[interface("com.foo.blob")]
impl Blob {
    /// Has it whole before it starts.
    #[method(results("size", "blob"), attachments(incoming = "blob", outgoing = "blob"))]
    async fn mirror(&self, blob: Attachment) -> (Option<u64>, Attachment) {
        (blob.size(), blob)
    }

    /// Reads it as it comes.
    #[method(streaming, attachments(incoming = "blob"))]
    async fn sum(&self, blob: Attachment) -> Result<(u64, u64)> {
        let mut reader = blob.reader()?;
        let (mut length, mut sum) = (0, 0);
        while let Some(piece) = reader.chunk().await? {
            length += piece.len() as u64;
            sum += piece.iter().map(|byte| u64::from(*byte)).sum::<u64>();
        }
        Ok((length, sum))
    }

    /// Looks at the beginning only.
    #[method(streaming, attachments(incoming = "blob"))]
    async fn peek(&self, blob: Attachment) -> Result<u8> {
        Ok(blob.reader()?.read_u8().await?)
    }

    #[method(attachments(outgoing = "blob"))]
    async fn generate(&self, length: u64, known: bool) -> Attachment {
        Attachment::from_reader(tokio::io::repeat(7).take(length), known.then_some(length))
    }

    #[method(results("b", "a"), attachments(incoming("a", "b"), outgoing("a", "b")))]
    async fn swap(&self, a: Attachment, b: Option<Attachment>) -> (Option<Attachment>, Attachment) {
        (b, a)
    }

    /// As 0.6.0 has them: not declared.
    #[method]
    async fn plain(&self, request: Request) -> Response<usize> {
        Response::new(request.attachments().count()).attachment(request.attachment().cloned())
    }

    #[method]
    async fn small(&self, n: u32) -> u32 {
        n
    }
}

const THRESHOLD: usize = 100_000;

fn limits() -> TransferLimits {
    TransferLimits { chunk: 64 * 1024, window: 256 * 1024, ..TransferLimits::default() }
}

async fn serve(limits: TransferLimits) -> (Running, BlobClient) {
    let running = Server::new().offer(Blob).transfers(limits).bind("tcp://127.0.0.1:0").await.unwrap();
    let context = Context::builder().chunks_above(THRESHOLD).build();
    let client = BlobClient::connect(&context, &running.address().to_string()).unwrap();
    (running, client)
}

fn data(length: usize) -> Bytes {
    (0..length).map(|n| (n * 31 + n / 1000) as u8).collect()
}

#[tokio::test]
async fn every_size_arrives_as_it_was_both_ways() {
    let (_running, blob) = serve(limits()).await;
    let chunk = limits().chunk;
    for length in [0, 1, THRESHOLD - 1, THRESHOLD, THRESHOLD + 1, 4 * chunk, 4 * chunk + 1, 2_000_000] {
        let data = data(length);
        let (size, back) = blob.mirror(data.clone().into()).await.unwrap();
        assert_eq!((size, back.size()), (Some(length as u64), Some(length as u64)));
        assert!(back.bytes(usize::MAX).await.unwrap() == data, "{length}");
        let (size, sum) = blob.sum(Attachment::from(data.clone())).await.unwrap();
        assert_eq!((size, sum), (length as u64, data.iter().map(|byte| u64::from(*byte)).sum()));
    }
}

/// Up to the limit a reply carries it, beyond it is fetched; what a service that takes no chunks would get is one frame.
#[tokio::test]
async fn the_size_decides_how_an_attachment_of_a_reply_travels() {
    let frame = TransferLimits::default().frame;
    let (_running, blob) = serve(TransferLimits { frame, ..limits() }).await;
    for length in [0, 1, frame - 1, frame, frame + 1] {
        let (_, back) = blob.mirror(data(length).into()).await.unwrap();
        assert_eq!(back.as_bytes().is_some(), length <= frame, "{length}");
        assert!(back.bytes(usize::MAX).await.unwrap() == data(length), "{length}");
    }
}

#[tokio::test]
async fn streams_of_known_and_unknown_size_arrive() {
    let (_running, blob) = serve(limits()).await;
    for length in [0, 1, 10, THRESHOLD, 65_536, 131_072, 1_000_000] {
        let data = data(length);
        for size in [None, Some(length as u64)] {
            let stream = Attachment::from_reader(std::io::Cursor::new(data.clone()), size);
            let (_, back) = blob.mirror(stream).await.unwrap();
            assert!(back.bytes(usize::MAX).await.unwrap() == data, "{length} {size:?}");
            let stream = Attachment::from_reader(std::io::Cursor::new(data.clone()), size);
            assert_eq!(blob.sum(stream).await.unwrap().0, length as u64);
            let generated = blob.generate(length as u64, size.is_some()).await.unwrap();
            assert_eq!(generated.bytes(usize::MAX).await.unwrap(), vec![7; length]);
        }
    }
}

#[tokio::test]
async fn several_attachments_go_and_come_under_their_names() {
    let (_running, blob) = serve(limits()).await;
    let (small, large) = (data(10), data(700_000));
    let (b, a) = blob.swap(large.clone().into(), Some(small.clone().into())).await.unwrap();
    assert!(a.bytes(usize::MAX).await.unwrap() == large);
    assert_eq!(b.unwrap().bytes(100).await.unwrap(), small);
    let (b, a) = blob.swap(small.clone().into(), None).await.unwrap();
    assert_eq!((b.is_none(), a.bytes(100).await.unwrap()), (true, small.clone()));
    let untyped = blob.component();
    let error = untyped.call("swap").named_attachment("b", small.clone()).await.unwrap_err();
    assert_eq!(error.text(), Some("Argument 'a' is required for com.foo.blob.swap"));
    let answer = untyped.call("swap").attachment(large.clone()).await.unwrap();
    assert!(answer.attachment_named("a").unwrap().bytes(usize::MAX).await.unwrap() == large);
    let answer = untyped.call("plain").named_attachment("x", small.clone()).named_attachment("y", large).await.unwrap();
    assert_eq!(answer.json().as_str(), "2");
    assert_eq!(answer.attachment().unwrap().bytes(100).await.unwrap(), small);
}

#[tokio::test]
async fn a_method_that_needs_no_more_ends_the_transfer() {
    let (_running, blob) = serve(limits()).await;
    let endless = Attachment::from_reader(tokio::io::repeat(9), None);
    assert_eq!(blob.peek(endless).await.unwrap(), 9);
    let (_, back) = blob.mirror(data(500_000).into()).await.unwrap();
    assert_eq!(back.reader().unwrap().read_u8().await.unwrap(), 0);
}

#[tokio::test]
async fn progress_is_told_on_both_sides() {
    let (_running, blob) = serve(limits()).await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = seen.clone();
    let sent = Attachment::from(data(1_000_000)).on_progress(move |progress| told.lock().unwrap().push(progress));
    let (_, back) = blob.mirror(sent).await.unwrap();
    let received = Arc::new(AtomicU64::new(0));
    let told = received.clone();
    let back = back.on_progress(move |progress| told.store(progress.done, Ordering::Relaxed));
    back.bytes(usize::MAX).await.unwrap();
    let seen = seen.lock().unwrap();
    assert!(seen.len() > 10 && seen.windows(2).all(|pair| pair[0].done < pair[1].done), "{seen:?}");
    assert_eq!(seen.last().map(|last| (last.done, last.total)), Some((1_000_000, Some(1_000_000))));
    assert_eq!(received.load(Ordering::Relaxed), 1_000_000);
}

/// What a method returns, and what it reads, is watched there.
#[tokio::test]
async fn progress_is_told_in_methods_too() {
    #[derive(Clone, Default)]
    struct Watched(Arc<Mutex<Vec<u64>>>);

    impl Watched {
        fn watch(&self, attachment: Attachment) -> Attachment {
            let seen = self.0.clone();
            attachment.on_progress(move |progress| seen.lock().unwrap().push(progress.done))
        }

        fn took(&self) -> Vec<u64> {
            std::mem::take(&mut self.0.lock().unwrap())
        }
    }

    #[interface("com.foo.watched")]
    impl Watched {
        #[method(streaming, attachments(incoming = "blob"))]
        async fn read(&self, blob: Attachment) -> Result<usize> {
            Ok(self.watch(blob).bytes(usize::MAX).await?.len())
        }

        #[method(attachments(outgoing = "blob"))]
        async fn give(&self, length: usize) -> Attachment {
            self.watch(data(length).into())
        }
    }

    let watched = Watched::default();
    let service = pycom::testing::serve(watched.clone()).await.unwrap();
    let client: WatchedClient = service.client();
    assert_eq!(client.read(data(3_000_000).into()).await.unwrap(), 3_000_000);
    let seen = watched.took();
    assert!(seen.len() > 2 && seen.is_sorted() && seen.last() == Some(&3_000_000), "{seen:?}");
    for length in [1000, 3_000_000] {
        assert_eq!(client.give(length).await.unwrap().bytes(usize::MAX).await.unwrap().len(), length);
        let seen = watched.took();
        assert!(seen.is_sorted() && seen.last() == Some(&(length as u64)), "{seen:?}");
        let told = Arc::new(AtomicU64::new(0));
        let noted = told.clone();
        let sent = Attachment::from(data(length)).on_progress(move |now| noted.store(now.done, Ordering::Relaxed));
        client.read(sent).await.unwrap();
        assert_eq!(told.load(Ordering::Relaxed), length as u64);
        watched.took();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_calls_are_answered_while_many_transfers_flow() {
    let (_running, blob) = serve(limits()).await;
    let blob = Arc::new(blob);
    let flowing = Arc::new(AtomicU64::new(0));
    let transfers: Vec<_> = (0..32)
        .map(|_| {
            let (blob, flowing) = (blob.clone(), flowing.clone());
            tokio::spawn(async move {
                let endless = Attachment::from_reader(tokio::io::repeat(1), None).on_progress(move |_| {
                    flowing.fetch_add(1, Ordering::Relaxed);
                });
                blob.sum(endless).await
            })
        })
        .collect();
    for n in 0..100 {
        assert_eq!(blob.small(n).await.unwrap(), n);
    }
    // Chunks passed meanwhile.
    let before = flowing.load(Ordering::Relaxed);
    while flowing.load(Ordering::Relaxed) < before + 100 {
        assert_eq!(blob.small(1).await.unwrap(), 1);
    }
    transfers.iter().for_each(|transfer| transfer.abort());
}

#[tokio::test]
async fn a_service_full_of_transfers_answers_small_calls_and_says_which_limit_is_reached() {
    let (_running, blob) = serve(TransferLimits { open: 8, ..limits() }).await;
    let mut open = Vec::new();
    for _ in 0..8 {
        let blob = blob.with_timeout(Duration::from_secs(30));
        let stuck = || Attachment::from_reader(AsyncReadExt::chain(&[1; 150_000][..], Never), None);
        open.push(tokio::spawn(async move { while blob.sum(stuck()).await.is_err() {} }));
    }
    let error = loop {
        // Until all of them have been prepared.
        match blob.mirror(data(200_000).into()).await {
            Ok(_) => assert_eq!(blob.small(5).await.unwrap(), 5),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::Overloaded(_)), "{error}");
    assert!(error.to_string().contains("8 calls with attachments are open (limit TransferLimits::open)"), "{error}");
    assert_eq!(blob.small(6).await.unwrap(), 6);
    open.iter().for_each(|task| task.abort());
    // What they held is free again.
    while blob.mirror(data(200_000).into()).await.is_err() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Never gives anything, and never ends.
struct Never;

impl tokio::io::AsyncRead for Never {
    fn poll_read(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        _: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Pending
    }
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_it_is_sent() {
    let (_running, blob) = serve(TransferLimits { size: 300_000, spool_bytes: 350_000, frame: 1000, ..limits() }).await;
    let error = blob.mirror(data(300_001).into()).await.unwrap_err();
    assert_eq!(error.code(), Some(4));
    assert!(
        error.to_string().contains("over the limit of 300000") && error.to_string().contains("TransferLimits::size")
    );
    let stream = Attachment::from_reader(tokio::io::repeat(1), None);
    let error = blob.mirror(stream).await.unwrap_err();
    assert!(error.to_string().contains("TransferLimits::size"), "{error}");
    let held = loop {
        // Once what was begun has been given up.
        match blob.mirror(data(300_000).into()).await {
            Ok((_, held)) => break held,
            Err(error) => assert!(matches!(error, Error::Overloaded(_)), "{error}"),
        }
    };
    let error = blob.mirror(data(200_000).into()).await.unwrap_err();
    assert!(error.to_string().contains("TransferLimits::spool_bytes"), "{error}");
    drop(held);
    while blob.mirror(data(200_000).into()).await.is_err() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn what_cannot_be_read_here_is_not_sent() {
    let (_running, blob) = serve(limits()).await;
    let short = Attachment::from_reader(&[0; 200_000][..], Some(300_000));
    let error = blob.mirror(short).await.unwrap_err();
    assert!(matches!(error, Error::NotSent(_)), "{error}");
    assert!(error.to_string().contains("200000 bytes where 300000 were announced"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_at_once_all_arrive() {
    // Each through the spool, and fetched in chunks.
    let (_running, blob) = serve(TransferLimits { frame: 1000, ..limits() }).await;
    let blob = Arc::new(blob.with_timeout(Duration::from_secs(60)));
    let tasks: Vec<_> = (0..200_usize)
        .map(|n| {
            let blob = blob.clone();
            tokio::spawn(async move {
                let data = data(500_000 + n);
                let (_, back) = blob.mirror(data.clone().into()).await.unwrap();
                assert!(back.bytes(usize::MAX).await.unwrap() == data);
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn files_go_and_come_and_nothing_is_left_in_the_spool() {
    let folder = tempfile::tempdir().unwrap();
    let spool = folder.path().join("spool");
    let (running, blob) = serve(TransferLimits { spool: Some(spool.clone()), frame: 1000, ..limits() }).await;
    let from = folder.path().join("from");
    std::fs::write(&from, data(3_000_000)).unwrap();
    let (_, back) = blob.mirror(Attachment::from_file(&from).await.unwrap()).await.unwrap();
    back.save(folder.path().join("to")).await.unwrap();
    assert!(std::fs::read(folder.path().join("to")).unwrap() == data(3_000_000));
    drop(back);
    running.stop().await;
    let left: Vec<_> = std::fs::read_dir(spool).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["lock"]);
}

#[tokio::test]
async fn the_network_in_memory_carries_them_too() {
    let service = pycom::testing::serve(Blob).await.unwrap();
    let blob: BlobClient = service.client();
    let (_, back) = blob.mirror(data(5_000_000).into()).await.unwrap();
    assert!(back.bytes(usize::MAX).await.unwrap() == data(5_000_000));
}
