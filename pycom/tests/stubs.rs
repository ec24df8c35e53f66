//! Typed stubs against the service they were written for, in memory.

use pycom::{
    Attachment, CallError, Client as _, ErrorCode, Json, Request, Response, Result, Session, interface, testing,
};

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
struct Point {
    x: i32,
    y: i32,
}

/// What can go wrong.
#[derive(Debug, PartialEq, ErrorCode)]
enum SplitError {
    #[error_code(17, "there is no place {at} in '{text}'")]
    NoPlace { at: usize, text: String },
}

struct Everything;

#[interface("com.foo.everything", stateful)]
impl Everything {
    #[method("create")]
    async fn make(&self, request: Request) -> Json {
        request.args_json().clone()
    }

    #[method(results("head", "tail"))]
    fn split(&self, text: &str, at: Option<usize>) -> std::result::Result<(String, String), SplitError> {
        let at = at.unwrap_or(text.len() / 2);
        match (text.get(..at), text.get(at..)) {
            (Some(head), Some(tail)) => Ok((head.into(), tail.into())),
            _ => Err(SplitError::NoPlace { at, text: text.into() }),
        }
    }

    #[method(results("only"))]
    fn negate(&self, #[arg("the point")] point: &Point, #[arg(default = 2)] times: i32) -> Point {
        Point { x: -point.x * times, y: -point.y * times }
    }

    #[method]
    async fn sum(&self, #[args] points: Vec<Point>) -> i32 {
        points.iter().map(|point| point.x + point.y).sum()
    }

    #[method]
    async fn texts(&self, list: &[String], more: Option<&str>, json: Option<Json>) -> String {
        format!("{}{}{}", list.concat(), more.unwrap_or("-"), json.unwrap_or(Json::NULL))
    }

    #[method(results("name", "blob", "size"), attachments(incoming = "blob", outgoing = "blob"))]
    async fn twice(&self, name: String, blob: Attachment) -> Result<(String, Attachment, usize)> {
        let blob = blob.bytes(100).await?;
        let twice = [&blob[..], &blob[..]].concat();
        let size = twice.len();
        Ok((name, twice.into(), size))
    }

    #[method(attachments(incoming = "data", outgoing = "blob"))]
    async fn maybe(&self, data: Option<Attachment>) -> (bool, Option<Attachment>) {
        (data.is_some(), data)
    }

    #[method]
    async fn beside(&self, request: Request) -> Response<usize> {
        let size = request.attachment().map_or(0, size_of);
        Response::new(size).attachment(Attachment::from(vec![1, 2]))
    }

    #[method]
    async fn next(&self, session: Session) -> Result<u32> {
        session.update("n", |n: Option<u32>| n.unwrap_or(0) + 1)
    }
}

fn size_of(attachment: &Attachment) -> usize {
    attachment.as_bytes().map_or(0, |data| data.len())
}

#[tokio::test]
async fn arguments_and_results_arrive_as_they_were_given() {
    let service = testing::serve(Everything).await.unwrap();
    let stub = service.client::<EverythingClient>();
    assert_eq!(stub.split("hello", Some(2)).await.unwrap(), ("he".into(), "llo".into()));
    assert_eq!(stub.split("he\"o", None).await.unwrap(), ("he".into(), "\"o".into()));
    let point = Point { x: 1, y: 2 };
    assert_eq!(stub.negate(&point, 3).await.unwrap(), Point { x: -3, y: -6 });
    assert_eq!(stub.sum(vec![point.clone(), point]).await.unwrap(), 6);
    let list = ["a".to_owned(), "b".to_owned()];
    assert_eq!(stub.texts(&list, Some("c"), Some(Json::from_text("[1e999]").unwrap())).await.unwrap(), "abc[1e999]");
    assert_eq!(stub.texts(&[], None, None).await.unwrap(), "-null");
}

#[tokio::test]
async fn a_method_that_takes_the_request_takes_any_arguments() {
    let service = testing::serve(Everything).await.unwrap();
    let stub = service.client::<EverythingClient>();
    assert_eq!(stub.make(42).await.unwrap().as_str(), "42");
    assert_eq!(stub.make(&Json::NULL).await.unwrap(), Json::NULL);
    assert_eq!(stub.make(vec!["a"]).await.unwrap().as_str(), r#"["a"]"#);
}

#[tokio::test]
async fn a_declared_error_comes_back_as_its_type() {
    let service = testing::serve(Everything).await.unwrap();
    let error = service.client::<EverythingClient>().split("abc", Some(9)).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no place 9 in 'abc'");
    let CallError::Declared(error) = error else { panic!("it is declared") };
    assert_eq!(error, SplitError::NoPlace { at: 9, text: "abc".into() });
}

#[tokio::test]
async fn attachments_travel_both_ways() {
    let service = testing::serve(Everything).await.unwrap();
    let stub = service.client::<EverythingClient>();
    let (name, blob, size) = stub.twice("n".into(), Attachment::from(vec![0, 255])).await.unwrap();
    assert_eq!((name.as_str(), &blob.as_bytes().unwrap()[..], size), ("n", &[0, 255, 0, 255][..], 4));
    assert!(matches!(stub.maybe(None).await.unwrap(), (false, None)));
    let (is_there, blob) = stub.maybe(Some(Attachment::from(vec![1]))).await.unwrap();
    assert_eq!((is_there, size_of(&blob.unwrap())), (true, 1));
    let response = stub.beside(Json::NULL).await.unwrap();
    assert_eq!((response.value, size_of(&response.attachment.unwrap())), (0, 2));
}

#[tokio::test]
async fn a_clone_of_a_stub_shares_its_session() {
    let service = testing::serve(Everything).await.unwrap();
    let stub = service.client::<EverythingClient>();
    assert_eq!(stub.next().await.unwrap(), 1);
    assert_eq!(stub.clone().next().await.unwrap(), 2);
    stub.verify().await.unwrap();
}
