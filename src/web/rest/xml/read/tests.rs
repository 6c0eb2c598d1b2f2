//! What documents are taken, and what is refused before anything of it is looked at.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::*;
use crate::domain::registry::fields::PhoneKind;
use crate::domain::registry::functions::Function;
use crate::domain::registry::samples;
use crate::web::rest::xml::{MESSAGES, SHARED_TICKET, write};

/// A customer with this in it.
fn customer_with(content: &str) -> String {
    format!(
        "<customer xmlns=\"{CORE}\"><customerName>Lighthouse Cafe</customerName>{content}</customer>"
    )
}

/// The elements that a refusal names.
fn named<T: std::fmt::Debug>(result: Result<T, SchemaError>) -> Vec<String> {
    let error = result.unwrap_err();
    (error.components.iter())
        .map(|component| component.element.to_string())
        .collect()
}

fn refused(document: impl AsRef<[u8]>) -> SchemaError {
    customer(document.as_ref()).unwrap_err()
}

#[test]
fn elements_are_known_by_namespace_and_not_by_prefix_or_order() {
    let plain = contact(write::contact(&samples::role()).as_bytes()).unwrap();
    let prefixed = format!(
        "<ns0:poc xmlns:ns0=\"{CORE}\" xmlns:n1=\"{CORE}\"><n1:lastName>Okafor</n1:lastName><ns0:contactType>\n PERSON </ns0:contactType>\
         <ns0:handle>MO1-KP</ns0:handle><firstName xmlns=\"{CORE}\">Maren</firstName></ns0:poc>"
    );
    let prefixed = contact(prefixed.as_bytes()).unwrap();
    assert_eq!(prefixed.last_name.as_deref(), Some("Okafor"));
    assert_eq!(prefixed.first_name.as_deref(), Some("Maren"));
    assert_eq!((prefixed.is_role, plain.is_role), (Some(false), Some(true)));
    assert_eq!(prefixed.emails, None);
}

#[test]
fn texts_are_put_together_and_trimmed() {
    for (content, text) in [
        ("  Halifax\n", "Halifax"),
        ("Hali<!-- a comment -->fax", "Halifax"),
        ("<![CDATA[<Hali>]]>fax &amp; &#233;&#xE9;", "<Hali>fax & éé"),
        ("Hali<?some thing?>fax", "Halifax"),
        ("&lt;&gt;&quot;&apos;", "<>\"'"),
        ("Hali<f:fax xmlns:f=\"urn:f\">no</f:fax>", "Hali"),
    ] {
        let read = customer(customer_with(&format!("<city>{content}</city>")).as_bytes());
        assert_eq!(
            read.unwrap().address.city.as_deref(),
            Some(text),
            "{content}"
        );
    }
    let empty = customer(customer_with("<city> </city><comment/>").as_bytes()).unwrap();
    assert_eq!((empty.address.city, empty.comment), (None, Vec::new()));
}

#[test]
fn lines_come_by_their_numbers() {
    let lines = |lines: &str| {
        let document = customer_with(&format!("<comment>{lines}</comment>"));
        customer(document.as_bytes()).map(|customer| customer.comment)
    };
    let numbered = "<line number=\"3\">c</line><line number=\"1\">a</line><line number=\"2\"/>";
    assert_eq!(lines(numbered).unwrap(), ["a", "", "c"]);
    assert_eq!(lines("<line>b</line><line>a</line>").unwrap(), ["b", "a"]);
    assert_eq!(named(lines("<line number=\"first\">a</line>")), ["line"]);
    assert_eq!(named(lines("<row>a</row>")), ["row"]);
}

#[test]
fn a_list_that_is_empty_differs_from_one_that_is_missing() {
    let empty = format!("<poc xmlns=\"{CORE}\"><emails/><phones></phones></poc>");
    let empty = contact(empty.as_bytes()).unwrap();
    assert_eq!(
        (empty.emails, empty.phones),
        (Some(Vec::new()), Some(Vec::new()))
    );
    let empty = format!("<net xmlns=\"{CORE}\"><pocLinks/><customer/></net>");
    let empty = network(empty.as_bytes()).unwrap();
    assert_eq!((empty.contacts, empty.customer), (Some(Vec::new()), None));
    let missing = network(format!("<net xmlns=\"{CORE}\"/>").as_bytes()).unwrap();
    assert_eq!((missing.contacts, missing.blocks), (None, None));
}

#[test]
fn what_is_not_kept_is_passed_over() {
    let document = format!(
        "<net xmlns=\"{CORE}\"><originASes><originAS>AS64496</originAS></originASes><messages><message/></messages>\
         <messageReferences/><lastModified>x</lastModified><registrationDate>x</registrationDate><description>x</description>\
         <netBlocks><netBlock><description>x</description><type>LX</type></netBlock></netBlocks></net>"
    );
    let network = network(document.as_bytes()).unwrap();
    assert_eq!(network.blocks.unwrap()[0].kind.as_deref(), Some("LX"));
}

#[test]
fn foreign_elements_are_skipped_with_all_they_hold() {
    let document = customer_with(&format!(
        "<x:extra xmlns:x=\"urn:x\"><customerName xmlns=\"{CORE}\">x</customerName><nonsense/>&amp;</x:extra>"
    ));
    assert!(customer(document.as_bytes()).is_ok());
}

#[test]
fn unknown_and_repeated_elements_are_named_all_at_once() {
    let document = customer_with(&format!(
        "<customerName>Again</customerName><colour>red</colour><taxId>1</taxId><city xmlns=\"\">x</city>\
         <m:subject xmlns:m=\"{MESSAGES}\"/><s:shared xmlns:s=\"{SHARED_TICKET}\"/>\
         <privateCustomer>yes</privateCustomer><iso3166-1><code4>x</code4></iso3166-1>"
    ));
    assert_eq!(
        named(customer(document.as_bytes())),
        [
            "customerName",
            "colour",
            "taxId",
            "city",
            "subject",
            "shared",
            "privateCustomer",
            "code4"
        ]
    );
    let document = customer_with("text<city>a<b/></city>");
    assert_eq!(named(customer(document.as_bytes())), ["customer", "b"]);
}

#[test]
fn the_root_is_the_expected_one() {
    for (document, name) in [
        (format!("<org xmlns=\"{CORE}\"/>"), "org"),
        ("<customer/>".to_owned(), "customer"),
        ("<customer xmlns=\"urn:x\"/>".to_owned(), "customer"),
        (format!("<customer xmlns=\"{MESSAGES}\"/>"), "customer"),
        (format!("<Customer xmlns=\"{CORE}\"/>"), "Customer"),
    ] {
        assert_eq!(named(customer(document.as_bytes())), [name], "{document}");
    }
}

#[test]
fn words_outside_of_their_list_are_named() {
    let poc = format!("<poc xmlns=\"{CORE}\"><contactType>person</contactType></poc>");
    assert_eq!(named(contact(poc.as_bytes())), ["contactType"]);
    let org = format!(
        "<org xmlns=\"{CORE}\"><acceptReassignments>TRUE</acceptReassignments>\
         <pocLinks><pocLinkRef function=\"X\" handle=\"A\"/></pocLinks></org>"
    );
    assert_eq!(
        named(organization(org.as_bytes())),
        ["acceptReassignments", "function"]
    );
    let net = format!(
        "<net xmlns=\"{CORE}\"><version>5</version><netBlocks><netBlock><type>Z</type></netBlock></netBlocks></net>"
    );
    assert_eq!(named(network(net.as_bytes())), ["version", "type"]);
    for (text, value) in [("1", true), ("0", false), ("true", true), ("false", false)] {
        let document = customer_with(&format!("<privateCustomer>{text}</privateCustomer>"));
        assert_eq!(
            customer(document.as_bytes()).unwrap().is_private,
            Some(value)
        );
    }
}

#[test]
fn links_and_phones_are_read() {
    let org = format!(
        "<o:org xmlns:o=\"{CORE}\"><o:pocLinks><o:pocLinkRef function=\" AD \" handle=\"MO1-KP\" description=\"x\"/>\
         <o:pocLinkRef o:handle=\"A\"/></o:pocLinks></o:org>"
    );
    let links = organization(org.as_bytes()).unwrap().contacts.unwrap();
    assert_eq!(links[0].function, Some(Function::Admin));
    assert_eq!(
        (links[0].handle.as_deref(), links[1].handle.as_deref()),
        (Some("MO1-KP"), None)
    );
    let read = phone(write::phone(&samples::role().phones[0]).as_bytes()).unwrap();
    assert_eq!(
        (read.kind, read.extension.as_deref()),
        (Some(PhoneKind::Office), Some("12"))
    );
    let unknown = format!("<phone xmlns=\"{CORE}\"><type><code>Q</code></type></phone>");
    assert_eq!(phone(unknown.as_bytes()).unwrap().kind, None);
}

#[test]
fn messages_have_files_in_base64() {
    let with = |data: &str| {
        let document = format!(
            "<message xmlns=\"{CORE}\" xmlns:m=\"{MESSAGES}\"><m:messageId>1</m:messageId><m:createdDate/>\
             <subject>Why</subject><text><line number=\"1\">Because</line></text><category>JUSTIFICATION</category>\
             <attachments><attachment><data>{data}</data><filename>a.txt</filename></attachment></attachments></message>"
        );
        message(document.as_bytes())
    };
    let read = with("emlw\n  IQ==").unwrap();
    assert_eq!(
        read.attachments[0].bytes.as_deref(),
        Some(b"zip!".as_slice())
    );
    assert_eq!(read.text, ["Because"]);
    assert!(with("emlwIQ").is_ok());
    assert_eq!(named(with("emlw*")), ["data"]);
}

#[test]
fn of_a_ticket_only_the_status_is_read() {
    let document = format!(
        "<ticket xmlns=\"{CORE}\" xmlns:s=\"{SHARED_TICKET}\"><messages/><ticketNo>x</ticketNo><s:shared>x</s:shared>\
         <webTicketStatus>CLOSED</webTicketStatus></ticket>"
    );
    assert_eq!(
        ticket_status(document.as_bytes()).unwrap().as_deref(),
        Some("CLOSED")
    );
    let unknown = format!("<ticket xmlns=\"{CORE}\"><status/></ticket>");
    assert_eq!(named(ticket_status(unknown.as_bytes())), ["status"]);
}

#[test]
fn what_is_not_well_formed_is_refused() {
    let good = customer_with("");
    for document in [
        "",
        "  ",
        "customer",
        "<customer",
        "{\"customer\":{}}",
        &good[..good.len() - 3],
        &good.replace("</customerName>", "</customername>"),
        &format!("{good}{good}"),
        &format!("{good}text"),
        &format!("text{good}"),
        &format!(" <?xml version=\"1.0\"?>{good}"),
        &format!("<?xml version=\"1.0\"?><?xml version=\"1.0\"?>{good}"),
        &customer_with("<city>a & b</city>"),
        &customer_with("<city>&nbsp;</city>"),
        &customer_with("<city>&#0;</city>"),
        &customer_with("<city>&#xD800;</city>"),
        &customer_with("<city>]]></city>"),
        &customer_with("<!-- a -- b -->"),
        &customer_with("<x:city>a</x:city>"),
        &customer_with("<comment><line number=\"1\" number=\"2\"/></comment>"),
        &customer_with("<comment><line number=\"<\"/></comment>"),
        &customer_with("<comment><line number=\"&nope;\"/></comment>"),
        &customer_with("<comment><line x:number=\"1\"/></comment>"),
    ] {
        assert!(customer(document.as_bytes()).is_err(), "{document}");
    }
}

#[test]
fn only_utf_8_is_read() {
    let good = customer_with("<city>Zürich</city>");
    for declared in [
        "",
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n",
        "\u{FEFF}<?xml version='1.0'?>",
    ] {
        let read = customer(format!("{declared}{good}").as_bytes()).unwrap();
        assert_eq!(read.address.city.as_deref(), Some("Zürich"), "{declared}");
    }
    for encoding in ["ISO-8859-1", "UTF-16", "utf-7", "US-ASCII"] {
        let document = format!("<?xml version=\"1.0\" encoding=\"{encoding}\"?>{good}");
        assert!(
            refused(document).message.contains("Send UTF-8"),
            "{encoding}"
        );
    }
    let latin: Vec<u8> = good
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    assert!(refused(latin).message.contains("UTF-8"));
    let wide: Vec<u8> = good.encode_utf16().flat_map(u16::to_be_bytes).collect();
    refused(wide);
}

#[test]
fn a_document_type_is_refused_before_anything_is_expanded() {
    let mut bomb = String::from("<?xml version=\"1.0\"?><!DOCTYPE customer [<!ENTITY a0 \"ha\">");
    for level in 1..30 {
        let below = format!("&a{};", level - 1).repeat(10);
        bomb += &format!("<!ENTITY a{level} \"{below}\">");
    }
    bomb += &format!("]>{}", customer_with("<city>&a29;</city>"));
    for document in [
        bomb,
        format!("<!DOCTYPE customer>{}", customer_with("")),
        format!(
            "<!DOCTYPE c SYSTEM \"file:///etc/passwd\">{}",
            customer_with("")
        ),
        format!("<!doctype c>{}", customer_with("")),
    ] {
        assert!(refused(document).message.contains("DOCTYPE"));
    }
}

/// An element within itself this many times.
fn nested(depth: usize) -> String {
    let inner = depth - 1;
    customer_with(&format!(
        "{}{}",
        "<x:a xmlns:x=\"urn:x\">".repeat(inner),
        "</x:a>".repeat(inner)
    ))
}

#[test]
fn documents_are_neither_deep_nor_wide() {
    assert!(customer(nested(32).as_bytes()).is_ok());
    for depth in [33, 10_000] {
        assert!(refused(nested(depth)).message.contains("deeper than 32"));
    }
    // The root and its name are two.
    let many = |count: usize| customer_with(&"<a xmlns=\"urn:x\"/>".repeat(count));
    assert!(customer(many(19_998).as_bytes()).is_ok());
    assert!(refused(many(19_999)).message.contains("20000 elements"));
    let wide = |count: usize| {
        let attributes: String = (0..count)
            .map(|number| format!(" a{number}=\"\""))
            .collect();
        customer_with(&format!("<comment><line{attributes}>x</line></comment>"))
    };
    assert!(customer(wide(64).as_bytes()).is_ok());
    assert!(refused(wide(65)).message.contains("64 attributes"));
    assert!(refused(wide(100_000)).message.contains("64 attributes"));
    let spaces: String = (0..65)
        .map(|number| format!(" xmlns:a{number}=\"urn:x\""))
        .collect();
    refused(customer_with(&format!("<comment{spaces}/>")));
}

#[test]
fn the_answer_does_not_grow_with_the_document() {
    let document = customer_with(&"<unknown/>".repeat(10_000));
    assert_eq!(refused(document).components.len(), 100);
    let document = customer_with(&format!("<{}/>", "x".repeat(10_000)));
    assert!(refused(document).components[0].element.len() <= 100);
}

#[test]
fn a_collection_may_hold_more_elements_than_a_call() {
    let one = write::contact(&samples::person());
    let one = one.split_once("?>").unwrap().1;
    let document = format!(
        "<collection xmlns=\"{CORE}\">{}</collection>",
        one.repeat(2_000)
    );
    assert_eq!(
        collection(document.as_bytes()).unwrap().contacts.len(),
        2_000
    );
    let unknown = format!("<collection xmlns=\"{CORE}\"><ticket/></collection>");
    assert_eq!(named(collection(unknown.as_bytes())), ["ticket"]);
}

/// Whatever is done to a good document, reading it comes to an end.
#[test]
fn no_bytes_make_the_reader_panic() {
    let network_document = write::network(&samples::network());
    let good = [
        write::contact(&samples::role()),
        write::organization(&samples::organization(), true),
        network_document.replace("<netName>", "<!-- c --><![CDATA[]]><?p i?>&#65;<netName>"),
        write::customer(&samples::customer(), true),
    ];
    let pieces: [&[u8]; 16] = [
        b"<",
        b">",
        b"/",
        b"&",
        b";",
        b"<!--",
        b"-->",
        b"<!-->",
        b"<![CDATA[",
        b"]]>",
        b"<?",
        b"?>",
        b"<!DOCTYPE x [",
        b"&#x110000;",
        b" xmlns=\"\"",
        b"\xff",
    ];
    let mut random = StdRng::seed_from_u64(20_261_122);
    for round in 0..6_000 {
        let mut bytes = good[round % good.len()].clone().into_bytes();
        for _ in 0..random.random_range(1..6) {
            let at = random.random_range(0..bytes.len());
            match random.random_range(0..5) {
                0 => bytes[at] = random.random(),
                1 => {
                    let end = (at + random.random_range(1..20)).min(bytes.len() - 1);
                    bytes.drain(at..end.max(at));
                }
                2 => {
                    let piece = pieces[random.random_range(0..pieces.len())];
                    bytes.splice(at..at, piece.iter().copied());
                }
                3 => bytes.truncate(at.max(1)),
                _ => {
                    let end = (at + 30).min(bytes.len());
                    let copy = bytes[at..end].to_vec();
                    let to = random.random_range(0..bytes.len());
                    bytes.splice(to..to, copy);
                }
            }
        }
        for read in [
            contact(&bytes).err(),
            organization(&bytes).err(),
            network(&bytes).err(),
            customer(&bytes).err(),
            collection(&bytes).err(),
            message(&bytes).err(),
        ] {
            drop(read);
        }
    }
}
