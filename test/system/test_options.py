"""Main options: none is ignored, and what those do that need a process of their own."""
import os
import re
import subprocess

import pytest

from gatepost import DEADLINE, LocalClient, TOP, wait_until

# Options that there is nothing to do for: a no-op in Exim too, and ident calls, which
# rfc1413_query_timeout (that cannot be set to anything but its default, none) switches off.
WITHOUT_EFFECT = {"drop_cr", "rfc1413_hosts"}

NOBODY = 65534


def test_no_option_in_use_is_ignored():
    """Every row that says USED has a reader outside the table."""
    table = (TOP / "src" / "config" / "main_options.def").read_text()
    used = set(re.findall(r"^USED\((\w+)", table, flags=re.M))
    code = "".join(path.read_text() for path in (TOP / "src").rglob("*.[ch]"))
    unread = {name for name in used if not re.search(rf"(?:->|\.|, |ROW\(){name}\b", code)}
    assert "primary_hostname" in used
    assert unread == WITHOUT_EFFECT


def test_every_option_in_use_is_in_a_manual_page():
    table = (TOP / "src" / "config" / "main_options.def").read_text()
    used = re.findall(r"^USED\((\w+)", table, flags=re.M)
    pages = "".join(path.read_text() for path in (TOP / "doc").glob("*.[1-9]") if path.name != "gatepost-differences.7")
    assert [name for name in used if not re.search(rf"(?<![\w-]){name}(?!\w)", pages)] == []


@pytest.mark.skipif(os.getuid() != 0, reason="becomes somebody else")
@pytest.mark.parametrize("arguments", [["-be", "x"], ["-bh", "192.0.2.1"]])
def test_checks_can_require_an_administrator(place, arguments):
    place.configure("commandline_checks_require_admin")
    place.run(*arguments)

    def as_nobody():
        return subprocess.run(place.command(*arguments), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              user=NOBODY, group=NOBODY, extra_groups=[], timeout=DEADLINE, check=False)

    refused = as_nobody()
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr == "exim: those command-line flags are set to require admin\n"
    place.configure(f"commandline_checks_require_admin\nadmin_groups = {NOBODY}")
    assert as_nobody().returncode == 0


def etrn(place, serialize):
    """A session whose ETRN runs a command that lives until the file "end" is there."""
    command = place.path / "command"
    command.write_text(f"#!/bin/sh\necho begun >>{place.path}/told\n"
                       f"while [ ! -e {place.path}/end ]; do sleep 0.02; done\necho ended >>{place.path}/told\n")
    command.chmod(0o755)
    place.configure(f"acl_smtp_etrn = accept\nsmtp_etrn_command = {command}\n{serialize}")
    (place.path / "told").touch()
    (place.path / "told").chmod(0o666)
    return LocalClient(place.command("-bs", "-oMa", "192.0.2.1"))


def told(place, word):
    return (place.path / "told").read_text().split().count(word)


def test_etrn_runs_one_command_for_an_argument(place):
    with etrn(place, "") as client:
        client.command("EHLO client.test")
        assert client.command("ETRN #x") == "250 OK"
        assert client.command("ETRN #x") == "458 Already processing #x"
        assert client.command("ETRN #y") == "250 OK"
        with LocalClient(place.command("-bs", "-oMa", "192.0.2.2")) as other:
            other.command("EHLO client.test")
            assert other.command("ETRN #x") == "458 Already processing #x"
            other.command("QUIT")
        wait_until(lambda: told(place, "begun") == 2, "the commands begin")
        (place.path / "end").touch()
        wait_until(lambda: told(place, "ended") == 2, "the commands end")
        # The lock goes with the process, a moment after its last words.
        wait_until(lambda: client.command("ETRN #x") == "250 OK", "#x can be processed again")
        client.command("QUIT")


def test_etrn_need_not_be_serialized(place):
    with etrn(place, "no_smtp_etrn_serialize\nsmtp_max_synprot_errors = 100") as client:
        client.command("EHLO client.test")
        assert client.command("ETRN #x") == "250 OK"
        assert client.command("ETRN #x") == "250 OK"
        wait_until(lambda: told(place, "begun") == 2, "both commands begin")
        (place.path / "end").touch()
        wait_until(lambda: told(place, "ended") == 2, "both commands end")
        client.command("QUIT")


def test_etrn_that_cannot_be_serialized_is_refused(place):
    client = etrn(place, "")
    (place.path / "spool" / "db").write_text("no directory")
    with client:
        client.command("EHLO client.test")
        assert client.command("ETRN #x") == "458 Internal failure"
        client.command("QUIT")
    assert f"failed to lock ETRN in {place.path}/spool/db: Not a directory" in place.log("panic")
    assert told(place, "begun") == 0


def test_protocol_for_expansions(place):
    assert place.run("-oMr", "lmtp", "-be", "$received_protocol").stdout == "lmtp\n"


@pytest.mark.parametrize("options,name", [
    ("", "nobody"),
    ("gecos_pattern = ^n(ob)", "nobody"),
    ("gecos_name = $1", "nobody"),
    ("gecos_pattern = ^n(ob)\ngecos_name = Mr. $1", '"Mr. ob"'),
    ("gecos_pattern = ^x(ob)\ngecos_name = Mr. $1", "nobody"),
    ("gecos_pattern = ^n(ob)\ngecos_name = $nosuch", "nobody"),
])
@pytest.mark.parametrize("header", ["From: nobody", "Subject: x"])
@pytest.mark.skipif(os.getuid() != 0, reason="becomes somebody else")
def test_the_callers_name(place, options, name, header):
    """It stands in the From: line of a message that has none, or the login name alone there."""
    place.configure(f"{options}\nacl_smtp_rcpt = accept", "begin routers\nr:\n driver = redirect\n data = x\n")
    lines = ("HELO x", "MAIL FROM:<x@mail.test>", "RCPT TO:<a@b.example>", "DATA", header, "", ".", "QUIT")
    subprocess.run(place.command("-odq", "-bs"), input="".join(line + "\r\n" for line in lines), text=True,
                   capture_output=True, user=NOBODY, group=NOBODY, extra_groups=[], timeout=DEADLINE, check=True)
    envelope, = (place.path / "spool" / "input").glob("*-H")
    assert f"F From: {name} <nobody@mail.test>\n" in envelope.read_text()
