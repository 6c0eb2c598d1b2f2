//! What networks are accepted.

use super::super::addresses::tests::portland;
use super::super::links::tests::link;
use super::*;
use crate::domain::registry::fields::CustomerFields;
use crate::domain::registry::functions::Function;
use crate::domain::registry::samples;

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn block(start: &str, length: &str) -> BlockFields {
    BlockFields {
        start: some(start),
        length: some(length),
        ..BlockFields::default()
    }
}

fn cafe() -> NetworkFields {
    NetworkFields {
        name: some("LIGHTHOUSE-CAFE"),
        blocks: Some(vec![block("192.0.2.64", "26")]),
        customer_handle: some("c00000002"),
        ..NetworkFields::default()
    }
}

fn elements<T>(checked: Checked<T>) -> Vec<&'static str> {
    let problems = checked.err().unwrap_or_default();
    problems.iter().map(|problem| problem.element).collect()
}

type Change = fn(&mut NetworkFields);

fn with(change: Change) -> NetworkFields {
    let mut fields = cafe();
    change(&mut fields);
    fields
}

#[test]
fn a_network_is_cut_for_one_holder() {
    let network = new_network(&with(|f| {
        f.parent = some("net-192-0-2-0-1");
        f.version = Some(4);
        f.blocks = Some(vec![BlockFields {
            kind: some("S"),
            ..block("192.000.002.064", "26")
        }]);
    }))
    .unwrap();
    assert_eq!(network.range.to_string(), "192.0.2.64/26");
    assert_eq!(
        network.recipient,
        Recipient::Customer("c00000002".to_owned())
    );
    assert_eq!(
        (network.kind.as_deref(), network.parent.as_deref()),
        (Some("S"), Some("net-192-0-2-0-1"))
    );
    let made = new_network(&with(|f| {
        f.customer_handle = None;
        f.customer = Some(CustomerFields {
            name: some("Cafe"),
            address: portland(),
            ..CustomerFields::default()
        });
        f.contacts = Some(Vec::new());
    }));
    assert!(matches!(made.unwrap().recipient, Recipient::NewCustomer(_)));
}

#[test]
fn each_element_of_a_new_network_is_named() {
    let cases: &[(Change, &[&str])] = &[
        (|f| f.name = None, &["netName"]),
        (|f| f.name = some(&"x".repeat(51)), &["netName"]),
        (|f| f.name = some("A_B"), &["netName"]),
        (|f| f.blocks = None, &["netBlocks"]),
        (|f| f.blocks = Some(Vec::new()), &["netBlocks"]),
        (
            |f| f.blocks = Some(vec![block("192.0.2.0", "26"), block("192.0.2.64", "26")]),
            &["netBlocks"],
        ),
        (
            |f| f.blocks = Some(vec![block("192.0.2.65", "26")]),
            &["startAddress"],
        ),
        (
            |f| {
                f.blocks = Some(vec![BlockFields {
                    kind: some("LX"),
                    ..block("192.0.2.64", "26")
                }])
            },
            &["type"],
        ),
        (|f| f.version = Some(6), &["version"]),
        (|f| f.customer_handle = None, &["orgHandle"]),
        (|f| f.organization = some("HEN-1"), &["customerHandle"]),
        (
            |f| {
                f.organization = some("HEN-1");
                f.customer = Some(CustomerFields::default());
            },
            &[
                "customerHandle",
                "customer",
                "customerName",
                "streetAddress",
                "city",
                "iso3166-1",
            ],
        ),
        (
            |f| f.contacts = Some(vec![link(Function::Tech, "TR1-KP")]),
            &["pocLinks"],
        ),
        (|f| f.comment = vec!["x".repeat(201)], &["comment"]),
    ];
    for (change, named) in cases {
        let fields = with(*change);
        assert_eq!(elements(new_network(&fields)), *named, "{fields:?}");
    }
}

#[test]
fn a_change_has_names_comments_and_contacts() {
    let present = samples::network();
    let fields = NetworkFields {
        name: some("HARBOR-3"),
        ..NetworkFields::default()
    };
    let kept = changed_network(&fields, &present).unwrap();
    assert_eq!(
        (kept.contacts, kept.comment),
        (present.contacts.clone(), Vec::new())
    );
    let cleared = NetworkFields {
        contacts: Some(Vec::new()),
        comment: vec!["New".to_owned()],
        ..fields.clone()
    };
    let cleared = changed_network(&cleared, &present).unwrap();
    assert_eq!((cleared.contacts.len(), cleared.comment.len()), (0, 1));
    // A range may be sent as one block too.
    let whole = NetworkFields {
        blocks: Some(vec![BlockFields {
            start: some("198.51.100.0"),
            end: some("198.51.100.130"),
            kind: some("DA"),
            length: None,
        }]),
        organization: some("hen-1"),
        version: Some(4),
        ..fields
    };
    assert!(changed_network(&whole, &present).is_ok());
}

#[test]
fn what_cannot_be_changed_is_named() {
    let fields = NetworkFields {
        handle: some("NET-1"),
        version: Some(6),
        blocks: Some(vec![BlockFields {
            kind: some("A"),
            ..block("198.51.100.0", "24")
        }]),
        organization: some("LEC-1"),
        customer_handle: some("C00000001"),
        customer: Some(CustomerFields::default()),
        parent: some("NET-2"),
        contacts: Some(vec![link(Function::Admin, "MO1-KP")]),
        ..cafe()
    };
    assert_eq!(
        elements(changed_network(&fields, &samples::network())),
        [
            "handle",
            "version",
            "type",
            "netBlocks",
            "orgHandle",
            "customerHandle",
            "customer",
            "parentNetHandle",
            "pocLinks"
        ]
    );
    let many = NetworkFields {
        blocks: Some(vec![BlockFields::default(); 257]),
        ..NetworkFields::default()
    };
    assert_eq!(
        elements(changed_network(&many, &samples::network())),
        ["netName", "netBlocks"]
    );
    let customers = NetworkFields {
        contacts: Some(vec![link(Function::Tech, "TR1-KP")]),
        ..cafe()
    };
    assert_eq!(
        elements(changed_network(&customers, &samples::customers_network())),
        ["pocLinks"]
    );
}

#[test]
fn an_imported_network_says_of_which_type_it_is() {
    let fields = NetworkFields {
        blocks: Some(vec![block("192.0.2.0", "26"), block("192.0.2.128", "25")]),
        customer_handle: None,
        organization: some("not a handle"),
        ..cafe()
    };
    assert_eq!(
        elements(imported_network(&fields)),
        ["netBlocks", "type", "orgHandle"]
    );
    let fields = NetworkFields {
        blocks: Some(vec![BlockFields {
            kind: some("S"),
            ..block("192.0.2.0", "26")
        }]),
        contacts: Some(vec![link(Function::Tech, "TR1-KP")]),
        ..cafe()
    };
    assert_eq!(elements(imported_network(&fields)), ["pocLinks"]);
}
