use super::{Address, AddressError, Advertise};

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn shown(text: &str) -> String {
    address(text).to_string()
}

#[test]
fn every_form_has_one_spelling() {
    assert_eq!(shown("tcp://127.0.0.1:2012"), "tcp://127.0.0.1:2012");
    assert_eq!(shown("db-1.example.com:2012"), "tcp://db-1.example.com:2012");
    assert_eq!(shown("tcp://[0:0::1]:2012"), "tcp://[::1]:2012");
    assert_eq!(shown("[::1]:2012"), "tcp://[::1]:2012");
    assert_eq!(shown("tcp://*:*"), "tcp://0.0.0.0:0");
    assert_eq!(shown("ipc:///run/pycom.sock"), "ipc:///run/pycom.sock");
    assert_eq!(shown("inproc://name"), "inproc://name");
    assert_eq!(address("tcp://*:2012"), address("0.0.0.0:2012"));
}

#[test]
fn what_is_no_address_is_refused_with_a_reason() {
    let refused = |text: &str| text.parse::<Address>().unwrap_err();
    assert!(matches!(refused("udp://239.0.0.1:5"), AddressError::UnknownScheme(_)));
    assert!(matches!(refused("pgm://eth0;239.0.0.1:5"), AddressError::UnknownScheme(_)));
    for text in ["", "tcp://", "tcp://host", "host", "tcp://h:", "tcp://h:65536", "tcp://h:+1", "[::1]"] {
        assert!(matches!(refused(text), AddressError::BadPort(_)), "{text}");
    }
    for text in ["tcp://:1", "tcp://::1:1", "tcp://a b:1", "tcp://a;b:1", "tcp://[::g]:1", "tcp://a..b:1"] {
        let error = refused(text);
        assert!(matches!(error, AddressError::BadHost(_) | AddressError::BadCharacter(_)), "{text}");
    }
    assert!(matches!(refused("ipc://"), AddressError::Empty(_)));
    assert!(matches!(refused("ipc:///a\nb"), AddressError::BadCharacter(_)));
    assert!(matches!(refused(&format!("ipc://{}", "a".repeat(250))), AddressError::TooLong(_)));
    assert_eq!(
        refused("tcp://host").to_string(),
        "the address \"tcp://host\" has no usable port; write tcp://HOST:PORT with a port from 0 to 65535"
    );
}

#[test]
fn a_number_in_disguise_is_no_host_name() {
    for text in ["tcp://0:1", "tcp://127.1:1", "tcp://0x7f000001:1", "tcp://a.0X1:1", "tcp://0.0.0.0.:1"] {
        assert!(matches!(text.parse::<Address>(), Err(AddressError::BadHost(_))), "{text}");
    }
}

#[test]
fn only_a_real_place_is_connectable() {
    let check = |text: &str| address(text).check_connectable();
    for text in ["127.0.0.1:1", "[::1]:1", "host:1", "ipc://a", "inproc://a"] {
        check(text).unwrap();
    }
    assert!(matches!(check("127.0.0.1:0"), Err(AddressError::NotChosen(_))));
    assert!(matches!(check("ipc://*"), Err(AddressError::NotChosen(_))));
    for text in ["*:1", "0.0.0.0:1", "[::]:1", "[::ffff:0.0.0.0]:1"] {
        assert!(matches!(check(text), Err(AddressError::Wildcard(_))), "{text}");
    }
    for text in ["224.0.0.1:1", "[ff02::1]:1", "255.255.255.255:1", "[::ffff:239.1.1.1]:1"] {
        assert!(matches!(check(text), Err(AddressError::Multicast(_))), "{text}");
    }
}

#[test]
fn only_what_others_reach_is_registrable() {
    address("10.0.0.1:2012").check_registrable(false).unwrap();
    address("ipc:///run/a").check_registrable(true).unwrap();
    let check = |text: &str| address(text).check_registrable(false);
    assert!(matches!(check("ipc:///run/a"), Err(AddressError::LocalToMachine(_))));
    assert!(matches!(check("*:1"), Err(AddressError::Wildcard(_))));
    assert!(matches!(address("inproc://a").check_registrable(true), Err(AddressError::LocalToProcess(_))));
}

#[test]
fn a_service_advertises_a_host_a_port_or_a_whole_address() {
    let bound = address("tcp://0.0.0.0:2012");
    let advertised = |text: &str| {
        let advertise: Advertise = text.parse().unwrap();
        bound.advertised(Some(&advertise)).unwrap().to_string()
    };
    assert_eq!(advertised("db.example.com"), "tcp://db.example.com:2012");
    assert_eq!(advertised("10.0.0.7"), "tcp://10.0.0.7:2012");
    assert_eq!(advertised("::1"), "tcp://[::1]:2012");
    assert_eq!(advertised("[::1]"), "tcp://[::1]:2012");
    assert_eq!(advertised("proxy:99"), "tcp://proxy:99");
    assert_eq!(advertised("proxy:0"), "tcp://proxy:2012");
    assert_eq!(advertised("ipc:///run/a"), "ipc:///run/a");
    assert!(matches!(bound.advertised(None), Err(AddressError::Wildcard(_))));
    assert_eq!(address("10.0.0.1:5").advertised(None).unwrap(), address("10.0.0.1:5"));
    assert!("a b".parse::<Advertise>().is_err());
}

#[test]
fn an_address_is_a_string_in_json() {
    let json = serde_json::to_string(&address("host:1")).unwrap();
    assert_eq!(json, "\"tcp://host:1\"");
    assert_eq!(serde_json::from_str::<Address>(&json).unwrap(), address("host:1"));
    assert!(serde_json::from_str::<Address>("\"udp://x:1\"").is_err());
}
