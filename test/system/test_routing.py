"""Routing as a whole program does it: rights under which files are read and commands run, exit codes, what a daemon
verifies and rewrites. What addresses are routed to is compared with the packaged Exim's by the parity tests."""
import os
import pwd
import stat

import pytest

from gatepost import Client

ROOT = pytest.mark.skipif(os.getuid() != 0, reason="only root can take on a user's rights")

TRANSPORTS = """
begin transports
local:
  driver = appendfile
  file = /dev/null
remote:
  driver = smtp
"""

USERS = """
begin routers
forward:
  driver = redirect
  domains = forward.test
  data = z@end.test
file:
  driver = redirect
  domains = file.test
  user = nobody
  group = nogroup
  file = {path}/private
  owners = nobody
program:
  driver = queryprogram
  domains = program.test
  command = {path}/program
  command_user = nobody
  command_group = nogroup
  current_directory = /tmp
end:
  driver = accept
  domains = end.test
  transport = local
"""


def routed(place, *arguments, code=0):
    return place.run(*arguments, code=code).stdout


@ROOT
def test_files_are_read_with_the_rights_of_the_user(place):
    """Not even root's process sees more than the user does whom a router names."""
    private = place.path / "private"
    private.write_text("z@end.test\n")
    nobody = pwd.getpwnam("nobody")
    place.configure("", USERS.format(path=place.path) + TRANSPORTS)
    private.chmod(0o600)
    assert f"failed to open {private}: Permission denied" in routed(place, "-bt", "a@file.test", code=1)
    os.chown(private, nobody.pw_uid, nobody.pw_gid)
    assert routed(place, "-bt", "a@file.test") == \
        "z@end.test\n    <-- a@file.test\n  router = end, transport = local\n"
    os.chown(private, 0, 0)
    private.chmod(0o644)
    assert f"bad owner for {private}" in routed(place, "-bt", "a@file.test", code=1)
    private.chmod(0o666)
    assert f"bad mode (0100666) for {private}: 022 bit(s) unexpected" in routed(place, "-bt", "a@file.test", code=1)


@ROOT
def test_programs_run_as_the_user_that_is_named(place):
    program = place.path / "program"
    program.write_text("#!/bin/sh\necho fail `id -u` `id -g` `id -G` `pwd` `env | sed '/^PWD=/d' | wc -l` \"$*\"\n")
    program.chmod(0o755)
    nobody = pwd.getpwnam("nobody")
    place.configure("", USERS.format(path=place.path) + TRANSPORTS)
    assert routed(place, "-bt", "a@program.test", code=2) == \
        f"a@program.test is undeliverable: {nobody.pw_uid} {nobody.pw_gid} {nobody.pw_gid} /tmp 0\n"


def test_filters_are_deferred(place):
    """Mail is not delivered as if a filter were not there."""
    place.configure("", """
begin routers
filter:
  driver = redirect
  allow_filter
  user = nobody
  skip_syntax_errors
  data = #$local_part filter\\nz@end.test
""" + TRANSPORTS)
    for kind in "Exim", "Sieve":
        assert routed(place, "-bt", f"{kind}@x.test", code=1) == \
            f"{kind}@x.test cannot be resolved at this time: error in filter data: {kind} filters are known to " \
            "Exim but not supported by gatepost\n"


def test_exit_codes(place):
    place.configure("", """
begin routers
fail:
  driver = redirect
  domains = fail.test
  allow_fail
  data = :fail: no
defer:
  driver = redirect
  domains = defer.test
  allow_defer
  data = :defer: later
good:
  driver = accept
  domains = good.test
  transport = local
""" + TRANSPORTS)
    for mode in "-bt", "-bv", "-bvs":
        assert [place.run(mode, *addresses, code=None).returncode for addresses in (
            ["a@good.test"], ["a@defer.test"], ["a@fail.test"], ["a@fail.test", "a@good.test", "a@defer.test"],
            ["a@defer.test", "a@good.test"], ["a@@b"])] == [0, 1, 2, 2, 1, 2]


def test_a_daemon_verifies_and_rewrites(place):
    """The sender once for a message, however often it is asked for; MAIL and RCPT before anything else."""
    place.configure("acl_smtp_rcpt = rcpt\nlog_selector = +address_rewrite\n", """
begin acl
rcpt:
  deny !verify = sender
  require verify = recipient
  accept message = <$acl_m_x>
begin rewrite
\\N^<?([^!@]+)!([^>]+)>?$\\N $2@$1.test S
*@old.test $1@new.test
begin routers
gone:
  driver = redirect
  domains = gone.test
  allow_fail
  data = :fail: 551 5.1.6 $local_part has moved
new:
  driver = accept
  domains = new.test
  transport = local
""" + TRANSPORTS)
    with Client(place.daemon()) as client:
        client.command("EHLO client.test")
        assert client.command("MAIL FROM:<s@nowhere.test>").startswith("250")
        assert client.command("RCPT TO:<a@new.test>") == \
            "550-Verification failed for <s@nowhere.test>\n550-Unrouteable address\n550 Sender verify failed"
        assert client.command("RCPT TO:<b@new.test>") == "550 Sender verify failed"
        client.command("RSET")
        client.command("MAIL FROM:<new!s>")
        assert client.command("RCPT TO:<a@old.test>").startswith("250")
        assert client.command("RCPT TO:<a@gone.test>") == "551 5.1.6 a has moved"
        assert client.command("RCPT TO:<gone!b>") == "551 5.1.6 b has moved"
        assert client.command("RCPT TO:<a@nowhere.test>") == "550 Unrouteable address"
    place.wait_for_log("rejected RCPT <a@nowhere.test>")
    log = place.log("main")
    assert log.count("sender verify fail for <s@nowhere.test>: Unrouteable address") == 1
    assert "F=<s@new.test> rejected RCPT <a@gone.test>: 551 5.1.6 a has moved" in log
    assert '"a@old.test" from env-to rewritten as "a@new.test" by rule 2' in log


def test_messages_are_rewritten(place):
    """Envelope and header lines, with what they were kept beside them."""
    place.configure("acl_smtp_rcpt = accept\nqueue_only\n", """
begin rewrite
*@old.test $1@new.test
begin routers
all:
  driver = accept
  transport = local
""" + TRANSPORTS)
    with Client(place.daemon()) as client:
        client.command("EHLO client.test")
        client.command("MAIL FROM:<s@old.test>")
        client.command("RCPT TO:<r@old.test>")
        client.command("DATA")
        client.send(b"From: S <s@old.test>\r\nTo: r@old.test (R), x@other.test\r\nX-To: r@old.test\r\n\r\nr@old.test\r\n")
        assert client.command(".").startswith("250 OK id=")
    headers, = (place.path / "spool/input").glob("*-H")
    assert stat.S_IMODE(headers.stat().st_mode) & 0o007 == 0
    text = headers.read_text()
    assert "\n<s@new.test>\n" in text and "\nr@new.test\n" in text
    for line in ("F From: S <s@new.test>", "T To: r@new.test (R), x@other.test", "* From: S <s@old.test>",
                 "  X-To: r@old.test", "* X-rewrote-sender: s@old.test",
                 "* X-rewrote-original-recipient: r@old.test"):
        assert line + "\n" in text
    body, = (place.path / "spool/input").glob("*-D")
    assert body.read_text().endswith("r@old.test\n")
