"""Messages without SMTP on the packaged Exim and on Gatepost: who their senders are, and what the sender is told when
a message is refused, on standard error, by mail or in the log. Everything that is left behind has to be the same."""
import pathlib
import re
import shutil
import subprocess

import pytest

from mounts import bound
from open_directory import open_to_all
from test_messages import normal

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
message_size_limit = ${{if eq{{$sender_address}}{{}}{{9999}}{{700}}}}
bounce_return_size_limit = 400
errors_reply_to = postmaster@b.test
header_maxsize = 600
header_line_maxsize = 300
acl_not_smtp = check
{options}
begin acl
check:
  deny condition = ${{if match{{$h_subject:}}{{deny}}}}
       message = not this one
       log_message = logged
  accept
"""
# Exim keeps its rights for the configuration that it was built to read, which is hidden behind the test's.
AS_USER = """mount -t tmpfs none /etc/exim4 && touch /etc/exim4/exim4.conf && mount --bind "$1" /etc/exim4/exim4.conf && shift &&
exec setpriv --clear-groups --reuid "$@"
"""
BODY = "Subject: x\nTo: q@y.test\n\nbody\n"
DENIED = "Subject: deny\nTo: q@y.test\n\nbody\n"
BAD = "Subject: x\nTo: also bad bad\n\nbody\n"
SOME_BAD = "Subject: x\nTo: also bad bad\nCc: q@y.test\n\nbody\n"
NOBODY = "Subject: x\n\nbody\n"
LONG_LINE = "X: " + "z" * 310 + "\n\nbody\n"
LONG_HEADERS = "".join(f"X-{i}: {'z' * 60}\n" for i in range(12)) + "\nbody\n"
BIG = "Subject: x\n\n" + ("z" * 60 + "\n") * 20
UUCP = "From ph10 Fri Jan  5 12:35 GMT 1996\n"

CASES = {
    "denied": (["a@b.test"], DENIED),
    "denied-oee": (["-oee", "a@b.test"], DENIED),
    "denied-oep": (["-oep", "a@b.test"], DENIED),
    "denied-oeq": (["-oeq", "a@b.test"], DENIED),
    "denied-ep": (["-ep", "a@b.test"], DENIED),
    "denied-ee": (["-ee", "a@b.test"], DENIED),
    "denied-nobody-to-tell": (["-f", "<>", "a@b.test"], DENIED),
    "denied-other-sender": (["-oew", "-f", "s@z.test", "a@b.test"], DENIED),
    "bad-recipient": (["-t"], BAD),
    "bad-recipient-oep": (["-t", "-oep"], BAD),
    "bad-recipient-nobody-to-tell": (["-t", "-f", "<>"], BAD),
    "bad-recipient-and-a-good-one": (["-t", "-oee"], SOME_BAD),
    "bad-recipient-and-a-good-one-oep": (["-t", "-oep"], SOME_BAD),
    "nobody": (["-t"], NOBODY),
    "nobody-oep": (["-t", "-oep"], NOBODY),
    "nobody-at-all": (["-t", "-f", "<>"], NOBODY),
    "nobody-left": (["-t", "a@b.test"], "To: a@b.test\n\nbody\n"),
    "bad-argument": (["bad bad"], BODY),
    "bad-argument-oep": (["-oep", "bad bad"], BODY),
    "long-line": (["a@b.test"], LONG_LINE),
    "long-line-nobody-to-tell": (["-f", "<>", "a@b.test"], LONG_LINE),
    "long-headers-oep": (["-oep", "a@b.test"], LONG_HEADERS),
    "big-oep": (["-oep", "a@b.test"], BIG),
    "uucp": (["a@b.test"], UUCP + BODY),
    "uucp-and-f": (["-f", "z@z.test", "a@b.test"], UUCP + BODY),
    "uucp-empty": (["a@b.test"], UUCP.replace("ph10", "<>") + BODY),
    "uucp-bad": (["a@b.test"], UUCP.replace("ph10", "a@@b") + BODY),
    "uucp-no-date": (["a@b.test"], "From nobody\n" + BODY),
    "uucp-pattern": (["-t"], "From nobody\n" + BODY, "uucp_from_pattern = ^From (\\S+)\nuucp_from_sender = ${uc:$1}@up.test"),
    "denied-at-start": (["a@b.test"], BODY, "acl_not_smtp_start = deny"),
    "reference": (["-oMm", "1xWUEF-0002xX-0m", "a@b.test"], BODY),
    "no-reference": (["-oMm", "abc", "a@b.test"], BODY),
}


# The same by somebody who is not trusted.
NOBODYS = {
    "own-from": (["a@b.test"], "From: nobody@b.test\n\nbody\n"),
    "own-login": (["a@b.test"], "From: nobody\n\nbody\n"),
    "other-from": (["a@b.test"], "From: o@z.test\nSender: q@z.test\n\nbody\n"),
    "no-check": (["a@b.test"], "From: o@z.test\nSender: q@z.test\n\nbody\n", "local_from_check = no"),
    "retain": (["a@b.test"], "From: o@z.test\nSender: q@z.test\n\nbody\n", "local_from_check = no\nlocal_sender_retain"),
    "prefix": (["a@b.test"], "From: some-nobody@b.test\n\nbody\n", "local_from_prefix = x_ : *-"),
    "other-prefix": (["a@b.test"], "From: some_nobody@b.test\n\nbody\n", "local_from_prefix = x_ : *-"),
    "suffix": (["a@b.test"], "From: nobody_x@b.test\n\nbody\n", "local_from_suffix = _x : +*"),
    "empty-sender": (["-f", "<>", "a@b.test"], BODY),
    "sender": (["-f", "s@ok.test", "a@b.test"], BODY, "untrusted_set_sender = ^.*@ok.test"),
    "other-sender": (["-f", "s@z.test", "a@b.test"], BODY, "untrusted_set_sender = ^.*@ok.test"),
    "sender-of-uucp": (["a@b.test"], UUCP + BODY),
    "name": (["-F", "Some One", "a@b.test"], BODY),
    "no-fixups": (["-G", "a@b.test"], BODY),
    "told-about-himself": (["-oMa", "192.0.2.1", "-oMr", "said", "-oMt", "me", "a@b.test"], BODY),
    "batch": (["-bS"], "MAIL FROM:<s@z.test>\nRCPT TO:<a@b.test>\nDATA\nSubject: x\n\nbody\n.\n"),
    "batch-empty-sender": (["-bS"], "MAIL FROM:<>\nRCPT TO:<a@b.test>\nDATA\nSubject: x\n\nbody\n.\n"),
    "denied": (["a@b.test"], DENIED),
}

# A user whom the password file does not have.
STRANGER = 54321
STRANGERS = {
    "given-up": (["a@b.test"], BODY),
    "known": (["a@b.test"], BODY, "unknown_login = user$caller_uid\nunknown_username = Nobody Knows"),
    "known-without-name": (["a@b.test"], BODY, "unknown_login = user$caller_uid"),
    "known-with-F": (["-F", "Some One", "a@b.test"], BODY, "unknown_login = x\nunknown_username = Nobody Knows"),
    "name-alone": (["a@b.test"], BODY, "unknown_username = Nobody Knows"),
}

# What the password file says of nobody, and options.
FULL_NAMES = {
    "comma": ("N. Body, Room 5", ""),
    "ampersand": ("& Jones & Son", ""),
    "none": ("", ""),
    "pattern": ("N. Body, Room 5", "gecos_pattern = ^([^,]*)\ngecos_name = $1 (mail)"),
    "pattern-that-does-not-match": ("N. Body", "gecos_pattern = ^([^,]*),\ngecos_name = $1 (mail)"),
    "name-that-fails": ("N. Body", "gecos_pattern = .\ngecos_name = ${if eq{}{}fail}"),
}


def play(program, place, arguments, text, options="", user=None, main=MAIN, full_name=None):
    for name in ("log", "spool"):
        (place / name).mkdir(parents=True)
        shutil.chown(place / name, "Debian-exim" if program.is_reference or not user else user)
    config = place / "conf"
    config.write_text(main.format(place=place, options=options))
    command = [program.path, "-C", config, *arguments]
    if user and program.is_reference:
        command = ["unshare", "-m", "sh", "-c", AS_USER, "sh", config, str(user), program.path, *arguments]
    elif user:
        command = ["setpriv", "--reuid", str(user), "--clear-groups", *command]
    if full_name is not None:
        names = place / "passwd"
        names.write_text(re.sub(r"(?m)^(nobody:.*?:.*?:.*?:).*?:", lambda found: f"{found[1]}{full_name}:",
                                pathlib.Path("/etc/passwd").read_text()))
        command = [*bound({"/etc/passwd": names}), *command]
    ran = subprocess.run(command, input=text, capture_output=True, text=True, timeout=20, check=False)
    seen = [f"exit {ran.returncode}", ran.stdout, ran.stderr]
    for path in sorted(place.glob("log/*log")) + sorted(place.glob("spool/input/*")):
        seen.append(f"== {path.name}\n{path.read_text()}")
    text = normal("\n".join(seen), place)
    text = re.sub(r"read=\d+", "read=N", text) # Exim reads no further than the limit
    return re.sub(r"== paniclog\n\n?(?===|\Z)", "", re.sub(r"^ID ID-H$", "ID-H", text, flags=re.M)).split("\n")


def assert_same(reference, candidate, place, *story, **more):
    open_to_all(place)
    expected = play(reference, place / "reference", *story, **more)
    got = play(candidate, place / "candidate", *story, **more)
    assert [line for line in got if line] == [line for line in expected if line]


@pytest.mark.parametrize("name", CASES)
def test_submissions(reference, candidate, tmp_path, name):
    assert_same(reference, candidate, tmp_path, *CASES[name])


@pytest.mark.parametrize("name", NOBODYS)
def test_submissions_by_nobody(reference, candidate, tmp_path, name):
    assert_same(reference, candidate, tmp_path, *NOBODYS[name], user="nobody")


@pytest.mark.parametrize("name", STRANGERS)
def test_submissions_by_strangers(reference, candidate, tmp_path, name):
    assert_same(reference, candidate, tmp_path, *STRANGERS[name], user=STRANGER)


@pytest.mark.parametrize("name", FULL_NAMES)
def test_full_names(reference, candidate, tmp_path, name):
    full_name, options = FULL_NAMES[name]
    assert_same(reference, candidate, tmp_path, ["a@b.test"], BODY, options, user="nobody", full_name=full_name)
