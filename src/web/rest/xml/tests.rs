//! What is written is what the documentation shows, and can be read again.

use super::{read, write};
use crate::clock::Timestamp;
use crate::domain::registry::checks;
use crate::domain::registry::networks::Network;
use crate::domain::registry::samples;

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";

/// What is in the root of a document, whose namespaces are as they should be.
fn inside<'a>(document: &'a str, root: &str) -> &'a str {
    let core = format!("{DECLARATION}<{root} xmlns=\"{}\"", super::CORE);
    let rest = document.strip_prefix(&core).unwrap();
    let (_, content) = rest.split_once('>').unwrap();
    content.strip_suffix(&format!("</{root}>")).unwrap()
}

const US: &str = "<iso3166-1><name>United States</name><code2>US</code2><code3>USA</code3><e164>1</e164></iso3166-1>";
const DATE: &str = "<registrationDate>2026-11-22T09:30:00+00:00</registrationDate>";

#[test]
fn a_contact_is_written_as_documented() {
    let document = write::contact(&samples::person());
    assert_eq!(
        inside(&document, "poc"),
        format!(
            "<handle>MO1-KP</handle>{DATE}<contactType>PERSON</contactType><firstName>Maren</firstName>\
             <lastName>Okafor</lastName><streetAddress><line number=\"1\">4 Quay Street</line></streetAddress>\
             <city>Portland</city><iso3166-2>ME</iso3166-2><postalCode>04101</postalCode>{US}\
             <emails><email>maren@example.com</email></emails><phones><phone><type>\
             <description>Office</description><code>O</code></type><number>+1.207.555.0142</number></phone></phones>"
        )
    );
}

#[test]
fn an_organization_is_written_as_documented() {
    let document = write::organization(&samples::organization(), true);
    assert_eq!(
        inside(&document, "org"),
        format!(
            "<handle>HEN-1</handle>{DATE}<orgName>Harbor Example Networks</orgName>\
             <orgUrl>https://harbor.example.com/</orgUrl>\
             <streetAddress><line number=\"1\">4 Quay Street</line></streetAddress>\
             <city>Portland</city><iso3166-2>ME</iso3166-2><postalCode>04101</postalCode>{US}<pocLinks>\
             <pocLinkRef description=\"Admin\" function=\"AD\" handle=\"MO1-KP\"/>\
             <pocLinkRef description=\"Tech\" function=\"T\" handle=\"MO1-KP\"/>\
             <pocLinkRef description=\"Abuse\" function=\"AB\" handle=\"ABUSE1-KP\"/></pocLinks>"
        )
    );
}

#[test]
fn a_tax_id_is_written_for_those_who_may_see_it() {
    let organization = crate::domain::registry::organizations::Organization {
        tax_id: Some("12-345".to_owned()),
        accepts_reassignments: false,
        ..samples::organization()
    };
    let shown = write::organization(&organization, true);
    assert!(shown.contains("<taxId>12-345</taxId>"));
    assert!(shown.contains("<acceptReassignments>false</acceptReassignments>"));
    assert!(!write::organization(&organization, false).contains("12-345"));
}

#[test]
fn a_network_is_written_as_documented() {
    let document = write::network(&samples::customers_network());
    let content = format!(
        "<version>4</version><handle>NET-192-0-2-64-1</handle>{DATE}<netName>LIGHTHOUSE-CAFE</netName>\
         <netBlocks><netBlock><type>S</type><description>Reassigned</description>\
         <startAddress>192.000.002.064</startAddress><endAddress>192.000.002.127</endAddress>\
         <cidrLength>26</cidrLength></netBlock></netBlocks>\
         <customerHandle>C00000002</customerHandle><parentNetHandle>NET-192-0-2-0-1</parentNetHandle>"
    );
    assert_eq!(inside(&document, "net"), content);
    let ticketed = write::ticketed_network(&samples::customers_network());
    assert_eq!(
        inside(&ticketed, "ticketedRequest"),
        format!("<net>{content}</net>")
    );
    let list = write::networks(&[samples::customers_network()]);
    assert_eq!(inside(&list, "collection"), format!("<net>{content}</net>"));
    assert_eq!(inside(&write::networks(&[]), "collection"), "");
}

#[test]
fn a_range_comes_back_as_its_fewest_prefixes() {
    let document = write::network(&samples::network());
    assert_eq!(document.matches("<netBlock>").count(), 3);
    for length in [25, 31, 32] {
        assert!(document.contains(&format!("<cidrLength>{length}</cidrLength>")));
    }
    let wide = Network {
        range: samples::range("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
        ..samples::network()
    };
    let document = write::network(&wide);
    assert!(
        document.contains("<startAddress>2001:0DB8:0000:0000:0000:0000:0000:0000</startAddress>")
    );
    assert!(document.contains("<version>6</version>"));
}

#[test]
fn a_private_customer_is_hidden_from_others() {
    let document = write::customer(&samples::customer(), false);
    assert_eq!(
        inside(&document, "customer"),
        format!(
            "<handle>C00000002</handle>{DATE}<customerName>Lighthouse Cafe</customerName>\
             <streetAddress><line number=\"1\">1 Point Road</line></streetAddress><city>Halifax</city>\
             <iso3166-2>NS</iso3166-2><postalCode>B3H 0A1</postalCode>\
             <iso3166-1><name>Canada</name><code2>CA</code2><code3>CAN</code3><e164>1</e164></iso3166-1>\
             <parentOrgHandle>HEN-1</parentOrgHandle><privateCustomer>false</privateCustomer>"
        )
    );
    let private = crate::domain::registry::customers::Customer {
        is_private: true,
        ..samples::customer()
    };
    let hidden = write::customer(&private, false);
    assert!(hidden.contains("<customerName>Private Customer</customerName>"));
    assert!(hidden.contains(
        "<streetAddress><line number=\"1\">Private Residence</line></streetAddress><city>Halifax</city>"
    ));
    assert!(hidden.contains("<privateCustomer>true</privateCustomer>"));
    assert!(write::customer(&private, true).contains("1 Point Road"));
}

fn ticket(messages: write::MessagesView) -> write::TicketView {
    let later = Timestamp::from_millis(samples::REGISTERED_AT.as_millis() + 1000);
    write::TicketView {
        number: "20261122-X3".to_owned(),
        kind: "ASSOCIATIONS_REPORT",
        status: "CLOSED",
        resolution: Some("PROCESSED"),
        created_at: samples::REGISTERED_AT,
        updated_at: later,
        resolved_at: Some(later),
        closed_at: Some(later),
        organization: None,
        messages,
    }
}

fn attachment(bytes: Option<&[u8]>) -> write::AttachmentView {
    write::AttachmentView {
        number: 17,
        file_name: "a&b.zip".to_owned(),
        bytes: bytes.map(<[u8]>::to_vec),
    }
}

const TICKET: &str = "<ticketNo>20261122-X3</ticketNo><createdDate>2026-11-22T09:30:00+00:00</createdDate>\
    <updatedDate>2026-11-22T09:30:01+00:00</updatedDate><resolvedDate>2026-11-22T09:30:01+00:00</resolvedDate>\
    <closedDate>2026-11-22T09:30:01+00:00</closedDate><webTicketType>ASSOCIATIONS_REPORT</webTicketType>\
    <webTicketStatus>CLOSED</webTicketStatus><webTicketResolution>PROCESSED</webTicketResolution>";
const REFERENCES: &str = "<attachmentReferences><attachmentReference><attachmentFilename>a&amp;b.zip</attachmentFilename>\
    <attachmentId>17</attachmentId></attachmentReference></attachmentReferences>";

#[test]
fn a_ticket_has_messages_or_references_or_neither() {
    let summary = write::ticket(&ticket(write::MessagesView::None));
    assert_eq!(inside(&summary, "ticket"), TICKET);
    let empty = write::ticket(&ticket(write::MessagesView::References(Vec::new())));
    assert_eq!(inside(&empty, "ticket"), TICKET);
    let references = write::MessagesView::References(vec![write::ReferenceView {
        message: 41,
        attachments: vec![attachment(None)],
    }]);
    assert_eq!(
        inside(&write::ticket(&ticket(references)), "ticket"),
        format!(
            "<messageReferences><messageReference><messageId>41</messageId>{REFERENCES}\
             </messageReference></messageReferences>{TICKET}"
        )
    );
}

fn message(attachments: Vec<write::AttachmentView>) -> write::MessageView {
    write::MessageView {
        number: 41,
        created_at: samples::REGISTERED_AT,
        subject: "Ready".to_owned(),
        text: vec!["Here it is.".to_owned()],
        category: "NONE",
        attachments,
    }
}

const MESSAGE: &str = "<msg:messageId>41</msg:messageId><msg:createdDate>2026-11-22T09:30:00+00:00</msg:createdDate>\
    <subject>Ready</subject><text><line number=\"1\">Here it is.</line></text><category>NONE</category>";

#[test]
fn a_message_has_bytes_or_references() {
    let by_number = write::message(&message(vec![attachment(None)]));
    assert_eq!(
        inside(&by_number, "message"),
        format!("{MESSAGE}{REFERENCES}")
    );
    let whole = write::MessagesView::Whole(vec![message(vec![attachment(Some(b"zip!"))])]);
    assert_eq!(
        inside(&write::ticket(&ticket(whole)), "ticket"),
        format!(
            "<messages><message>{MESSAGE}<attachments><attachment><data>emlwIQ==</data>\
             <filename>a&amp;b.zip</filename></attachment></attachments></message></messages>{TICKET}"
        )
    );
}

#[test]
fn a_decided_ticket_names_its_organization() {
    let ticket = write::TicketView {
        organization: Some("HEN-1".to_owned()),
        resolved_at: None,
        closed_at: None,
        resolution: None,
        ..ticket(write::MessagesView::None)
    };
    let document = write::ticketed_ticket(&ticket);
    let content = inside(&document, "ticketedRequest");
    assert!(content.contains("<st:orgHandle>HEN-1</st:orgHandle><st:shared>false</st:shared>"));
    assert!(!content.contains("closedDate"));
    assert!(document.contains("xmlns:st=\"http://www.arin.net/regrws/shared-ticket/v1\""));
    assert!(write::tickets(&[ticket]).contains("<collection "));
}

#[test]
fn what_no_document_can_hold_is_replaced() {
    let contact = crate::domain::registry::contacts::Contact {
        last_name: "a\u{0}b\u{FFFE}\u{1b}<".to_owned(),
        ..samples::person()
    };
    let document = write::contact(&contact);
    assert!(document.contains("<lastName>a\u{FFFD}b\u{FFFD}\u{FFFD}&lt;</lastName>"));
}

#[test]
fn what_a_get_returns_can_be_put_back() {
    for present in [samples::person(), samples::role()] {
        let fields = read::contact(write::contact(&present).as_bytes()).unwrap();
        let changed = checks::changed_contact(&fields, &present).unwrap();
        assert_eq!(changed.emails, present.emails);
        assert_eq!(changed.phones, present.phones);
        assert_eq!(changed.comment, present.comment);
        assert_eq!(changed.address, present.address);
        assert_eq!(changed.company_name, present.company_name);
        assert_eq!(
            (changed.first_name, changed.last_name),
            (present.first_name, present.last_name)
        );
    }
    for accepts_reassignments in [true, false] {
        let present = crate::domain::registry::organizations::Organization {
            tax_id: Some("12-345".to_owned()),
            dba_name: Some("Harbor".to_owned()),
            accepts_reassignments,
            ..samples::organization()
        };
        let fields = read::organization(write::organization(&present, true).as_bytes()).unwrap();
        let changed = checks::changed_organization(&fields, &present).unwrap();
        assert_eq!(changed.contacts, present.contacts);
        assert_eq!((changed.tax_id, changed.url), (present.tax_id, present.url));
        assert_eq!(changed.accepts_reassignments, accepts_reassignments);
    }
    let wide = Network {
        range: samples::range("2001:db8::", "2001:db8:2:ffff:ffff:ffff:ffff:ffff"),
        ..samples::network()
    };
    for present in [samples::network(), samples::customers_network(), wide] {
        let fields = read::network(write::network(&present).as_bytes()).unwrap();
        let changed = checks::changed_network(&fields, &present).unwrap();
        assert_eq!(changed.contacts, present.contacts);
        assert_eq!(
            (changed.name, changed.comment),
            (present.name, present.comment)
        );
    }
    for is_private in [true, false] {
        let present = crate::domain::registry::customers::Customer {
            is_private,
            ..samples::customer()
        };
        let fields = read::customer(write::customer(&present, true).as_bytes()).unwrap();
        let changed = checks::changed_customer(&fields, &present).unwrap();
        assert_eq!(
            (changed.name, changed.is_private),
            (present.name, is_private)
        );
        assert_eq!(changed.address, present.address);
    }
}

#[test]
fn an_export_can_be_imported() {
    let mut export = write::Export::begin();
    export.contact(&samples::person());
    let mut document = export.take();
    export.contact(&samples::role());
    export.organization(&samples::organization());
    export.customer(&samples::customer());
    export.network(&samples::network());
    export.network(&samples::customers_network());
    document += &export.end();
    let collection = read::collection(document.as_bytes()).unwrap();
    assert_eq!(collection.contacts.len(), 2);
    for contact in &collection.contacts {
        checks::new_contact(contact).unwrap();
    }
    assert_eq!(collection.organizations[0].handle.as_deref(), Some("HEN-1"));
    checks::new_organization(&collection.organizations[0]).unwrap();
    checks::new_customer(&collection.customers[0]).unwrap();
    for (fields, network) in
        (collection.networks.iter()).zip([samples::network(), samples::customers_network()])
    {
        let imported = checks::imported_network(fields).unwrap();
        assert_eq!(
            (imported.range, imported.kind),
            (network.range, network.kind)
        );
        assert_eq!(
            (imported.holder, imported.contacts),
            (network.holder, network.contacts)
        );
    }
}
