use super::call;
use crate::{Json, Request, Result, Session, interface};

#[derive(serde::Serialize, serde::Deserialize)]
struct Point {
    x: i32,
    y: Vec<i32>,
}

struct Probe;

fn positive(value: &i64) -> std::result::Result<(), String> {
    if *value > 0 { Ok(()) } else { Err(format!("must be positive, is {value}")) }
}

#[interface("com.foo.example", stateful)]
impl Probe {
    #[method]
    async fn named(&self, arg1: Json, arg2: Json, arg3: Option<Json>) -> Json {
        Json::array([&arg1, &arg2, &arg3.unwrap_or(Json::NULL)])
    }

    #[method]
    fn whole(&self, #[args] point: Point) -> i32 {
        point.x + point.y.iter().sum::<i32>()
    }

    #[method]
    fn raw(&self, #[args] json: Json) -> Json {
        json
    }

    #[method]
    async fn request(&self, request: Request) -> Result<i64> {
        request.args()
    }

    #[method]
    fn nothing(&self) -> bool {
        true
    }

    #[method]
    async fn texts(&self, plain: &str, more: Option<&str>, #[arg(default = "none")] other: &str) -> String {
        format!("{plain}|{}|{other}", more.unwrap_or("-"))
    }

    #[method]
    fn borrowed(&self, numbers: &[u8], point: &Point) -> i32 {
        numbers.iter().map(|&number| i32::from(number)).sum::<i32>() + point.x
    }

    #[method]
    fn defaults(
        &self,
        #[arg(default)] a: u8,
        #[arg(default = "b")] b: String,
        #[arg(default = Some(3))] c: Option<u8>,
    ) -> Json {
        Json::from_value(&(a, b, c)).unwrap_or(Json::NULL)
    }

    #[method]
    fn checked(
        &self,
        #[arg("the-value", check = positive)] value: i64,
        #[arg(check = positive)] more: Option<i64>,
    ) -> i64 {
        value + more.unwrap_or(0)
    }

    #[method]
    async fn beside(&self, request: Request, session: Session, at: u8) -> Result<String> {
        session.insert("at", &at)?;
        Ok(format!("{} {at} {}", request.method(), request.args_json()))
    }
}

#[tokio::test]
async fn required_and_optional_arguments_as_the_original_has_them() {
    let result = call(Probe, "named", r#"{"arg2": [1], "zzz": 0, "arg1": {"a": 1e400}}"#).result().await;
    assert_eq!(result, r#"[{"a": 1e400},[1],null]"#);
    let (code, text) = call(Probe, "named", r#"{"arg1": 1}"#).error().await;
    assert_eq!((code, text.as_str()), (4, "Argument 'arg2' is required for com.foo.example.named"));
    let (code, text) = call(Probe, "named", "null").error().await;
    assert_eq!((code, text.as_str()), (4, "Argument 'arg1' is required for com.foo.example.named"));
    let (code, text) = call(Probe, "named", "[1, 2]").error().await;
    assert_eq!((code, text.as_str()), (4, "Expected dictionary as argument for com.foo.example.named"));
}

#[tokio::test]
async fn our_own_clients_are_told_of_unknown_arguments() {
    let (code, text) = call(Probe, "named", r#"{"arg1": 1, "arg2": 2, "arg4": 3}"#).strict().error().await;
    assert_eq!(code, 4);
    assert_eq!(
        text,
        "Unknown argument 'arg4' for com.foo.example.named; did you mean 'arg1'? It takes: arg1, arg2, arg3"
    );
    let (code, text) = call(Probe, "nothing", r#"{"a": 1}"#).strict().error().await;
    assert_eq!((code, text.as_str()), (4, "com.foo.example.nothing takes no arguments"));
    for nothing in ["null", "{}", " { } "] {
        assert_eq!(call(Probe, "nothing", nothing).strict().result().await, "true");
    }
}

#[tokio::test]
async fn whole_arguments_are_of_any_form() {
    assert_eq!(call(Probe, "whole", r#"{"x": 1, "y": [2, 3]}"#).result().await, "6");
    let (code, text) = call(Probe, "whole", r#"{"x": 1, "y": [2, "3"]}"#).error().await;
    assert_eq!(code, 4);
    assert_eq!(text, "Invalid arguments for com.foo.example.whole: at y[1]: invalid type: string \"3\", expected i32");
    let long = "[123456789012345678901234567890, NaN]";
    assert_eq!(call(Probe, "raw", long).result().await, long);
    assert_eq!(call(Probe, "request", "42").result().await, "42");
    let (code, text) = call(Probe, "request", "\"x\"").error().await;
    assert_eq!(code, 4);
    assert_eq!(text, "Invalid arguments for com.foo.example.request: invalid type: string \"x\", expected i64");
}

#[tokio::test]
async fn a_method_without_arguments_takes_any() {
    assert_eq!(call(Probe, "nothing", "[1]").result().await, "true");
}

#[tokio::test]
async fn texts_are_borrowed_and_unescaped() {
    let result = call(Probe, "texts", r#"{"plain": "a", "more": "b\n\"", "other": "ж"}"#).result().await;
    assert_eq!(result, r#""a|b\n\"|ж""#);
    assert_eq!(call(Probe, "texts", r#"{"plain": "a", "more": null}"#).result().await, "\"a|-|none\"");
    assert_eq!(call(Probe, "borrowed", r#"{"numbers": [1, 2], "point": {"x": 3, "y": []}}"#).result().await, "6");
}

#[tokio::test]
async fn what_is_wrong_inside_an_argument_is_named() {
    let (_, text) = call(Probe, "borrowed", r#"{"numbers": [], "point": {"x": 3, "y": [0, {}]}}"#).error().await;
    assert_eq!(
        text,
        "Invalid argument 'point' for com.foo.example.borrowed: at point.y[1]: invalid type: map, expected i32"
    );
}

#[tokio::test]
async fn defaults_stand_for_what_is_absent_or_null() {
    assert_eq!(call(Probe, "defaults", "{}").result().await, r#"[0,"b",3]"#);
    assert_eq!(call(Probe, "defaults", r#"{"a": null, "c": null}"#).result().await, r#"[0,"b",3]"#);
    assert_eq!(call(Probe, "defaults", r#"{"a": 1, "b": "x", "c": 2}"#).result().await, r#"[1,"x",2]"#);
}

#[tokio::test]
async fn a_failed_check_names_argument_interface_and_method() {
    assert_eq!(call(Probe, "checked", r#"{"the-value": 1}"#).result().await, "1");
    let (code, text) = call(Probe, "checked", r#"{"the-value": 0}"#).error().await;
    assert_eq!(code, 4);
    assert_eq!(text, "Invalid argument 'the-value' for com.foo.example.checked: must be positive, is 0");
    let (_, text) = call(Probe, "checked", r#"{"the-value": 1, "more": -1}"#).error().await;
    assert_eq!(text, "Invalid argument 'more' for com.foo.example.checked: must be positive, is -1");
}

#[tokio::test]
async fn request_and_session_stand_beside_arguments() {
    let result = call(Probe, "beside", r#"{"at":2}"#).session().result().await;
    assert_eq!(result, r#""beside 2 {\"at\":2}""#);
}
