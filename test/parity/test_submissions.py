"""Messages without SMTP on the packaged Exim and on Gatepost: who their senders are, and what the sender is told when
a message is refused, on standard error, by mail or in the log. Everything that is left behind has to be the same."""
import re
import shutil
import subprocess

import pytest

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
    "reference": (["-oMm", "1xWUEF-0002xX-0m", "a@b.test"], BODY),
    "no-reference": (["-oMm", "abc", "a@b.test"], BODY),
}


def play(program, place, arguments, text, options=""):
    for name in ("log", "spool"):
        (place / name).mkdir(parents=True)
        shutil.chown(place / name, "Debian-exim", "Debian-exim")
    config = place / "conf"
    config.write_text(MAIN.format(place=place, options=options))
    ran = subprocess.run([program.path, "-C", config, *arguments], input=text, capture_output=True, text=True, timeout=20,
                         check=False)
    seen = [f"exit {ran.returncode}", ran.stdout, ran.stderr]
    for path in sorted(place.glob("log/*log")) + sorted(place.glob("spool/input/*")):
        seen.append(f"== {path.name}\n{path.read_text()}")
    text = normal("\n".join(seen), place)
    text = re.sub(r"read=\d+", "read=N", text) # Exim reads no further than the limit
    return re.sub(r"== paniclog\n\n?(?===|\Z)", "", re.sub(r"^ID ID-H$", "ID-H", text, flags=re.M)).split("\n")


@pytest.mark.parametrize("name", CASES)
def test_submissions(reference, candidate, tmp_path, name):
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o755)
    expected = play(reference, tmp_path / "reference", *CASES[name])
    got = play(candidate, tmp_path / "candidate", *CASES[name])
    assert [line for line in got if line] == [line for line in expected if line]
