"""Batched SMTP on the packaged Exim and on Gatepost: what is taken, how an error is told, and the exit code."""
import pytest

from test_submissions import MAIN, assert_same

OPTIONS = "acl_smtp_rcpt = deny\nrecipients_max = 2"
OK = "MAIL FROM:<a@b.test>\nRCPT TO:<x@y.test>\nDATA\nSubject: ok\n\nbody\n.\n"
DENIED = OK.replace("ok\n", "deny\n")

BATCHES = {
    "empty": "",
    "two": OK + OK,
    "crlf": OK.replace("\n", "\r\n"),
    "dots": OK.replace("body\n", "..a\n.b\n...\n"),
    "behind-quit": OK + "QUIT\nnonsense\n",
    "without-domains": "MAIL FROM:<a>\nRCPT TO:b\nDATA\nTo: b\n\nx\n.\n",
    "null-sender": OK.replace("a@b.test", ""),
    "without-effect": "EHLO foo.test\nNOOP x\nVRFY x\nEXPN y\nHELP\nETRN z\nRSET\n" + OK,
    "bad-hello": "HELO x y\nEHLO\n" + OK,
    "denied": DENIED,
    "denied-behind-one": OK + DENIED + OK,
    "ends-in-a-transaction": "MAIL FROM:<a@b.test>\nRCPT TO:<x@y.test>\n",
    "ends-in-a-message": "MAIL FROM:<a@b.test>\nRCPT TO:<x@y.test>\nDATA\nSubject: ok\n\nbody\n",
    "bad-sender": "MAIL FROM:<a@@b>\n",
    "no-sender": "MAIL FROM:\n",
    "parameter": "EHLO x\nMAIL FROM:<a@b> SIZE=100\n",
    "sender-twice": "MAIL FROM:<a@b>\nMAIL FROM:<a@b>\n",
    "bad-recipient": OK + "MAIL FROM:<a@b>\nRCPT TO:<x y@z>\n",
    "recipient-first": "RCPT TO:<x@y>\n",
    "no-recipient": "MAIL FROM:<a@b.test>\nDATA\n",
    "too-many-recipients": "MAIL FROM:<a@b>\n" + "RCPT TO:<x@y>\n" * 3,
    "data-first": "DATA\n",
    "unknown": OK + "RSET\nMAIL FROM:<a@b>\nFOO bar\n" + OK,
    "blank": "\n" + OK,
    "starttls": "EHLO x\nSTARTTLS\n",
    "chunks": "EHLO x\nMAIL FROM:<a@b>\nRCPT TO:<x@y>\nBDAT 4 LAST\na:b\n",
}


@pytest.mark.parametrize("name", BATCHES)
def test_batches(reference, candidate, tmp_path, name):
    assert_same(reference, candidate, tmp_path, ["-bS"], BATCHES[name], OPTIONS, main=MAIN)
