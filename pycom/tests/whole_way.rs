//! The whole way of a call, over real sockets.

use pycom::{Context, Error, InterfaceBuilder, MethodBuilder, Request, Result, Running, Server};
use serde_json::{Value, json};

async fn service() -> Running {
    let create = MethodBuilder::new("create", |request: Request| async move {
        Ok::<_, Error>(json!({ "field1": request.args::<Value>()? }))
    });
    let split = MethodBuilder::new("split", |request: Request| async move {
        let (text, at): (String, Option<usize>) = (request.argument("text")?, request.argument("at")?);
        Ok::<_, Error>((text.clone(), at))
    })
    .required("text", json!({"type": "string"}))
    .optional("at", json!(null))
    .results(["head", "tail"]);
    let offer = InterfaceBuilder::new("com.foo.example").method(create).method(split).build().unwrap();
    Server::new().offer(offer).bind("tcp://127.0.0.1:0").await.unwrap()
}

#[tokio::test]
async fn an_untyped_call_is_answered() -> Result<()> {
    let running = service().await;
    let context = Context::builder().build();
    let query = context.connect(running.address().to_string(), "com.foo.example")?;
    assert_eq!(query.invoke("create", 42).await?, json!({"field1": 42}));
    assert_eq!(query.invoke("split", json!({"text": "a", "at": 2})).await?, json!({"head": "a", "tail": 2}));
    let error = query.invoke("splt", ()).await.unwrap_err();
    assert!(matches!(error, Error::MethodNotFound(_)));
    println!("{error}");
    println!("{}", query.invoke("split", json!({"txt": "a", "text": "x"})).await.unwrap_err());
    println!("{}", query.invoke("split", json!({"txt": "a"})).await.unwrap_err());
    println!("{:#?}", query.introspect().await?);
    running.stop().await;
    println!("{}", query.invoke("create", 42).await.unwrap_err());
    Ok(())
}
