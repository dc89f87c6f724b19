"""control = submission on the packaged Exim and on Gatepost: the header lines and senders of many messages, with every
option, from clients that have authenticated, that have not, and from this machine."""
import re

import pytest

from open_directory import open_to_all
from test_submissions import play

MAIN = """
spool_directory = {place}/spool
log_file_path = {place}/log/%slog
primary_hostname = mail.test
qualify_domain = b.test
exim_user = Debian-exim
exim_group = Debian-exim
keep_environment =
queue_only
tls_advertise_hosts =
received_header_text = Received: by x
acl_smtp_rcpt = accept
acl_smtp_mail = mail
begin acl
mail:
  accept control = submission{options}
"""
HEADERS = [
    "Subject: x\n", "From: other@z.test\n", "From: alice@b.test\n", "From: alice@d.test\nSender: x@z.test\n",
    "From: a@z.test, alice@b.test\n", "From: Alice <ALICE@b.test>\nSender: alice@b.test\nDate: x\nMessage-ID: <1@2>\n",
    "From: alice\nTo: bob\n", "Resent-From: r@z.test\nFrom: o@z.test\n",
    "Resent-To: r@z.test\nFrom: o@z.test\nSender: s@z.test\nResent-Sender: q@z.test\n", "From:\n", "From: bad bad\n",
    "Resent-Date: x\n", "From: =?UTF-8?Q?=C3=A9?= <alice@b.test>\nCc: x\n",
]
WHO = {
    "authenticated": ["-oMa", "192.0.2.1.4567", "-oMaa", "plain", "-oMai", "alice"],
    "stranger": ["-oMa", "192.0.2.1.4567"],
    "local": [],
}


def session(senders):
    """Every message from each of the senders."""
    lines = ["EHLO client.test"]
    for sender in senders:
        for headers in HEADERS:
            lines += [f"MAIL FROM:<{sender}>", "RCPT TO:<c@d.test>", "DATA", *headers.split("\n"), "body", "."]
    return "\r\n".join(lines + ["QUIT", ""])


def envelopes(*arguments, **more):
    """What the spool has, a string for each message without what a session leaves, and the log."""
    text = "\n".join(play(*arguments, **more))
    return [re.sub(r"^-.*\n", "", envelope, flags=re.M) for envelope in re.split(r"^== .*-[HD]\n", text.split("stdout")[0],
                                                                                 flags=re.M)[1:]], re.findall("TIME .*", text)


@pytest.mark.parametrize("options", ["", "/domain=d.test", "/domain=", "/name=Al I. Ce", "/sender_retain",
                                     "/sender_retain/domain=d.test/name=Jos\u00e9"])
@pytest.mark.parametrize("who", WHO)
def test_submission_mode(reference, candidate, tmp_path, who, options):
    open_to_all(tmp_path)
    story = (["-bs", *WHO[who]], session(["e@z.test", "", "alice@b.test"]), options)
    expected = envelopes(reference, tmp_path / "reference", *story, main=MAIN)
    got = envelopes(candidate, tmp_path / "candidate", *story, main=MAIN)
    assert len(expected[0]) == 2 * 3 * len(HEADERS)
    assert got == expected
