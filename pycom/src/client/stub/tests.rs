use super::*;
use crate::Reply;
use crate::interface::{ReplyBuilder, Required};

static SPLIT: MethodInfo = MethodInfo::plain("com.foo.example", "split");

fn component() -> Component {
    let context = Context::new("tcp://127.0.0.1:1").unwrap();
    context.connect("tcp://127.0.0.1:1", "com.foo.example").unwrap()
}

fn call(component: &Component) -> StubCall<'_> {
    StubCall::new(component, &SPLIT)
}

fn answer<'c>(component: &'c Component, result: &str) -> StubAnswer<'c> {
    let reply = Reply::result(Json::from_text(result).unwrap());
    StubAnswer::new(reply, component, &SPLIT).unwrap()
}

#[test]
fn arguments_are_written_as_they_are_given() {
    let component = component();
    let args = |call: StubCall<'_>| call.request().unwrap().args_json().to_string();
    assert_eq!(args(call(&component)), "null");
    assert_eq!(args(call(&component).end_named()), "{}");
    assert_eq!(args(call(&component).whole(&[1, 2])), "[1,2]");
    let named = call(&component).named("te\"xt", "a").optional("at", &None::<u8>).optional("to", &Some(2));
    assert_eq!(args(named.end_named()), r#"{"te\"xt":"a","to":2}"#);
    let json = Json::from_text("123456789012345678901234567890").unwrap();
    assert_eq!(args(call(&component).named("n", &json).end_named()), r#"{"n":123456789012345678901234567890}"#);
}

#[test]
fn what_json_cannot_hold_is_not_sent() {
    let component = component();
    let map = std::collections::HashMap::from([(vec![1], 1)]);
    let error = call(&component).named("map", &map).end_named().request().unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotRun);
    assert!(error.to_string().starts_with("com.foo.example.split: the arguments cannot be written as JSON"), "{error}");
}

#[test]
fn an_answer_of_another_form_says_what_was_expected() {
    type Parts = (Required<String>, Required<u8>);
    let component = component();
    let answer = |result: &str| answer(&component, result);
    let read = |text: &str| answer(text).named::<Parts>(&["head", "at"]).map_err(|error| error.to_string());
    assert_eq!(read(r#"{"at": 3, "head": "a", "more": 1}"#), Ok(("a".into(), 3)));
    assert!(read(r#"{"at": 3}"#).unwrap_err().contains("'head' is missing"));
    assert!(read(r#"{"head": "a", "at": 300}"#).unwrap_err().contains("at at: invalid value: integer `300`"));
    assert!(read("[1]").unwrap_err().contains("it is no object of named results"));
    let error = answer("{\"a\": [1, \"x\"]}").value::<std::collections::HashMap<String, Vec<u8>>>().unwrap_err();
    assert!(error.to_string().contains("at a[1]: invalid type: string \"x\", expected u8"), "{error}");
    assert!(answer("1").attachment("blob").unwrap_err().to_string().contains("the attachment 'blob' is missing"));
}

#[test]
fn a_response_brings_what_came_beside_the_value() {
    let builder = ReplyBuilder::new().value(Response::new(1).attachment(Attachment::from(vec![2])));
    let component = component();
    let answer = StubAnswer::new(builder.finish("a.b", "c"), &component, &SPLIT).unwrap();
    let response: Response<u8> = answer.value().unwrap();
    let attachment = response.attachment.unwrap();
    assert_eq!((response.value, attachment.as_bytes().unwrap().as_ref()), (1, &[2][..]));
}
