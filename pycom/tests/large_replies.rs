//! Large replies at once to a client that reads: none is taken for one too many.

use pycom::{Backend, Context, Result, Server, interface};

struct Large;

#[interface("com.foo.large")]
impl Large {
    #[method]
    async fn text(&self, length: usize) -> String {
        "x".repeat(length)
    }
}

async fn all_arrive(address: &str, backend: Backend, count: usize, length: usize) -> Result<()> {
    let running = Server::new().offer(Large).backend(backend).bind(address).await?;
    let context = Context::builder().backend(backend).timeout(std::time::Duration::from_secs(60)).build();
    let client = LargeClient::connect(&context, &running.address().to_string())?;
    let calls: Vec<_> = (0..count)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.text(length).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap()?.len(), length, "{address} {backend:?}");
    }
    running.stop().await;
    Ok(())
}

#[tokio::test]
async fn they_reach_a_client_that_reads() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let ipc = format!("ipc://{}", folder.path().join("large").display());
    let places = [
        ("tcp://127.0.0.1:0", Backend::Tmq),
        ("tcp://127.0.0.1:0", Backend::Zmtp),
        (ipc.as_str(), Backend::Zmtp),
        ("inproc://large", Backend::Tmq),
    ];
    for (address, backend) in places {
        all_arrive(address, backend, 24, 1_000_000).await?;
        all_arrive(address, backend, 2, 12_000_000).await?;
    }
    Ok(())
}
