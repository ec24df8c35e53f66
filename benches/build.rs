//! The services of the tonic peers, without a protobuf compiler: their messages are written by hand in
//! `src/peers/tonic.rs` and `src/streams/tonic.rs`.

fn main() {
    let echo = tonic_build::manual::Method::builder()
        .name("echo")
        .route_name("Echo")
        .input_type("crate::peers::tonic::Message")
        .output_type("crate::peers::tonic::Message")
        .codec_path("tonic_prost::ProstCodec")
        .build();
    let service = tonic_build::manual::Service::builder().package("bench").name("Echo").method(echo).build();
    let method = |name: &str, route: &str, input: &str, output: &str| {
        tonic_build::manual::Method::builder()
            .name(name)
            .route_name(route)
            .input_type(format!("crate::streams::tonic::{input}"))
            .output_type(format!("crate::streams::tonic::{output}"))
            .codec_path("tonic_prost::ProstCodec")
    };
    let blobs = tonic_build::manual::Service::builder()
        .package("bench")
        .name("Blobs")
        .method(method("put", "Put", "Chunk", "Length").client_streaming().build())
        .method(method("get", "Get", "Length", "Chunk").server_streaming().build())
        .build();
    tonic_build::manual::Builder::new().compile(&[service, blobs]);
}
