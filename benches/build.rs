//! The service of the tonic peer, without a protobuf compiler: its messages are written by hand in `src/peers/tonic.rs`.

fn main() {
    let echo = tonic_build::manual::Method::builder()
        .name("echo")
        .route_name("Echo")
        .input_type("crate::peers::tonic::Message")
        .output_type("crate::peers::tonic::Message")
        .codec_path("tonic_prost::ProstCodec")
        .build();
    let service = tonic_build::manual::Service::builder().package("bench").name("Echo").method(echo).build();
    tonic_build::manual::Builder::new().compile(&[service]);
}
