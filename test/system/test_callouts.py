"""Callouts: asking the hosts that an address goes to whether they would take mail for it."""
import pytest

from fake_smtp import DROP, FakeServer
from gatepost import free_port

CONFIG = """
acl_smtp_rcpt = check
qualify_domain = q.test
"""

SECTIONS = """
begin acl
check:
  require verify = %s
  accept logwrite = failure=$sender_verify_failure/$recipient_verify_failure
begin routers
out:
  driver = manualroute
  route_list = * 127.0.0.1 byname
  self = send
  transport = out
begin transports
out:
  driver = smtp
  port = %d
"""


class Asking:
    """A place whose ACL verifies recipients by calling a scripted server."""

    def __init__(self, place):
        self.place = place
        self.server = None

    def serve(self, verify, rules=(), **more):
        self.server = FakeServer(rules, **more)
        self.place.configure(CONFIG, SECTIONS % (verify, self.server.port))

    def ask(self, sender="s@from.test", option="-bhc"):
        """The reply to RCPT, and the log lines of the test session."""
        run = self.place.run(option, "192.0.2.1", stdin=f"EHLO x.test\r\nMAIL FROM:<{sender}>\r\n"
                             "RCPT TO:<r@to.test>\r\nQUIT\r\n")
        replies = run.stdout.split("\r\n")
        begin = replies.index("250 OK") + 1
        return replies[begin:-2], [line[5:] for line in run.stderr.split("\n") if line.startswith("LOG: ")]

    def sent(self):
        return [[line for line in lines if line not in ("EHLO mail.test", "QUIT", "END")]
                for lines in self.server.connections]


@pytest.fixture(name="asking")
def fixture_asking(place):
    asking = Asking(place)
    yield asking
    if asking.server:
        asking.server.close()


def test_what_a_host_says_is_remembered(asking):
    asking.serve("recipient/callout=5s")
    for _ in range(2):
        assert asking.ask()[0] == ["250 Accepted"]
    assert asking.sent() == [["MAIL FROM:<>", "RCPT TO:<r@to.test>"]]


def test_recipients_refused(asking):
    asking.serve("recipient/callout=5s", [("RCPT", "550-no\r\n550 such")])
    replies, log = asking.ask()
    assert replies == ["550-Callout verification failed:", "550-550-no", "550 550 such"]
    assert log[-1].endswith("rejected RCPT <r@to.test>: 127.0.0.1 [127.0.0.1] : SMTP error from remote mail server "
                            "after RCPT TO:<r@to.test>: 550-no\\n550 such")
    assert asking.ask()[0] == ["550 Previous (cached) callout verification failure"]
    assert len(asking.sent()) == 1


def test_senders_refused(asking):
    asking.serve("sender/callout=5s", [("RCPT", "550 no such")])
    replies, log = asking.ask()
    assert replies == ["550-Verification failed for <s@from.test>", "550-Called:   127.0.0.1",
                       "550-Sent:     RCPT TO:<s@from.test>", "550-Response: 550 no such", "550 Sender verify failed"]
    assert "sender verify fail for <s@from.test>: 127.0.0.1 [127.0.0.1] : SMTP error" in log[-2]
    assert asking.ask()[0][1] == "550-Previous (cached) callout verification failure"


def test_hosts_that_refuse_bounces(asking):
    asking.serve("sender/callout=5s", [("MAIL", "550 no bounces")])
    assert asking.ask()[0][:4] == ["550-Callback setup failed while verifying <s@from.test>", "550-Called:   127.0.0.1",
                                   "550-Sent:     MAIL FROM:<>", "550-Response: 550 no bounces"]
    assert asking.ask("other@from.test")[0][1] == "550-(result of an earlier callout reused)."
    assert len(asking.sent()) == 1


@pytest.mark.parametrize("rules", [[("RCPT", "450 later")], [("RCPT", DROP)], [("MAIL", "451 later")],
                                   [("EHLO|HELO", "421 no")]])
def test_what_is_temporary(asking, rules):
    asking.serve("recipient/callout=5s", rules)
    replies, log = asking.ask()
    assert replies == ["451 Could not complete recipient verify callout"]
    assert "Could not complete recipient verify callout: 127.0.0.1 [127.0.0.1] : " in log[-1]
    asking.ask()
    assert len(asking.sent()) == 2, "nothing is remembered"


def test_nobody_answers(asking):
    for verify, reply in (("recipient/callout=5s", "451 Could not complete recipient verify callout"),
                          ("sender/callout=5s", "451 Could not complete sender verify callout"),
                          ("recipient/callout=5s,defer_ok", "250 Accepted")):
        asking.place.configure(CONFIG, SECTIONS % (verify, free_port()))
        assert asking.ask()[0] == [reply]


def test_random_local_parts(asking):
    asking.serve("recipient/callout=5s,random")
    for _ in range(2):
        replies, log = asking.ask()
        assert replies == ["250 Accepted"] and log[-1] == "failure=/random"
    assert len(asking.sent()) == 1 and "-testing@to.test>" in asking.sent()[0][1]
    asking.server.close()
    asking.serve("recipient/callout=5s,random,no_cache", [("RCPT.*-testing@", "550 no")])
    assert asking.ask()[0] == ["250 Accepted"]
    assert asking.sent()[0][2:] == ["RSET", "MAIL FROM:<>", "RCPT TO:<r@to.test>"]


def test_postmasters(asking):
    asking.serve("sender/callout=5s,postmaster_mailfrom=p@q.test", [("RCPT.*postmaster", "550 no")])
    assert asking.ask()[0][:3] == ["550-Postmaster verification failed while checking <s@from.test>",
                                   "550-Called:   127.0.0.1", "550-Sent:     RCPT TO:<postmaster@from.test>"]
    assert asking.sent()[0][2:] == ["RSET", "MAIL FROM:<p@q.test>", "RCPT TO:<postmaster@from.test>"]
    assert asking.ask()[0][1] == "550-(result of earlier verification reused)."
    asking.server.close()
    asking.serve("sender/callout=5s,no_cache,fullpostmaster", [("RCPT.*postmaster@", "550 no")])
    assert asking.ask()[0] == ["250 Accepted"]
    assert asking.sent()[0][-1] == "RCPT TO:<postmaster>"


def test_senders_of_callouts(asking):
    for option, sender in (("use_sender", "s@from.test"), ("use_postmaster", "postmaster@q.test")):
        asking.serve(f"recipient/callout=5s,no_cache,{option}")
        assert asking.ask()[0] == ["250 Accepted"]
        assert asking.sent() == [[f"MAIL FROM:<{sender}>", "RCPT TO:<r@to.test>"]]
        asking.server.close()


def test_test_sessions_bother_nobody(asking):
    asking.serve("recipient/callout=5s", [("RCPT", "550 no")])
    assert asking.ask(option="-bh")[0] == ["250 Accepted"]
    assert not asking.sent()
