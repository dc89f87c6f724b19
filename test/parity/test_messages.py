"""Messages on the packaged Exim and on Gatepost: submitted, delivered on this machine, deferred, bounced, looked at
and changed. Log lines, spool files and what the commands print have to be the same."""
import re
import shutil
import subprocess
import time

import pytest

from open_directory import open_to_all

MAIN = """
spool_directory = {place}/spool
log_file_path = {place}/log/%slog
primary_hostname = mail.test
qualify_domain = b.test
exim_user = Debian-exim
exim_group = Debian-exim
keep_environment =
queue_only
queue_run_in_order
tls_advertise_hosts =
dsn_advertise_hosts = *
acl_smtp_rcpt = accept
acl_smtp_mail = mail
received_header_text = Received: by x
log_selector = {selectors}
{options}begin acl
mail:
  accept sender_domains = submit.test
         control = submission/domain=b.test/name=Al Ice
  accept
begin routers
alias:
  driver = redirect
  local_parts = alias
  data = boxa@b.test, nested@b.test, {place}/saved, "|/bin/cat"
  file_transport = saved
  pipe_transport = returning
nested:
  driver = redirect
  local_parts = nested
  data = boxb@b.test
  errors_to = boxc@b.test
failing:
  driver = redirect
  local_parts = fail
  allow_fail
  data = :fail: go away
gone:
  driver = redirect
  local_parts = gone
  data = :blackhole:
program:
  driver = accept
  local_parts = exit3 : exit75
  transport = program
full:
  driver = accept
  local_parts = full
  transport = full
refused:
  driver = accept
  local_parts = refused
  transport = remote
boxes:
  driver = accept
  local_parts = boxa : boxb : boxc
  transport = mailbox
begin transports
mailbox:
  driver = appendfile
  file = {place}/$local_part_data.mbox
  user = nobody
  delivery_date_add
  envelope_to_add
  return_path_add
saved:
  driver = appendfile
  user = nobody
returning:
  driver = pipe
  user = nobody
  return_output
program:
  driver = pipe
  user = nobody
  command = /bin/sh -c "echo said; exit ${{sg{{$local_part_data}}{{exit}}{{}}}}"
  log_output
full:
  driver = appendfile
  file = {place}/full.mbox
  quota = 10
  user = nobody
remote:
  driver = smtp
  hosts = 127.0.0.1
  port = 1
  hosts_override
  allow_localhost
begin retry
* * F,1d,5m
"""

TEXT = "From: somebody@y.test\nTo: someone\nSubject: a test\n\nbody\nFrom the start\n.\nnot read\n"
SMTP = ("EHLO client.test\r\nMAIL FROM:<a@submit.test> RET=HDRS ENVID=e1\r\nRCPT TO:<boxa@b.test> NOTIFY=SUCCESS,DELAY "
        "ORCPT=rfc822;q@z\r\nRCPT TO:<boxb@b.test> NOTIFY=NEVER\r\nDATA\r\nSubject: by SMTP\r\nReply-To: <r@s.test>\r\n\r\n"
        "line\r\n..dot\r\n.\r\nQUIT\r\n")

DSN = (
    "EHLO client.test\r\nMAIL FROM:<boxc@b.test> RET=%s ENVID=e+3D1\r\nRCPT TO:<fail@b.test> NOTIFY=FAILURE ORCPT=rfc822;o+2Br@z.test\r\n"
    "RCPT TO:<boxa@b.test> NOTIFY=SUCCESS,FAILURE\r\nDATA\r\nSubject: by SMTP\r\n\r\nline\r\n.\r\n"
    "QUIT\r\n")

WAIT = None  # a moment, after which messages are old enough for a warning

BOUNCE_FILE = """Subject: Returned
X-Extra: yes
****
I am $primary_hostname.${if eq{$sender_address}{$bounce_recipient}{ It was yours.}{ It was from $sender_address.}}
****
+++ said +++
****
+++ all of it, $message_size octets at most $bounce_return_size_limit +++
****
+++ headers +++
****
+++ cut at $bounce_return_size_limit +++
****
"""
WARN_FILE = """Subject: Late
X-Warning: $message_exim_id
****
It waits for $warn_message_delay; recipients: $warn_message_recipients
****
It will be tried again.
****
"""
WARNING = "delay_warning = 1s:1h\ndelay_warning_condition = yes\n"

# Main options of stories.
OPTIONS = {
    "bounce-file": "bounce_message_file = {place}/bounces\n",
    "bounce-text": "bounce_message_text = Ask the postmaster.\\n\ndsn_from = The Mailer <robot@b.test>\nerrors_reply_to = help@b.test\n",
    "bounce-headers-only": "no_bounce_return_body\n",
    "bounce-cut": "bounce_return_size_limit = 1K\n",
    "bounce-not-cut": "bounce_return_size_limit = 1K\n",
    "bounce-long-line": "bounce_return_linesize_limit = 100\n",
    "warned": WARNING,
    "warned-by-file": WARNING + "warn_message_file = {place}/warnings\n",
    "copied": "errors_copy = boxc@b.test boxa@b.test,boxb@b.test : *@* nobody@b.test\n",
}

# What is run, with its input; ID stands for the first message in the queue, or for the one that was, when it is empty.
STORIES = {
    "delivered": [(["-f", "boxc@b.test", "boxa@b.test", "boxb@b.test"], TEXT), (["-bp"], ""), (["-q"], ""), (["-bp"], "")],
    "aliases-and-failures": [(["-f", "boxc@b.test", "alias@b.test", "fail@b.test", "gone@b.test", "none@b.test"], TEXT),
                             (["-q"], ""), (["-bpa"], ""), (["-q"], "")],
    "deferred": [(["-f", "boxc@b.test", "exit75@b.test", "full@b.test", "refused@b.test", "boxa@b.test"], TEXT),
                 (["-q"], ""), (["-bp"], ""), (["-Mvh", "ID"], ""), (["-Mvl", "ID"], ""), (["-q"], "")],
    "programs": [(["-f", "boxc@b.test", "exit3@b.test"], TEXT), (["-q"], ""), (["-q"], "")],
    "submitted": [(["-t"], "From: x@y.test\nTo: boxa@b.test\nBcc: boxb@b.test\nReturn-path: <z>\n\nhi\n"), (["-Mvh", "ID"], ""),
                  (["-q"], "")],
    "smtp": [(["-bs", "-oMa", "192.0.2.1.4567", "-oMaa", "plain", "-oMai", "alice"], SMTP), (["-Mvh", "ID"], ""), (["-q"], ""),
             (["-Mvb", "ID"], "")],
    "frozen": [(["-f", "<>", "none@b.test", "boxa@b.test"], TEXT), (["-q"], ""), (["-bp"], ""), (["-q"], ""),
               (["-Mt", "ID"], ""), (["-Mf", "ID"], ""), (["-Mf", "ID"], ""), (["-qff"], ""), (["-Mes", "ID", "boxc@b.test"], ""),
               (["-Mar", "ID", "boxb@b.test"], ""), (["-Mmd", "ID", "boxa@b.test"], ""), (["-Mmd", "ID", "zz@b.test"], ""),
               (["-Mvh", "ID"], ""), (["-q"], "")],
    "removed": [(["boxa@b.test"], TEXT), (["-Mvc", "ID"], ""), (["-Mmad", "ID"], ""), (["-bpu"], ""), (["-bpc"], ""),
                (["-Mrm", "ID"], ""), (["-bp"], ""), (["-Mf", "x"], "")],
    "listed": [(["-f", "boxc@b.test", "boxa@b.test", "exit75@b.test"], TEXT), (["-f", "boxc@b.test", "alias@b.test", "refused@b.test"], TEXT),
               (["-q"], ""), (["-bpa"], ""), (["-bpu"], ""), (["-bpc"], ""), (["-bp", "ID"], ""), (["-bpx"], ""),
               (["-Mvl", "ID"], ""), (["-Mvb", "ID"], ""), (["-Mrm", "ID"], ""), (["-bpc"], "")],
    "unsorted": [(["-f", "boxc@b.test", "boxa@b.test", "exit75@b.test"], TEXT), (["-q"], ""), (["-bpra"], ""), (["-bpru"], ""), (["-bpr"], "")],
    "given-up": [(["-f", "boxc@b.test", "refused@b.test", "boxa@b.test"], TEXT), (["-q"], ""), (["-Mg", "ID"], ""), (["-bpc"], ""),
                 (["-q"], ""), (["-Mg", "ID"], "")],
    "thawed": [(["-f", "boxc@b.test", "boxa@b.test"], TEXT), (["-Mf", "ID"], ""), (["-q"], ""), (["-qf"], ""), (["-bpc"], ""),
               (["-Mc", "ID"], ""), (["-M", "ID"], ""), (["-bpc"], "")],
    "edited": [(["-f", "boxc@b.test", "boxa@b.test"], TEXT), (["-Mes", "ID", "<>"], ""), (["-Mes", "ID", "bad"], ""),
               (["-Mes", "ID", "b@c@d"], ""), (["-Mar", "ID", "boxb@b.test", "boxc@b.test"], ""), (["-Mar", "ID", "x@y@z"], ""),
               (["-Mmad", "ID"], ""), (["-bp"], ""), (["-q"], ""), (["-bpc"], "")],
    "missing": [(["-f", "boxc@b.test", "boxa@b.test"], TEXT), (["-Mrm", "ID"], ""), (["-M", "ID"], ""), (["-Mvl", "ID"], ""),
                (["-Mvh", "ID"], ""), (["-Mvb", "ID"], ""), (["-Mrm", "ID"], ""), (["-Mf", "ID"], ""), (["-Mt", "ID"], ""), (["-Mg"], ""),
                (["-Mes"], ""), (["-M"], ""), (["-Mrm", "none"], "")],
    "regular-expressions": [(["-f", "one@c.test", "boxa@b.test"], TEXT), (["-f", "two@c.test", "boxb@b.test"], TEXT),
                            (["-Sr", "^o.e@"], ""), (["-bpc"], ""), (["-Rrf", "^boxc"], ""), (["-Rf", "BOXB"], ""), (["-bpc"], "")],
    "two-passes": [(["-f", "boxc@b.test", "refused@b.test", "boxa@b.test"], TEXT), (["-qq"], ""), (["-bp"], ""), (["-qql"], ""), (["-qqf"], ""),
                   (["-qi"], ""), (["-Mvl", "ID"], "")],
    "bounce-file": [(["-f", "boxc@b.test", "fail@b.test", "none@b.test", "alias@b.test"], TEXT), (["-q"], ""), (["-q"], "")],
    "bounce-text": [(["-f", "boxc@b.test", "fail@b.test"], TEXT), (["-q"], ""), (["-q"], "")],
    "bounce-headers-only": [(["-f", "boxc@b.test", "fail@b.test"], TEXT), (["-q"], ""), (["-q"], "")],
    "bounce-cut": [(["-f", "boxc@b.test", "fail@b.test"], TEXT + ""), (["-i", "-f", "boxc@b.test", "fail@b.test"], "Subject: long\n\n" + 120 * (70 * "x" + "\n")),
                   (["-q"], ""), (["-q"], "")],
    "bounce-not-cut": [(["-i", "-f", "boxc@b.test", "fail@b.test"], "Subject: long\n\n" + 90 * (70 * "x" + "\n")), (["-q"], ""), (["-q"], "")],
    "bounce-long-line": [(["-f", "boxc@b.test", "fail@b.test"], "Subject: wide\n\n" + 200 * "x" + "\n"), (["-q"], ""), (["-q"], "")],
    "dsn-full": [(["-bs", "-oMa", "192.0.2.1"], DSN % "FULL"), (["-q"], ""), (["-q"], ""), (["-bp"], "")],
    "dsn-headers": [(["-bs", "-oMa", "192.0.2.1"], DSN % "HDRS"), (["-q"], ""), (["-q"], ""), (["-bp"], "")],
    "warned": [(["-f", "boxc@b.test", "exit75@b.test", "refused@b.test"], TEXT), WAIT, (["-q"], ""), (["-q"], "")],
    "warned-by-file": [(["-f", "boxc@b.test", "exit75@b.test", "refused@b.test"], TEXT), WAIT, (["-q"], ""), (["-q"], "")],
    "copied": [(["-f", "boxc@b.test", "fail@b.test"], TEXT), (["-q"], ""), (["-q"], "")],
    "selected": [(["-f", "boxc@b.test", "boxa@b.test"], TEXT), (["-R", "BOXB"], ""), (["-S", "boxc@"], ""), (["-qf"], "")],
}

ID = r"[0-9A-Za-z]{6}-[0-9A-Za-z]{6}(?:[0-9A-Za-z]{5})?-[0-9A-Za-z]{2}(?:[0-9A-Za-z]{2})?"


def normal(text, place):
    """Takes out what differs from run to run, and with the length of an id."""
    text = text.replace(str(place), "PLACE")
    for pattern, by in (
        (ID, "ID"), (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME"), (r"\w{3}, \d+ \w{3} \d{4} \d\d:\d\d:\d\d \+0000", "DATE"),
        (r"\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}", "DATE"), (r"pid=\d+", "pid=N"), (r"\bS=\d+", "S=N"),
        (r"\d+-eximdsn-\d+", "BOUNDARY"), (r"^\d{10} ", "SECONDS ", ), (r"^-received_time.*\n", ""), (r"^-frozen \d+", "-frozen N"),
        (r"^-tls_resumption A\n", ""), (r"^--host_auth", "-host_auth"), (r"^--auth_id", "-auth_id"), (r"^--?host_name", "-host_name"), (r"^-body_linecount \d+\n-max_received_linelength \d+", "-lines"),
        (r"^\d{3}([ *BCFIPRST]) ", r"N\1 "), (r"^ 0m +[\d.]+K? ", " 0m N "), (r"(boxa|boxb|boxc|full)\.mbox\.lock.*", r"\1 lock"),
        (r"Exim 4\.\d+", "Exim"), (r"^.*exim user lost privilege.*\n", ""), (r"^.*no immediate delivery.*\n", ""),
    ):
        text = re.sub(pattern, by, text, flags=re.M)
    return text


def tree_sorted(text):
    """The tree of those who have a message is balanced in different ways: its addresses, in order."""
    def ordered(match):
        return "".join(sorted(re.sub(r"^[YN]{2}", "", line) + "\n" for line in match.group().splitlines()))
    return re.sub(r"(?:^[YN]{2} .*\n)+", ordered, text, flags=re.M)


def play(program, place, title, selectors):
    for name in ("log", "spool"):
        (place / name).mkdir(parents=True)
        (place / name).chmod(0o1777)
        shutil.chown(place / name, "Debian-exim", "Debian-exim")
    place.chmod(0o1777)
    config = place / "conf"
    options = OPTIONS.get(title, "").format(place=place)
    config.write_text(MAIN.format(place=place, selectors=selectors,
                                  options=options if "delay_warning" in options else options + "delay_warning =\n"))
    for file, text in (("bounces", BOUNCE_FILE), ("warnings", WARN_FILE)):
        (place / file).write_text(text)
    seen, last = [], "ID"
    for step in STORIES[title]:
        if step is WAIT:
            time.sleep(1.1)
            continue
        arguments, text = step
        queue = subprocess.run([program.path, "-C", config, "-bp"], capture_output=True, text=True, timeout=20, check=False)
        first = re.search(rf" ({ID}) ", queue.stdout)
        last = first.group(1) if first else last
        arguments = [last if word == "ID" else word for word in arguments]
        ran = subprocess.run([program.path, "-C", config, *arguments], input=text, capture_output=True, text=True, timeout=20,
                             check=False)
        if arguments[0] != "-bs":
            seen.append(f"$ {' '.join(arguments)} -> {ran.returncode}\n{ran.stdout}")
    mainlog = place / "log" / "mainlog"
    log = mainlog.read_text() if mainlog.exists() else ""
    boxes = "".join(f"== {path.name}\n{path.read_text()}" for path in sorted(place.glob("*.mbox")) + sorted(place.glob("saved")))
    return tree_sorted(normal("\n".join(seen) + "\n== log\n" + log + boxes, place))


ALL = ("+all -protocol_detail -arguments -pid -millisec -receive_time -queue_time -queue_time_overall -deliver_time -pipelining "
       "-smtp_connection -msg_id_created")
# Those in which log lines differ by what is selected.
TOLD_IN_FULL = ("delivered", "aliases-and-failures", "deferred", "programs", "submitted", "smtp", "frozen", "removed", "selected",
                "two-passes", "dsn-full")


@pytest.mark.parametrize("name, selectors", [
    *(pytest.param(name, "", id=name) for name in STORIES),
    *(pytest.param(name, ALL, id=f"{name}-all") for name in TOLD_IN_FULL)])
def test_messages(reference, candidate, tmp_path, name, selectors):
    open_to_all(tmp_path)
    expected = play(reference, tmp_path / "reference", name, selectors)
    got = play(candidate, tmp_path / "candidate", name, selectors)
    assert got.splitlines() == expected.splitlines()
