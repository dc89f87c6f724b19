"""Asking the DNS: what only a running server shows. (What each record, list and condition gives is compared with the
packaged Exim's in the parity tests.)"""
import re
import struct
import time

import pytest

from dns_server import DnsServer, name_in
from gatepost import Client

ZONES = {
    "test": """
host   A    192.0.2.1
mx     MX   10 host
large  TXT  """ + "\nlarge TXT ".join(f'"{i:03} {"x" * 240}"' for i in range(12)) + """
_client._smtp.yes SRV 1 2 0 host
""",
    "list.test": """
1.0.0.127 A    127.0.0.2
1.0.0.127 TXT  "call us"
9.0.0.127 A    127.0.0.9
""",
    "fails.test": None,
}

DENY_LISTED = """
begin acl
check:
  deny   dnslists = list.test
         message = $sender_host_address is listed at $dnslist_domain: $dnslist_text ($dnslist_value)
  accept
"""


@pytest.fixture(name="dns")
def fixture_dns(place, tmp_path):
    """The place's DNS; the names that are asked for are in dns.asked."""
    place.dns = DnsServer(tmp_path / "dns", ZONES, watch=True)
    return place.dns


def expand(place, *expressions, options=""):
    place.configure(options)
    lines = place.run("-be", stdin="".join(expression + "\n" for expression in expressions)).stdout
    return lines.removeprefix("> ").split("\n> ")[:-1]


# --- DNS lists in a daemon


def test_a_listed_host_is_refused_with_what_the_list_says(place, dns):
    place.configure("acl_smtp_rcpt = check", DENY_LISTED)
    with Client(place.daemon()) as client:
        client.command("EHLO client.test")
        client.command("MAIL FROM:<a@b.test>")
        assert client.command("RCPT TO:<c@d.test>") == "550 127.0.0.1 is listed at list.test: call us (127.0.0.2)"
    place.wait_for_log("H=(client.test) [127.0.0.1] F=<a@b.test> rejected RCPT <c@d.test>: 127.0.0.1 is listed at "
                       "list.test: call us (127.0.0.2)")
    assert set(dns.asked) == {"1.0.0.127.list.test"}


def test_a_host_that_is_not_listed_passes(place, dns):
    place.configure("acl_smtp_rcpt = check", DENY_LISTED)
    with Client(place.daemon(), source="127.0.0.3") as client:
        client.command("EHLO client.test")
        client.command("MAIL FROM:<a@b.test>")
        assert client.command("RCPT TO:<c@d.test>").startswith("250 ")
        assert client.command("RCPT TO:<e@d.test>").startswith("250 ")
    assert dns.asked == ["3.0.0.127.list.test"]     # once for the connection


def test_failures_are_forgotten_with_the_connection(place, dns):
    place.configure("acl_smtp_rcpt = check\ndaemon_spare_workers = 1", DENY_LISTED.replace("list.test", "fails.test"))
    port = place.daemon()
    for connection in (1, 2):
        with Client(port) as client:
            client.command("EHLO client.test")
            client.command("MAIL FROM:<a@b.test>")
            asked = len(dns.asked)
            client.command("RCPT TO:<c@d.test>")
            assert len(dns.asked) > asked, connection
            asked = len(dns.asked)
            client.command("RCPT TO:<e@d.test>")
            assert len(dns.asked) == asked, connection
    assert "DNS list lookup defer (probably timeout) for 1.0.0.127.fails.test: assumed not in list" in place.log("main")


# --- The resolver


def test_names_that_do_not_exist_are_asked_for_once(place, dns):
    lookup = "${lookup dnsdb{a=nosuch.test}{found}{none}}"
    assert expand(place, lookup, lookup.replace("a=", "defer_strict,a="), lookup.replace("a=", "mx=")) == ["none"] * 3
    assert dns.asked == ["nosuch.test", "nosuch.test"]  # an A and an MX record


def test_results_are_kept(place, dns):
    assert expand(place, "${lookup dnsdb{a=host.test}}", "${lookup dnsdb{a=host.test}}") == ["192.0.2.1"] * 2
    assert dns.asked == ["host.test"]


def test_answers_that_do_not_fit_come_by_tcp(place, tmp_path):
    place.dns = DnsServer(tmp_path / "dns", ZONES)
    answer = expand(place, "${lookup dnsdb{>|; txt=large.test}}")[0]
    assert sorted(text[:4] for text in answer.split("|")) == [f"{i:03} " for i in range(12)]


def test_a_changed_resolv_conf_is_read(place, dns, tmp_path):
    place.configure("acl_smtp_mail = ${lookup dnsdb{a=host.test}{accept}{deny}}\ndaemon_spare_workers = 1")
    with DnsServer(tmp_path / "other", {"test": "other A 192.0.2.2\n"}) as other:
        port = place.daemon()
        with Client(port) as client:
            client.command("EHLO client.test")
            assert client.command("MAIL FROM:<a@b.test>").startswith("250 ")
        dns.files["/etc/resolv.conf"].write_text(f"nameserver {other.address}\n")
        with Client(port) as client:
            client.command("EHLO client.test")
            assert client.command("MAIL FROM:<a@b.test>").startswith("550 ")


def test_a_silent_server_is_given_up(place, tmp_path):
    place.dns = DnsServer(tmp_path / "dns", ZONES, silent=["test"])
    assert expand(place, "${lookup dnsdb{retrans_1s,retry_1,a=host.test}}",
                  "${lookup dnsdb{retrans_1s,retry_1,defer_never,a=host.test}{found}{none}}") == [
        'Failed: lookup of "retrans_1s,retry_1,a=host.test" gave DEFER: ', "none"]
    assert place.dns.asked == ["host.test"]


def test_the_time_out_is_the_configured_one(place, tmp_path):
    place.dns = DnsServer(tmp_path / "dns", ZONES, silent=["test"])
    expand(place, "${lookup dnsdb{defer_never,a=host.test}{found}{none}}", options="dns_retrans = 1s\ndns_retry = 2")
    assert place.dns.asked == ["host.test"] * 2


def test_slow_lookups_are_logged(place, dns):
    answer = dns.as_validated

    def late(question, given):
        time.sleep(0.1)
        return answer(question, given)

    dns.as_validated = late
    place.configure("acl_smtp_mail = check\nslow_lookup_log = 50", "begin acl\ncheck:\n  accept verify = helo\n")
    place.run("-bs", "-oMa", "192.0.2.9", stdin="EHLO host.test\r\nMAIL FROM:<a@b.test>\r\nQUIT\r\n")
    assert re.search(r" Long AAAA lookup for 'host\.test': \d{3,} msec\n", place.log("main"))
    assert re.search(r" Long A lookup for 'host\.test': \d{3,} msec\n", place.log("main"))


def test_the_search_list_is_not_used_for_lookups(place, tmp_path):
    place.dns = DnsServer(tmp_path / "dns", ZONES, watch=True, search="test")
    assert expand(place, "${lookup dnsdb{defer_never,a=host}{found}{none}}") == ["none"]
    assert set(place.dns.asked) == {"host"}


# --- Servers that lie


def lie(place, path, answer):
    """Answers every question in the place's DNS with what `answer` makes of it."""
    place.dns = DnsServer(path, {"unused.test": ""}, watch=True)
    place.dns.as_validated = lambda question, _: answer(question)


def reply(question, code, answers, records):
    """A reply with the question in it; without the OPT record that may be behind that."""
    end = 12 + len(name_in(question)) + 2 + 4
    return question[:2] + struct.pack(">5H", 0x8180 | code, 1, answers, 0, 0) + question[12:end] + records


def record(kind, data, length=None):
    """A record of the name in the question."""
    return b"\xc0\x0c" + struct.pack(">2HIH", kind, 1, 1, len(data) if length is None else length) + data


A, PTR = 1, 12
ADDRESS = b"\x7f\0\0\1"
ANSWERS = {
    "nothing": lambda question: b"",
    "half a header": lambda question: question[:6],
    "no question": lambda question: question[:2] + struct.pack(">5H", 0x8180, 0, 0, 0, 0),
    "more answers than there are": lambda question: reply(question, 0, 9, record(A, ADDRESS)),
    "a name that points at itself": lambda question: reply(question, 0, 1, b"\xc0\x1b" + record(A, ADDRESS)[2:]),
    "a name that points behind the end": lambda question: reply(question, 0, 1, b"\xff\xff" + record(A, ADDRESS)[2:]),
    "a length behind the end": lambda question: reply(question, 0, 1, record(A, ADDRESS, 65535)),
    "a short address": lambda question: reply(question, 0, 1, record(A, ADDRESS[:3])),
    "refused": lambda question: reply(question, 5, 0, b""),
    "not implemented": lambda question: reply(question, 4, 0, b""),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_malformed_answer_is_a_temporary_failure(place, tmp_path, name):
    lie(place, tmp_path / "dns", ANSWERS[name])
    assert expand(place, "${lookup dnsdb{retrans_1s,retry_1,a=host.test}{$value}{none}}") == [
        'Failed: lookup of "retrans_1s,retry_1,a=host.test" gave DEFER: ']


def test_a_well_formed_answer_is_believed(place, tmp_path):
    lie(place, tmp_path / "dns", lambda question: reply(question, 0, 1, record(A, ADDRESS)))
    assert expand(place, "${lookup dnsdb{a=host.test}{$value}{none}}") == ["127.0.0.1"]


def test_control_characters_in_names_do_not_reach_the_log(place, tmp_path):
    name = b"\x08a\nb\r\0c\x1bd\4test\0"
    lie(place, tmp_path / "dns", lambda question: reply(question, 0, 1, record(PTR, name)))
    place.configure("acl_smtp_mail = check\nhost_lookup = *",
                    "begin acl\ncheck:\n  warn logwrite = name ${lookup dnsdb{ptr=192.0.2.1}}\n  accept\n")
    place.run("-bs", "-oMa", "192.0.2.1", stdin="EHLO x\r\nMAIL FROM:<a@b.test>\r\nQUIT\r\n")
    log = place.log("main")
    assert r"name a\010b\013\000c\027d.test" in log
    for line in log.split("\n"):
        assert line.isprintable(), repr(line)
