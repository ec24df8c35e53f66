//! An interface with methods called `locate`, `connect`, `component`, `clone`.
#![deny(warnings)]

use pycom::{Client, Context, interface};

struct Nameserver;

#[interface("org.foo.nameserver")]
impl Nameserver {
    #[method]
    fn locate(&self, interface: String) -> String {
        interface
    }

    #[method]
    fn connect(&self) {}

    #[method]
    fn component(&self) {}

    #[method]
    fn hooks(&self) -> u8 {
        1
    }

    #[method]
    fn with_timeout(&self) {}
}

async fn calls(context: &Context) -> pycom::Result<String> {
    let nameserver = context.client::<NameserverClient>().await?;
    nameserver.connect().await?;
    nameserver.component().await?;
    nameserver.hooks().await?;
    let _ = Client::component(&nameserver);
    let nameserver = Client::with_timeout(&nameserver, std::time::Duration::from_secs(1));
    nameserver.locate("com.foo".into()).await
}

fn main() {
    let _ = calls;
    let _ = pycom::offer::<NameserverClient, _>(Nameserver);
}
