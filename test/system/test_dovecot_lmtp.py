"""The lmtp transport hands mail to Dovecot over its UNIX socket, to be put into mailboxes."""
import os
import shutil

import pytest

from dovecot_server import PROGRAM, DovecotServer
from open_directory import open_to_all

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not PROGRAM, reason="Dovecot (dovecot-lmtpd) runs as root")

# Those who have a password have a mailbox.
LMTP = """
protocols = lmtp
auth_username_format = %n
mail_location = maildir:PLACE/mail/%n
postmaster_address = postmaster@b.test
service lmtp {
  unix_listener lmtp {
    mode = 0666
  }
}
"""

SECTIONS = """
begin routers
all:
  driver = accept
  transport = dovecot
begin transports
dovecot:
  driver = lmtp
  socket = SOCKET
  user = nobody
  batch_max = 20
begin retry
* * F,1h,10m
"""


@pytest.fixture(name="dovecot", scope="module")
def fixture_dovecot(tmp_path_factory):
    path = open_to_all(tmp_path_factory.mktemp("dovecot")) / "server"
    server = DovecotServer(path, LMTP)
    (path / "mail").mkdir()
    shutil.chown(path / "mail", "nobody")
    yield server
    server.stop()


def submit(place, dovecot, *recipients):
    """Hands in a message; returns the log once it has been delivered as far as it can be."""
    place.configure("acl_smtp_rcpt = accept\nlog_selector = +smtp_confirmation\n",
                    SECTIONS.replace("SOCKET", str(dovecot.socket.with_name("lmtp"))))
    place.run("-odf", "-i", "-f", "s@a.test", *recipients, stdin=f"Subject: {place.path.name}\n\nHello\n..\n")
    return place.log("main")


def delivered(dovecot, place, user):
    """The message of this test in the mailbox."""
    texts = [path.read_text() for path in dovecot.path.glob(f"mail/{user}/new/*")]
    return [text for text in texts if f"Subject: {place.path.name}\n" in text]


def test_two_mailboxes(place, dovecot):
    log = submit(place, dovecot, "alice@b.test", "bob@b.test")
    assert ' => alice <alice@b.test> R=all T=dovecot C="250 2.0.0 <alice@b.test> ' in log
    assert ' -> bob <bob@b.test> R=all T=dovecot C="250 2.0.0 <bob@b.test> ' in log
    assert " Completed\n" in log
    for user in ("alice", "bob"):
        (text,) = delivered(dovecot, place, user)
        assert text.endswith("\n\nHello\n..\n")
        assert text.startswith("Return-Path: <s@a.test>\n") and "\n\tby " in text and " with LMTP\n" in text


def test_a_mailbox_that_is_not_there(place, dovecot):
    log = submit(place, dovecot, "alice@b.test", "carol@b.test")
    assert " => alice <alice@b.test> R=all T=dovecot " in log
    assert ("** carol@b.test R=all T=dovecot: LMTP error after RCPT TO:<carol@b.test>: "
            "550 5.1.1 <carol@b.test> User doesn't exist: carol@b.test") in log
    assert len(delivered(dovecot, place, "alice")) == 1
    assert not delivered(dovecot, place, "carol")


def test_no_server(place, dovecot, tmp_path):
    place.configure("acl_smtp_rcpt = accept\n", SECTIONS.replace("SOCKET", str(tmp_path / "nobody")))
    place.run("-odf", "alice@b.test", stdin="Subject: x\n\n")
    assert (f"== alice@b.test R=all T=dovecot defer (-1): Failed to connect to socket {tmp_path}/nobody for dovecot transport: "
            "No such file or directory") in place.log("main")
    assert not delivered(dovecot, place, "alice")
