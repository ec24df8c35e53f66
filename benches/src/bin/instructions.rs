//! A number of calls in one thread and one process, for a profiler that counts instructions: see `instructions.sh`.

use benches::peers::pycom::{Echo, EchoClient};
use pycom::testing;

#[tokio::main(flavor = "current_thread")]
async fn main() -> pycom::Result<()> {
    let calls: u64 = std::env::args().nth(1).and_then(|calls| calls.parse().ok()).unwrap_or(1_000);
    let service = testing::serve(Echo).await?;
    let echo: EchoClient = service.client();
    for _ in 0..calls {
        echo.echo(42, "hello world".into()).await?;
    }
    service.stop().await;
    Ok(())
}
