"""Early pipelining as a client (hosts_pipe_connect): what a server offered is remembered, and the next time commands go
out before its greeting has come."""
import re

import pytest
from certificates import Authority
from fake_smtp import DROP, FakeServer
from gatepost import PLAIN, wait_until
from next_hops import RECIPIENT, Exim, start
from queueing import message
from test_handing_on import SECTIONS, wait_for

OPTIONS = "acl_smtp_rcpt = accept\nlog_selector = +pipelining\ntrusted_users = root\n"
CLIENT = """
begin authenticators
login:
  driver = plaintext
  public_name = LOGIN
  client_send = : u : p
plain:
  driver = plaintext
  public_name = PLAIN
  client_send = ^u^p
"""
OFFER = ("SIZE 1000000", "PIPELINING", "PIPECONNECT")
TRANSACTION = ["MAIL FROM:<s@y.test> SIZE=<size>", "RCPT TO:<a@x.test>", "DATA"]


def configure(place, server, options="", authenticators=CLIENT):
    place.configure(OPTIONS, SECTIONS.format(port=server.port, options="  hosts_pipe_connect = *\n" + options)
                    + authenticators)


def deliver(place, *connections, server=None):
    """Hands one message over, which is delivered; returns the field of its delivery line that tells of pipelining.
    connections: all that the server has had by then, which must be these."""
    before = place.log("main").count(" Completed")
    message(place, "-odf", "-f", "s@y.test", "a@x.test")
    wait_for(place, " Completed", before + 1)
    if server:
        wait_until(lambda: all(lines[-1:] == ["END"] for lines in server.connections), "the connections end")
        assert [commands(lines) for lines in server.connections] == list(connections)
    line = [line for line in place.log("main").split("\n") if " => " in line][-1]
    return (re.search(r" (L\*?)(?: K)? C=", line) or [None, None])[1]


def commands(lines):
    return [re.sub("SIZE=.*", "SIZE=<size>", line) for line in lines if not line.startswith(("DATA>", "END", "QUIT"))]


@pytest.mark.parametrize("way", ["clear", "starttls", "on-connect"])
@pytest.mark.parametrize("auth", [None, "PLAIN", "LOGIN"])
def test_commands_go_out_before_the_greeting(place, tmp_path, way, auth):
    certificate = None if way == "clear" else Authority(tmp_path).issue("hop", "/CN=hop.test")
    features = OFFER + ((f"AUTH {auth}",) if auth else ()) + (("STARTTLS",) if way == "starttls" else ())
    login = [("AUTH LOGIN", "334 VXNlcjo="), ("dQ==", "334 UGFzczo="), ("cA==", "235 ok")]
    server = FakeServer(login, features=features, certificate=certificate, on_connect=way == "on-connect", early=[1])
    try:
        configure(place, server, ("  hosts_require_auth = *\n" if auth else "") +
                  ("  protocol = smtps\n" if way == "on-connect" else ""))
        expected = {None: [], "PLAIN": ["AUTH PLAIN AHUAcA=="], "LOGIN": ["AUTH LOGIN", "dQ==", "cA=="]}[auth]
        expected += TRANSACTION
        expected = {"clear": ["EHLO mail.test"], "starttls": ["EHLO mail.test", "STARTTLS", "TLS", "EHLO mail.test"],
                    "on-connect": ["TLS", "EHLO mail.test"]}[way] + expected
        assert deliver(place, expected, server=server) == "L"
        assert deliver(place, expected, expected, server=server) == "L*"
        assert place.log("panic") == ""
    finally:
        server.close()


@pytest.mark.parametrize("why, options, features", [
    ("hosts_pipe_connect", "  hosts_pipe_connect = !*\n", OFFER),
    ("hosts_avoid_pipelining", "  hosts_avoid_pipelining = *\n", OFFER),
    ("not offered", "", OFFER[:2]),
    ("no PIPELINING", "", ("PIPECONNECT",)),
])
def test_not_where_it_is_not_wanted(place, why, options, features):
    server = FakeServer(features=features)
    try:
        configure(place, server)
        if why.startswith("hosts"):  # what is known is not used
            deliver(place)
        place.config.write_text(place.config.read_text().replace("  hosts_pipe_connect = *\n", options or
                                                                 "  hosts_pipe_connect = *\n"))
        before = len(server.connections)
        for _ in range(2):
            assert deliver(place, server=None) in ("L", None)
        assert not any("EARLY" in lines for lines in server.connections[before:])
    finally:
        server.close()


def learn(place, options="", features=OFFER, **arguments):
    """A server that Gatepost knows to take commands early; the connection to come is one where they do."""
    server = FakeServer(features=features, early=[1], **arguments)
    configure(place, server, options)
    deliver(place)
    return server


def test_facility_withdrawn(place):
    """A server that offers the rest as before is still sent the message; the next time its greeting is awaited."""
    server = learn(place)
    try:
        server.features = OFFER[:2]
        expected = ["EHLO mail.test", *TRANSACTION]
        assert deliver(place, expected, expected, server=server) == "L"
        assert deliver(place, *[expected] * 3, server=server) == "L"
    finally:
        server.close()


@pytest.mark.parametrize("features, transaction, field", [
    (("PIPECONNECT", "SIZE 1000000"), TRANSACTION, None),
    (("PIPECONNECT", "PIPELINING"), ["MAIL FROM:<s@y.test>", *TRANSACTION[1:]], "L"),
    (OFFER + ("AUTH LOGIN",), TRANSACTION, "L"),
])
def test_server_offers_something_else(place, features, transaction, field):
    """What was sent may be wrong: the connection is given up, and there is another without sending ahead."""
    server = learn(place, features=OFFER + ("DSN",))
    try:
        server.features = features
        first = ["EHLO mail.test", *TRANSACTION[:1], "RCPT TO:<a@x.test> NOTIFY=SUCCESS", "DATA"]
        assert deliver(place) == field
        wait_until(lambda: all(lines[-1:] == ["END"] for lines in server.connections), "the connections end")
        assert first[0] == server.connections[1][0]
        assert not any(line.startswith("DATA>") for line in server.connections[1])
        assert commands(server.connections[2]) == ["EHLO mail.test", *transaction]
    finally:
        server.close()


def test_new_offer_of_tls_is_taken(place, tmp_path):
    """Nothing more is sent in the clear when a server turns out to have learnt STARTTLS."""
    server = learn(place, features=OFFER + ("AUTH PLAIN",), options="  hosts_require_auth = *\n",
                   certificate=Authority(tmp_path).issue("hop", "/CN=hop.test"))
    try:
        server.features += ("STARTTLS",)
        deliver(place, server=None)
        assert "DATA" not in server.connections[1]
        assert commands(server.connections[2])[:4] == ["EHLO mail.test", "STARTTLS", "TLS", "EHLO mail.test"]
        assert " X=TLS1.3:" in place.log("main")
    finally:
        server.close()


@pytest.mark.parametrize("greeting", [None, "554 SMTP synchronization error", "421 too early", DROP, "what"])
def test_server_that_minds(place, greeting):
    """Whatever becomes of what was sent ahead, the message is delivered at once without."""
    server = learn(place)
    try:
        if greeting is None:
            server.rules = [(re.compile("EHLO"), ["550 no", "250-x\r\n250 PIPECONNECT"])]
        else:
            server.early = []
            put, answers = server.put, [greeting, server.greeting]
            server.put = lambda conn, answer: put(conn, answers.pop(0) if answer is server.greeting else answer)
        assert deliver(place) in ("L", None)
        assert len(server.connections) == 3
        assert not any(line.startswith("DATA>") for line in server.connections[1])
        assert " == " not in place.log("main") and " ** " not in place.log("main")
        assert place.log("main").count(" => ") == 2
    finally:
        server.close()


def test_starttls_refused(place, tmp_path):
    """The message goes in the clear, as it would have without sending ahead."""
    server = learn(place, features=OFFER + ("STARTTLS",), certificate=Authority(tmp_path).issue("hop", "/CN=hop.test"))
    try:
        server.rules = [(re.compile("STARTTLS"), ["454 not now"])]
        deliver(place)
        assert commands(server.connections[1]) == ["EHLO mail.test", "STARTTLS", *TRANSACTION]
    finally:
        server.close()


def test_wrong_password(place):
    """AUTH that was sent ahead and refused: the next mechanism on the same connection, and the greeting is awaited the
    next time."""
    server = learn(place, features=OFFER + ("AUTH PLAIN LOGIN",), options="  hosts_require_auth = *\n")
    try:
        server.rules = [(re.compile("AUTH"), ["535 bad"])]
        message(place, "-odf", "-f", "s@y.test", "a@x.test")
        wait_for(place, " == a@x.test R=on T=on defer", 1)
        assert commands(server.connections[1]) == ["EHLO mail.test", "AUTH LOGIN", "AUTH PLAIN AHUAcA=="]
        log = place.log("main")
        assert log.count(" authenticator failed H=127.0.0.1 [127.0.0.1] 535 bad") == 2
        assert " defer (-42): authentication required but authentication attempt(s) failed" in log
        server.rules = []
        place.run("-qff")
        wait_for(place, " Completed", 2)
        assert "EARLY" not in server.connections[2]
    finally:
        server.close()


def test_callouts_send_ahead(place):
    """A callout makes use of what a delivery found out, and where that is outdated, calls again."""
    server = FakeServer([("RCPT.*no@", "550 unknown")], features=OFFER, early=[1])
    try:
        configure(place, server)
        deliver(place)
        verify = "begin acl\nrcpt:\n  require verify = recipient/callout=10s,no_cache\n  accept\n"
        config = place.config.read_text().replace("acl_smtp_rcpt = accept", "acl_smtp_rcpt = rcpt")
        place.config.write_text(config + verify)

        def ask(name):
            return place.session("HELO x", "MAIL FROM:<s@y.test>", f"RCPT TO:<{name}@x.test>", "QUIT", options=("-bs",))

        assert "\n250 Accepted" in ask("a").replace("\r", "")
        assert commands(server.connections[1]) == ["EHLO mail.test", "MAIL FROM:<>", "RCPT TO:<a@x.test>"]
        server.features = ("SIZE 1000000",)
        assert "\n550" in ask("no").replace("\r", "")
        assert [commands(lines) for lines in server.connections[2:]][1] == ["EHLO mail.test", "MAIL FROM:<>",
                                                                           "RCPT TO:<no@x.test>"]
    finally:
        server.close()


# --- With real programs at both ends

SERVER = """
acl_smtp_rcpt = accept
log_selector = +pipelining
tls_advertise_hosts = *
tls_certificate = {certificate}
tls_privatekey = {key}
pipelining_connect_advertise_hosts = *
"""
BLACKHOLE = "begin routers\nr:\n  driver = redirect\n  data = :blackhole:\n"


def way_options(way):
    return {"clear": "  hosts_avoid_tls = *\n", "starttls": "  hosts_require_tls = *\n"}[way]


@pytest.fixture(name="certificate")
def fixture_certificate(tmp_path):
    certificate = Authority(tmp_path).issue("hop", "/CN=hop.test")
    certificate.with_suffix(".key").chmod(0o644)
    return certificate


@pytest.mark.parametrize("way", ["clear", "starttls"])
@pytest.mark.parametrize("auth", [False, True])
def test_gatepost_to_gatepost(place, certificate, tmp_path, way, auth):
    (tmp_path / "other").mkdir()
    other = type(place)(tmp_path / "other")
    try:
        other.configure(SERVER.format(certificate=certificate, key=certificate.with_suffix(".key")), PLAIN + BLACKHOLE)
        port = other.daemon()
        place.configure(OPTIONS, SECTIONS.format(port=port, options="  hosts_pipe_connect = *\n" + way_options(way) + (
            "  hosts_require_auth = *\n" if auth else "")) + CLIENT.replace("^u^p", "^alice^secret").replace(
                "LOGIN", "NONE"))
        assert [deliver(place) for _ in range(3)] == ["L", "L*", "L*"]
        wait_for(other, " Completed", 3)
        arrivals = [re.search(r" (L\S*) ", line)[1] for line in other.log("main").split("\n") if " <= " in line]
        assert arrivals[0] == "L."
        if way == "starttls":  # else the server may have been quicker with its greeting
            assert arrivals[1:] == ["L*", "L*"]
        assert other.log("reject") == ""
    finally:
        other.stop()


@pytest.mark.parametrize("way", ["clear", "starttls"])
def test_gatepost_to_exim(place, certificate, tmp_path, way):
    (tmp_path / "hop").mkdir()
    hop = start(Exim, tmp_path / "hop", certificate, place.listening)
    try:
        place.configure(OPTIONS, SECTIONS.format(
            port=hop.port, options="  hosts_pipe_connect = *\n  hosts_require_auth = *\n" + way_options(way)) +
            CLIENT.replace("^u^p", "^alice^secret"))
        for count in (1, 2):
            message(place, "-odf", "-f", "s@y.test", RECIPIENT)
            wait_for(place, " Completed", count)
        assert re.findall(r" A=plain (L\*?) K? ?C=", place.log("main")) == ["L", "L*"]
        wait_until(lambda: len(hop.mails()) == 2, "both messages are in the mailbox")
    finally:
        hop.stop()
