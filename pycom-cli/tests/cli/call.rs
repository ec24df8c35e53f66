use crate::support::{Shell, check, serve};

#[test]
fn a_method_is_called_in_every_way_that_arguments_can_be_written() {
    let shell = Shell::up();
    std::fs::write(shell.home.path().join("args.json"), r#"{"text": "from a file"}"#).unwrap();
    let mut text = shell.transcript(&[
        "call com.foo.example split text=hello at=2",
        "call com.foo.example@/org/pycom/demo split text=42",
        "call com.foo.example split '{\"text\": \"hello\"}'",
        "call com.foo.example split @args.json",
        "call com.foo.example measure 'points=[{\"x\": 0, \"y\": 0}, {\"x\": 3, \"y\": 4}]' way=streets",
        "call com.foo.example create 123456789012345678901234567890",
        "call com.foo.example create -5",
        "call com.foo.example create hello",
        "call com.foo.example create a=1 b:=\"1\" c=x",
        "call com.foo.example wait seconds=0",
        "call --json com.foo.example create '{\"b\": [1, {\"a\": 1.50}]}'",
        "call com.foo.example create '{\"b\": [1, {\"a\": 1.50}]}'",
    ]);
    text.push('\n');
    text.push_str(&shell.transcribe("call com.foo.example split -", r#"{"text": "from stdin"}"#));
    check("call", &text);
}

#[test]
fn what_is_wrong_has_its_exit_code_and_a_remedy() {
    let shell = Shell::up();
    check(
        "call_wrong",
        &shell.transcript(&[
            "call com.foo.example split text=hello at=20",
            "call org.pycom.demo throw 7",
            "call com.foo.example",
            "call com.foo.example split text=hello --tiemout 5s",
            "call com.foo.example wait -t 5lightyears",
            "call /org/pycom/demo next",
            "call com.foo.exmple split text=hello",
            "call com.foo.example splt text=hello",
            "call com.foo.example split txt=hello",
            "call com.foo.example split '{\"txt\": 1}'",
            "call com.foo.example split",
            "call com.foo.example split text=hello at=two",
            "call com.foo.example split hello",
            "call com.foo.example split text=hello 2",
            "call com.foo.example split @missing.json",
            "call com.foo.example create '{nope'",
            "call com.foo.example split '{\"text\": 1}'",
            "call com.foo.counter next --session=nope",
            "call com.foo.example@tcp://127.0.0.1:1 create 1",
            "call com.foo.example create 1 --save attachment",
            "call org.pycom.nameserver register service=/org/pycom/demo address=tcp://127.0.0.1:1 interfaces=[\"com.foo.x\"]",
        ]),
    );
    std::fs::write(shell.home.path().join("large"), vec![0; 17 * 1024 * 1024]).unwrap();
    let large = shell.run(&["call", "com.foo.example", "create", "1", "--attach", "large"]);
    assert_eq!(large.code, 0, "what fits into no frame goes in chunks: {large:?}");
    let slow = shell.run(&["call", "com.foo.example", "wait", "seconds=60", "--timeout", "100ms"]);
    assert_eq!(slow.code, 8, "{slow:?}");
    assert!(slow.stderr.starts_with("error: ") && slow.stderr.trim().ends_with("it may have run"), "{slow:?}");
}

#[test]
fn a_batch_is_a_call_for_each_line_and_a_line_for_each_call() {
    let shell = Shell::up();
    let named = "{\"text\": \"abcd\"}\n\n{\"txt\": 1}\n{\"text\": \"abcd\", \"at\": 20}\nnope\n";
    let any = "{\"method\": \"create\", \"args\": [1, 2]}\n{\"method\": \"splt\"}\n{\"method\": \"wait\", \"args\": {\"seconds\": 0}}\n";
    let text = [
        shell.transcribe("call com.foo.example split --batch", named),
        shell.transcribe("call com.foo.example --batch", any),
        shell.transcribe("call com.foo.example --batch", ""),
    ];
    check("call_batch", &text.join("\n"));
}

#[test]
fn a_call_can_be_repeated() {
    let shell = Shell::up();
    let said = shell.run(&["call", "com.foo.example", "create", "1", "--json", "--repeat", "3"]);
    assert_eq!(said.stdout, "{\"field1\":1}\n".repeat(3));
    assert!(said.stderr.starts_with("3 calls: fastest "), "{said:?}");
}

#[test]
fn a_session_goes_on_where_it_was_left() {
    let shell = Shell::up();
    let first = shell.run(&["call", "com.foo.counter", "next", "--session", "--repeat", "2"]);
    assert_eq!(first.stdout, "1\n2\n", "{first:?}");
    let id = first.stderr.split("--session=").nth(1).and_then(|rest| rest.split(')').next()).expect("it says the id");
    let again = shell.run(&["call", "com.foo.counter", "next", &format!("--session={id}")]);
    assert_eq!(again.stdout, "3\n", "{again:?}");
    assert_eq!(shell.run(&["call", "com.foo.counter", "next"]).stdout, "1\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn attachments_go_and_come_as_files() {
    let shell = Shell::up();
    let _service = serve(tests::probe::all(), "/com/foo/probe", &shell.nameserver).await;
    std::fs::write(shell.home.path().join("data"), [0, 255, 7]).unwrap();
    let text = shell.transcript(&[
        "describe com.foo.blob",
        "call com.foo.blob length --attach data",
        "call com.foo.blob length",
        "call com.foo.blob length blob=1",
        "call com.foo.blob length --attach missing",
        "call com.foo.blob encode string=text",
        "call com.foo.blob encode string=text --save out",
        "call com.foo.blob encode string=text --save -",
    ]);
    assert_eq!(std::fs::read(shell.home.path().join("out")).unwrap(), b"text");
    check("call_attachments", &text);
}
