"""Drives keyport's registry with pyregrws, unchanged, as a program written for Reg-RWS would.

usage: registry_client.py BASE_URL KEY CONTACT ORG NET

CONTACT is a contact that the key's account is linked to, and Tech of ORG, which holds NET, 192.0.2.0/24.
"""

import sys

from regrws.api.core import Api
from regrws.models import Customer, Error, Net, Org, Poc
from regrws.models.net import NetBlock
from regrws.models.nested import Iso31661, MultiLineElement, Phone, PhoneType
from regrws.models.tickets import TicketRequest

ADDRESS = {
    "iso3166_1": Iso31661(code2="US"),
    "street_address": [MultiLineElement(number=1, line="1 Quay Street")],
    "city": "Harbor",
    "iso3166_2": "VA",
    "postal_code": "20151",
}


def is_error(answer, code):
    assert isinstance(answer, Error), answer
    assert answer.code == code, (answer.code, answer.message)
    assert answer.message and answer.additional_info[1].startswith("request id: ")
    return answer


def contacts(api, handle):
    mine = api.poc.from_handle(handle.lower())
    assert isinstance(mine, Poc), mine
    assert mine.handle == handle and mine.iso3166_1.name and mine.registration_date
    mine.city = "Port Harbor"
    mine.comment = [MultiLineElement(number=1, line="Day"), MultiLineElement(number=2, line="and <night>")]
    saved = mine.save()
    assert isinstance(saved, Poc), saved
    assert saved.city == "Port Harbor" and [line.line for line in saved.comment] == ["Day", "and <night>"]
    # Made without a link, it cannot be read by its maker.
    made = api.poc.create(
        contact_type="ROLE",
        company_name="Harbor Example Networks",
        last_name="Night Desk",
        emails=["night@example.com", "desk@example.com"],
        phones=[Phone(type=PhoneType(description="Office", code="O"), number="+1.703.555.0101", extension="7")],
        **ADDRESS,
    )
    assert isinstance(made, Poc) and made.handle.startswith("ND"), made
    assert made.emails == ["night@example.com", "desk@example.com"] and made.phones[0].extension == "7"
    is_error(api.poc.from_handle(made.handle), "E_AUTHENTICATION")
    is_error(api.poc.from_handle("XX999-KP"), "E_OBJECT_NOT_FOUND")
    # Still named by the organization.
    is_error(saved.delete(), "E_NOT_REMOVEABLE")


def organizations(api, handle):
    org = api.org.from_handle(handle)
    assert isinstance(org, Org) and org.handle == handle, org
    assert {link.function for link in org.poc_links} >= {"AD", "T", "AB"}
    org.city = "Haven"
    saved = org.save()
    assert isinstance(saved, Org) and saved.city == "Haven", saved
    assert len(saved.poc_links) == len(org.poc_links)
    org.org_name = "Another Name"
    refused = is_error(org.save(), "E_ENTITY_VALIDATION")
    assert [component.name for component in refused.components] == ["orgName"], refused


def networks(api, handle):
    parent = api.net.find_net("192.0.2.0", "192.0.2.255")
    assert isinstance(parent, Net) and parent.handle == handle, parent
    assert str(parent.net_blocks[0].start_address) == "192.0.2.0" and parent.net_blocks[0].cidr_length == 24
    assert api.net.find_parent("192.0.2.64", "192.0.2.127").handle == handle
    customer = api.customer.create_for_net(parent, customer_name="Lighthouse Cafe", private_customer=False, **ADDRESS)
    assert isinstance(customer, Customer) and customer.handle.startswith("C"), customer

    def part(name, start, length, **recipient):
        block = NetBlock(type="S", description="Reassigned", start_address=start, cidr_length=length)
        return Net(version=4, net_name=name, net_blocks=[block], **recipient)

    answer = parent.reassign(part("CAFE", "192.0.2.64", 26, customer_handle=customer.handle))
    assert isinstance(answer, TicketRequest) and answer.ticket is None, answer
    net = api.net.from_handle(answer.net.handle)
    assert isinstance(net, Net) and net.customer_handle == customer.handle, net
    assert net.parent_net_handle == handle and net.net_blocks[0].type == "S"
    net.net_name = "CAFE-2"
    assert net.save().net_name == "CAFE-2"
    # Outside of the parent, and over what was given away.
    for start in ("198.51.100.0", "192.0.2.64"):
        other = api.customer.create_for_net(parent, customer_name="Other", **ADDRESS)
        refused = parent.reassign(part("OTHER", start, 26, customer_handle=other.handle))
        is_error(refused, "E_ENTITY_VALIDATION")
        assert isinstance(other.delete(), Customer)
    is_error(customer.delete(), "E_NOT_REMOVEABLE")
    customer.customer_name = "Lighthouse Cafe and Bar"
    assert customer.save().customer_name == "Lighthouse Cafe and Bar"
    gone = net.delete()
    assert isinstance(gone, TicketRequest) and gone.net.handle == net.handle, gone
    is_error(api.net.from_handle(net.handle), "E_OBJECT_NOT_FOUND")
    assert isinstance(customer.delete(), Customer)
    is_error(api.customer.from_handle(customer.handle), "E_OBJECT_NOT_FOUND")


def main():
    base, key, contact, org, net = sys.argv[1:]
    api = Api(base_url=base, api_key=key)
    contacts(api, contact)
    organizations(api, org)
    networks(api, net)
    stranger = Api(base_url=base, api_key=key[:-1] + ("0" if key[-1] != "0" else "1"))
    is_error(stranger.poc.from_handle(contact), "E_AUTHENTICATION")


main()
