"""The smtp transport beside the packaged Exim's: both hand a message to the same scripted server. What they send, and
what they log, has to be the same."""
import re
import shutil
import sqlite3
import struct
import subprocess
import tempfile
from pathlib import Path

import pytest
from fake_smtp import DROP, HANG, RESET, FakeServer
from sidebyside.normalise import MESSAGE_ID
from sidebyside.server import environment, free_port, wait_until

SECONDS = 15

CONFIG = """
spool_directory = {path}/spool
log_file_path = {path}/log/%slog
primary_hostname = me.test
qualify_domain = me.test
exim_user = Debian-exim
exim_group = Debian-exim
keep_environment =
tls_advertise_hosts =
acl_smtp_rcpt = rcpt
{main}
begin acl
rcpt:
  accept {control}
facts:
  warn logwrite = event $acl_arg1 $event_name ($event_data) $event_defer_errno $host [$host_address] \
                  $local_part@$domain r=$router_name t=$transport_name
  accept message =
begin routers
own:
  driver = redirect
  local_parts = fail : defer : blackhole
  allow_fail
  allow_defer
  data = :$local_part: as asked
r:
{router}
  transport = t
begin transports
t:
{transport}
{options}
begin retry
{retry}
begin authenticators
{authenticators}
"""

TO_HOSTS = '  driver = manualroute\n  route_list = * "{hosts}" byname\n  self = send'
ACCEPT = "  driver = accept"
SMTP = "  driver = smtp\n  port = {port}\n  command_timeout = 1s\n  data_timeout = 1s\n  final_timeout = 1s"
# Over a UNIX socket, to all recipients at once.
LMTP = "  driver = lmtp\n  socket = {path}/lmtp\n  timeout = 1s\n  user = Debian-exim\n  batch_max = 10"

PLAIN = "p:\n driver = plaintext\n public_name = PLAIN\n client_send = ^u^p\n client_set_id = id-u\n"
LOGIN = "l:\n driver = plaintext\n public_name = LOGIN\n client_send = : u : p\n"
OFFER = ("SIZE 1000000", "AUTH PLAIN LOGIN")
TRY, REQUIRE = "  hosts_try_auth = *\n", "  hosts_require_auth = *\n"

LOGS_IN = [("AUTH LOGIN", "334 VXNlcjo="), ("dQ==", "334 UGFzczo="), ("cA==", "235 ok")]

ONE, TWO = ("a@x.test",), ("a@x.test", "b@x.test")


def case(name, rules=(), options="", authenticators="", recipients=ONE, sender="", hosts="127.0.0.1", main="", control="",
         parameters="", retry="* * F,2h,15m", completed=0, **server):
    """completed: so many messages, bounces among them, are to be completed; 0: until the first is, or has to wait."""
    message = {"recipients": recipients, "sender": sender, "main": main, "control": control, "parameters": parameters,
               "retry": retry, "completed": completed}
    return pytest.param(rules, options, authenticators, message, hosts, server, id=name)



UTF8, NO_UTF8 = ("SMTPUTF8", "PIPELINING"), ("PIPELINING",)


def utf8(name, features=NO_UTF8, options="", **more):
    """A case of an international message."""
    return case(f"utf8-{name}", options=options, features=features,
                **{"parameters": " SMTPUTF8", "recipients": ("é@ü.test",), "sender": "ä@ö.test"} | more)


def downconvert(value):
    return f"  utf8_downconvert = {value}\n"


CASES = [
    case("delivered", recipients=TWO),
    case("one-by-one", recipients=TWO, features=()),
    case("chunking", features=("CHUNKING", "PIPELINING")),
    case("prdr", [(r"\.", "353 each\r\n250 a\r\n450 not b\r\n250 all\r\n")], recipients=TWO, features=("PRDR",)),
    case("helo", [("EHLO", "502 what")]),
    case("avoid-esmtp", options="  hosts_avoid_esmtp = *\n"),
    case("helo-data", options="  helo_data = $host.$sending_ip_address\n"),
    case("recipient-refused", [("RCPT.*a@", "550-no\r\n550 such")], recipients=TWO),
    case("recipient-put-off", [("RCPT.*a@", "451 later")], recipients=TWO),
    case("recipients-refused-one-by-one", [("RCPT", "550 no")], recipients=TWO, features=()),
    case("recipient-silence", [("RCPT", HANG)], features=()),
    case("recipient-odd-reply", [("RCPT", "354 hello")], features=()),
    case("recipient-no-reply", [("RCPT", "hello")], features=()),
    case("sender-refused", [("MAIL", "550 no")], features=()),
    case("sender-put-off", [("MAIL", "451 no")], features=()),
    case("sender-put-off-pipelined", [("MAIL", "451 no")]),
    case("data-refused", [("DATA", "550 no")]),
    case("data-put-off", [("DATA", "451 no")], features=()),
    case("content-refused", [(r"\.", "550-no\r\n550 spam")]),
    case("content-put-off", [(r"\.", "451 busy")]),
    case("lost-behind-the-data", [(r"\.", DROP)]),
    case("banner-refuses", greeting="554 no"),
    case("banner-puts-off", greeting="421-no\r\n421 really"),
    case("banner-silence", greeting=HANG),
    case("banner-lost", greeting=DROP),
    case("banner-reset", greeting=RESET),
    case("banner-junk", greeting="hello there"),
    case("helo-lost", [("EHLO", DROP)]),
    case("nobody-there", hosts="127.0.0.3"),
    case("lmtp", [(r"\.", "250 a\r\n450-not\r\n450 b\r\n")], options="  protocol = lmtp\n", recipients=TWO, lmtp=True),
    case("quotes-in-confirmation", [(r"\.", '250-a "b" \\c\r\n250 done')]),
    case("tls-required", options="  hosts_require_tls = *\n"),
    case("tls-refused", [("STARTTLS", "554 no")], options="  hosts_require_tls = *\n", features=("STARTTLS",)),
    case("tls-put-off", [("STARTTLS", "454 no")], options="  tls_tempfail_tryclear = no\n", features=("STARTTLS",)),
    case("tls-in-the-clear", [("STARTTLS", "454 no")], features=("STARTTLS",)),
    case("auth", options=REQUIRE, authenticators=PLAIN, features=OFFER),
    case("auth-login", [("AUTH", "334 VXNlcjo="), ("dQ==", "334 UGFzczo="), ("cA==", "235 ok")], REQUIRE,
         LOGIN + " client_set_id = $auth1$auth2\n", features=OFFER),
    case("auth-all-refused", [("AUTH", "535 bad")], REQUIRE, PLAIN + LOGIN, features=OFFER),
    case("auth-all-refused-but-tried", [("AUTH", "535 bad")], TRY, PLAIN + LOGIN, features=OFFER),
    case("auth-temporary", [("AUTH", "454 later")], TRY, PLAIN + LOGIN, features=OFFER),
    case("auth-temporary-later", [("AUTH", "334 VXNlcjo="), ("dQ==", "454 later")], TRY, LOGIN, features=OFFER),
    case("auth-silence", [("AUTH", HANG)], TRY, PLAIN, features=OFFER),
    case("auth-lost", [("AUTH", DROP)], TRY, PLAIN, features=OFFER),
    case("auth-not-offered", options=REQUIRE, authenticators=PLAIN),
    case("auth-none-in-common", options=REQUIRE, authenticators=PLAIN, features=("AUTH FOO",)),
    case("auth-bad-challenge", [("AUTH", "334 ?!"), (r"\*", "501 cancelled")], REQUIRE, LOGIN, features=OFFER),
    case("auth-asked-for-more", [("AUTH", "334 UGFzczo=")], REQUIRE, PLAIN, features=OFFER),
    case("auth-forced-failure", options=TRY, authenticators=PLAIN.replace("^u^p", "${if eq{1}{2}{a}fail}") + LOGIN,
         features=OFFER),
    case("auth-expansion-failure", options=TRY, authenticators=PLAIN.replace("^u^p", "${foo}"), features=OFFER),
    case("auth-condition", options=TRY, authenticators=PLAIN + " client_condition = no\n", features=OFFER),
    case("auth-order", options=REQUIRE, authenticators=LOGIN + PLAIN, rules=LOGS_IN, features=OFFER),
    case("auth-second-one", [("AUTH PLAIN", "535 bad"), *LOGS_IN], REQUIRE, PLAIN + LOGIN + " client_set_id = $auth1\n",
         features=OFFER),
    case("auth-offered-in-lower-case", options=REQUIRE, authenticators=PLAIN, features=("AUTH plain login",)),
    case("auth-offered-in-the-old-form", options=REQUIRE, authenticators=PLAIN, features=("AUTH=PLAIN LOGIN",)),
    case("auth-names-in-part", options=TRY, authenticators=PLAIN, features=("AUTH PLAINER XPLAIN",)),
    case("auth-tried-not-offered", options=TRY, authenticators=PLAIN),
    case("auth-of-another-host", options="  hosts_try_auth = 127.0.0.2\n", authenticators=PLAIN, features=OFFER),
    case("auth-list-fails", options="  hosts_try_auth = ${foo}\n", authenticators=PLAIN, features=OFFER),
    case("auth-both-lists", [("AUTH", "535 bad")], TRY + REQUIRE, PLAIN, features=OFFER),
    case("auth-by-host", options=REQUIRE, authenticators=PLAIN.replace("^u^p", "^$host^$host_address"), features=OFFER),
    case("auth-several-lines", [("AUTH", "235-very\r\n235 well")], REQUIRE, PLAIN, features=OFFER),
    case("auth-service-ends", [("AUTH", "421 bye")], TRY, PLAIN, features=OFFER),
    case("auth-odd-success", [("AUTH", "250 fine")], REQUIRE, PLAIN, features=OFFER),
    case("auth-odd-reply", [("AUTH", "354 go on")], TRY, PLAIN, features=OFFER),
    case("auth-no-reply", [("AUTH", "hello")], TRY, PLAIN, features=OFFER),
    case("auth-success-too-early", [("AUTH", "235 already")], REQUIRE, LOGIN, features=OFFER),
    case("auth-circumflexes", options=REQUIRE, authenticators=PLAIN.replace("^u^p", "^u^^v^p"), features=OFFER),
    case("auth-ignored-challenge", [("AUTH", "334 ?!"), ("dQ==", "334 UGFzczo="), ("cA==", "235 ok")], REQUIRE,
         LOGIN + " client_ignore_invalid_base64\n", features=OFFER),
    case("auth-condition-by-host", options=REQUIRE, features=OFFER,
         authenticators=PLAIN + " client_condition = ${if eq{$host_address}{127.0.0.1}}\n"),
    case("auth-condition-fails", options=TRY, authenticators=PLAIN + " client_condition = ${foo}\n", features=OFFER),
    case("auth-condition-forced", options=TRY, authenticators=PLAIN + " client_condition = ${if eq{1}{2}{a}fail}\n",
         features=OFFER),
    case("auth-id-fails", options=REQUIRE, authenticators=PLAIN.replace("id-u", "${foo}"), features=OFFER),
    case("auth-id-forced", options=REQUIRE, authenticators=PLAIN.replace("id-u", "${if eq{1}{2}{a}fail}"), features=OFFER),
    case("auth-gives-way", [("AUTH", "454 later")], REQUIRE, PLAIN, hosts="127.0.0.1 : 127.0.0.3", features=OFFER),
    case("auth-sender-received", options=REQUIRE, authenticators=PLAIN, features=OFFER, parameters=" AUTH=o+2B@z.test"),
    case("auth-sender-received-empty", options=REQUIRE, authenticators=PLAIN, features=OFFER, parameters=" AUTH=<>"),
    case("authenticated-sender-empty", options=REQUIRE + "  authenticated_sender =\n", authenticators=PLAIN,
         features=OFFER),
    case("authenticated-sender-is-nothing", options=REQUIRE + "  authenticated_sender = ${if eq{1}{2}{a}}\n", authenticators=PLAIN,
         features=OFFER),
    case("authenticated-sender-fails", options=REQUIRE + "  authenticated_sender = ${foo}\n", authenticators=PLAIN,
         features=OFFER),
    case("authenticated-sender-forced-failure", options=REQUIRE + "  authenticated_sender = ${if eq{1}{2}{a}fail}\n",
         authenticators=PLAIN, features=OFFER),
    case("authenticated-sender-not-authenticated", options="  authenticated_sender = me@y.test\n", features=OFFER),
    case("authenticated-sender", options=REQUIRE + "  authenticated_sender = me@y.test\n", authenticators=PLAIN,
         features=OFFER),
    case("authenticated-sender-forced", options="  authenticated_sender = me\n  authenticated_sender_force\n"),
    case("event-stops-connection", options="  event_action = ${if eq{$event_name}{tcp:connect}{no}}\n"),
    case("event-stops-session", options="  event_action = ${if eq{$event_name}{smtp:connect}{no}}\n"),
    utf8("offered", UTF8),
    utf8("not-offered"),
    utf8("to-others", UTF8, recipients=("a@x.test", "é@x.test", "a@ü.test"), sender="a@y.test"),
    utf8("to-others-not-offered", recipients=("é@x.test", "a@x.test"), sender="a@y.test"),
    utf8("one-by-one", ("SMTPUTF8",), recipients=("é@ü.test", "a@x.test")),
    utf8("option-always", UTF8, downconvert("1")),
    utf8("option-never", NO_UTF8, downconvert("0"), sender=""),
    utf8("option-never-ascii", NO_UTF8, downconvert("0"), sender="", recipients=ONE),
    utf8("option-never-offered", UTF8, downconvert("0")),
    utf8("option-empty", NO_UTF8, downconvert(""), sender=""),
    utf8("option-empty-control", UTF8, downconvert(""), control="control = utf8_downconvert"),
    utf8("option-empty-control-if-needed", NO_UTF8, downconvert(""), control="control = utf8_downconvert/-1"),
    utf8("option-empty-control-never", NO_UTF8, downconvert(""), control="control = utf8_downconvert/0", sender=""),
    utf8("option-beats-control", UTF8, downconvert("-1"), control="control = utf8_downconvert"),
    utf8("option-unknown", UTF8, downconvert("2"), control="control = utf8_downconvert"),
    utf8("option-expansion-failure", NO_UTF8, downconvert("${foo}")),
    utf8("mua-wrapper", NO_UTF8, downconvert(""), main="mua_wrapper"),
    utf8("not-said", UTF8, downconvert("1"), recipients=("é@x.test",), sender="ä@y.test", parameters=""),
    utf8("sender-without-alabels", sender="a@ü\u0378.test", recipients=ONE),
    utf8("helo", options="  helo_data = mx.ü.test\n"),
    utf8("helo-without-alabels", options="  helo_data = mx.-ü.test\n"),
    utf8("lmtp", lmtp=True, options="  protocol = lmtp\n"),
    utf8("lmtp-offered", UTF8, lmtp=True, options="  protocol = lmtp\n"),
    utf8("recipient-refused", rules=[("RCPT.*xn", "550 no")], recipients=("é@ü.test", "b@x.test"), sender=""),
    utf8("recipient-put-off", UTF8, rules=[("RCPT.*b@", "450 no")], recipients=("é@ü.test", "b@ü.test")),
    utf8("order", ("8BITMIME", "PIPELINING", "SMTPUTF8", "SIZE 1000000", "DSN", "PRDR", "AUTH PLAIN"), REQUIRE,
         main="dsn_advertise_hosts = *", parameters=" SMTPUTF8 RET=HDRS ENVID=x", recipients=("é@ü.test", "b@x.test"),
         authenticators=PLAIN),
    utf8("callout", UTF8, control="verify = recipient/callout=no_cache,random"),
    utf8("callout-not-offered", control="verify = recipient/callout=no_cache,use_sender"),
    utf8("callout-of-the-sender", control="verify = sender/callout=no_cache"),
]


def session(message):
    recipients = message["recipients"]
    lines = ["EHLO x.test", f"MAIL FROM:<{message['sender']}>{message['parameters']}", *(f"RCPT TO:<{address}>" for address in recipients), "DATA",
             "Subject: t", "From: s@y.test", "Date: Thu, 26 Nov 2026 02:00:00 +0000", "Message-Id: <x@y.test>", "",
             "hello", "..dot", ".", "QUIT"]
    return "".join(line + "\r\n" for line in lines)


def normal(text, path):
    """Without what differs from run to run, and what is different in 4.96 anyway."""
    text = MESSAGE_ID.sub("<id>", text.replace(str(path), "<path>"))
    text = re.sub(r"(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", "", text)
    text = re.sub(r"SIZE=\d+", "SIZE=<size>", text)
    text = re.sub(r"BDAT \d+|\d+(?= bytes written)", "<size>", text)
    text = text.replace("!BrokenPipeError\n", "")  # who has nothing to say need not wait for the banner
    text = re.sub(r"me\.test-\d+-testing", "<random>", text)
    text = re.sub(r"@xn--\.test-jva ", "@xn--tda.test ", text)  # Exim takes the domain for a local part here
    text = re.sub(r"(?s)Received: .*?(?=Subject:)", "", text)
    return re.sub(r"(?m)^(exim user lost privilege|.* Spool file |.* <= |.* Frozen|.* Completed).*\n", "", text)


def retry_data(program, path):
    """What is remembered of failures: keys, error numbers with what goes with them, and a star when the time is over."""
    records = []
    if program.is_reference:
        dump = subprocess.run(["exim_dumpdb", str(path / "spool"), "retry"], capture_output=True, text=True, check=False).stdout
        records = re.findall(r"(?m)^  (\S+) (-?\d+) (-?\d+) .*\n.*?(\*?)$", dump)
    elif (path / "spool/db/retry.sqlite").exists():
        with sqlite3.connect(path / "spool/db/retry.sqlite") as database:
            for key, value, *_ in database.execute("SELECT * FROM hints"):
                *_, expired, error, more = struct.unpack_from(">7q", value)  # behind the layout's number and three times
                records.append((key if isinstance(key, str) else key.decode(), str(error), str(more), "*" if expired else ""))
    return sorted((re.sub(r":\d{4,5}(:|$)", r":<port>\1", normal(key, path)), *rest) for key, *rest in records)


def deliver(program, rules, options, authenticators, message, hosts, server, transport=SMTP):
    """The lines of the main log, what the server was sent, and retry data."""
    path = Path(tempfile.mkdtemp(prefix="client"))
    path.chmod(0o755)
    fake = FakeServer(rules, path=None if transport == SMTP else path / "lmtp", **server)
    try:
        for name in ("spool", "log"):
            (path / name).mkdir()
            (path / name).chmod(0o777)
        port = free_port() if hosts != "127.0.0.1" else fake.port
        (path / "conf").write_text(CONFIG.format(path=path, options=options, authenticators=authenticators,
                                                 main=message["main"], control=message["control"], retry=message["retry"],
                                                 router=TO_HOSTS.format(hosts=hosts) if transport == SMTP else ACCEPT,
                                                 transport=transport.format(path=path, port=port)))
        (path / "conf").chmod(0o644)
        result = subprocess.run([program.path, "-C", str(path / "conf"), "-odf", "-bs"], env=environment(),
                                input=session(message).encode(), capture_output=True, timeout=SECONDS,
                                check=False)
        assert b"250 OK id=" in result.stdout, result
        log = path / "log/mainlog"
        ended = re.compile(r" Completed\n" if message["completed"] else r" (Completed|==.*|Frozen.*)\n")
        wait_until(lambda: log.exists() and len(ended.findall(log.read_text("latin-1"))) >= max(1, message["completed"]), SECONDS)
        wait_until(lambda: all(lines[-1:] == ["END"] for lines in fake.connections), SECONDS)
        return normal(log.read_text("latin-1"), path), [
            normal("\n".join(line for line in lines if line != "EARLY"), path) for lines in fake.connections], retry_data(
                program, path)
    finally:
        fake.close()
        shutil.rmtree(path, ignore_errors=True)


@pytest.mark.parametrize("rules, options, authenticators, message, hosts, server", CASES)
def test_client(reference, candidate, request, rules, options, authenticators, message, hosts, server):
    name = request.node.callspec.id
    expected, found = (deliver(program, rules, options, authenticators, message, hosts, server)
                       for program in (reference, candidate))
    assert found[1] == expected[1], "what was sent"
    assert found[0] == expected[0], "what was logged"
    if not name.startswith("utf8"):  # of which Exim holds the host guilty
        assert found[2] == expected[2], "what is remembered"


def event(name, rules=(), options="", **more):
    """A case of what events are raised by the main section's option and by the transport's, and what they are told."""
    return case(name, rules, "  event_action = ${acl{facts}{transport}}\n" + options,
                main="event_action = ${acl{facts}{main}}\n", **more)


EVENTS = [
    event("delivered", recipients=TWO),
    event("lmtp", [(r"\.", "250 a\r\n450-not\r\n450 b\r\n")], "  protocol = lmtp\n", recipients=TWO, lmtp=True),
    event("refused", [("RCPT.*a@", "550-no\r\n550 such")], recipients=TWO),
    event("all-refused", [("RCPT", "550 no")], recipients=TWO),
    event("put-off", [("RCPT.*a@", "451 later")], recipients=TWO),
    event("sender-refused", [("MAIL", "550 no")]),
    event("sender-put-off", [("MAIL", "451 no")]),
    event("data-refused", [("DATA", "550 no")]),
    event("content-refused", [(r"\.", "550 spam")]),
    event("content-put-off", [(r"\.", "451 busy")]),
    event("silence", [("RCPT", HANG)], features=()),
    event("lost", [("RCPT", DROP)], features=()),
    event("banner-refuses", greeting="554 no"),
    event("banner-puts-off", greeting="421-no\r\n421 really"),
    event("helo", [("EHLO", "502 what")]),
    event("helo-refused", [("HELO", "550 what"), ("EHLO", "550 what")]),
    event("nobody-there", hosts="127.0.0.3"),
    event("nobody-at-two-hosts", hosts="127.0.0.1 : 127.0.0.3"),
    event("sender-silence", [("MAIL", HANG)], features=()),
    event("data-silence", [("DATA", HANG)], features=()),
    event("content-lost", [(r"\.", DROP)]),
    event("auth-not-offered", options=REQUIRE, authenticators=PLAIN),
    event("auth-refused", [("AUTH", "535 bad")], REQUIRE, authenticators=PLAIN, features=OFFER),
    event("auth-put-off", [("AUTH", "454 later")], REQUIRE, authenticators=PLAIN, features=OFFER),
    event("tls-required", options="  hosts_require_tls = *\n"),
    event("tls-refused", [("STARTTLS", "554 no")], "  hosts_require_tls = *\n", features=("STARTTLS",)),
    event("tls-fails", options="  hosts_require_tls = *\n", features=("STARTTLS",)),
    event("auth", options=REQUIRE, authenticators=PLAIN, features=OFFER),
    event("routing-fails", recipients=("fail@x.test", "a@x.test")),
    event("routing-defers", recipients=("defer@x.test", "a@x.test")),
    event("discarded", recipients=("blackhole@x.test", "a@x.test")),
    event("put-off-for-too-long", [("RCPT.*a@", "451 later")], recipients=TWO, retry="* *", completed=1),
    event("content-put-off-for-too-long", [(r"\.", "451 busy")], retry="* *", completed=1),
    event("nobody-there-for-too-long", hosts="127.0.0.3", retry="* *", completed=1),
    event("routing-defers-for-too-long", recipients=("defer@x.test",), retry="* *", completed=1),
]

# Lines that only Exim writes, and those that only Gatepost writes.
DEFERRAL = "transport msg:defer "
OTHER_EVENTS = {
    "lmtp": (None, DEFERRAL),
    "silence": (None, DEFERRAL),
    "banner-refuses": (DEFERRAL, None),  # Exim puts off first who is given up then
    "helo-refused": (DEFERRAL, None),
    "nobody-at-two-hosts": (DEFERRAL, DEFERRAL),  # Exim has the last host in it, Gatepost the first
    "data-silence": (" tcp:close ", " tcp:close "),
    "auth-refused": (None, " auth:fail "),
    "lost": (" tcp:close ", " tcp:close "),  # Exim closes before it logs why
    "tls-fails": (None, " tls:fail:connect "),
}


def essence(text, extra):
    """Without what Exim leaves out or has left over from before, and without the lines that are extra."""
    text = re.sub(r"(event \w+ msg:fail:\w+ .*) \S* \[\S*\]( +\S+@)", r"\1\2", text)
    text = re.sub(r"(?m)^(\S+ event transport (?:tcp|smtp|tls):.*\S)\s+\S*@\S* r=.*", r"\1", text)
    text = re.sub(r"(event transport tcp:\w+ \(\)) \d+", r"\1", text)
    text = re.sub(r"(event main msg:complete \(\)) .*", r"\1", text)
    text = re.sub(r"(?m)TLS session: .*?(?=\) -37|$)", "TLS session: <reason>", text)
    lines = text.split("\n")
    rest = [line for line in lines if not extra or extra not in line]
    assert not extra or len(rest) < len(lines), f"{extra} is not there"
    return rest


@pytest.mark.parametrize("rules, options, authenticators, message, hosts, server", EVENTS)
def test_events(reference, candidate, request, rules, options, authenticators, message, hosts, server):
    extra = OTHER_EVENTS.get(request.node.callspec.id, (None, None))
    expected, found = (deliver(program, rules, options, authenticators, message, hosts, server)
                       for program in (reference, candidate))
    assert essence(found[0], extra[1]) == essence(expected[0], extra[0]), "what was logged"
    assert found[2] == expected[2], "what is remembered"


LMTP_CASES = [
    case("delivered", recipients=TWO),
    case("without-pipelining", recipients=TWO, features=()),
    case("one-by-one", options="  batch_max = 1\n", recipients=TWO),
    case("ignore-quota", options="  ignore_quota\n", features=("IGNOREQUOTA", "PIPELINING")),
    case("ignore-quota-not-offered", options="  ignore_quota\n"),
    case("chunking", features=("CHUNKING", "PIPELINING")),
    case("recipient-refused", [("RCPT.*a@", "550-no\r\n550 such")], recipients=TWO),
    case("recipient-put-off", [("RCPT.*a@", "451 later")], recipients=TWO),
    case("recipients-refused", [("RCPT", "550 no")], recipients=TWO),
    case("sender-refused", [("MAIL", "550 no")]),
    case("sender-put-off", [("MAIL", "451 no")]),
    case("data-refused", [("DATA", "550 no")]),
    case("content-refused", [(r"\.", "550-no\r\n550 spam")]),
    case("one-content-refused", [(r"\.", "250 a\r\n550-not\r\n550 b\r\n")], recipients=TWO),
    case("one-content-put-off", [(r"\.", "250 a\r\n450-not\r\n450 b\r\n")], recipients=TWO),
    case("content-lost", [(r"\.", DROP)]),
    case("content-silence", [(r"\.", HANG)]),
    case("banner-refuses", greeting="554 no"),
    case("banner-puts-off", greeting="421 later"),
    case("banner-silence", greeting=HANG),
    case("helo-refused", [("LHLO", "550 no")]),
    case("helo-lost", [("LHLO", DROP)]),
    case("silence", [("RCPT", HANG)], features=()),
    case("no-socket", options="  socket = /nowhere/lmtp\n"),
    case("socket-fails", options="  socket = ${foo}\n"),
    case("events", [("RCPT.*a@", "550 no")], "  event_action = ${acl{facts}{lmtp}}\n", recipients=TWO),
]


@pytest.mark.parametrize("rules, options, authenticators, message, hosts, server", LMTP_CASES)
def test_lmtp(reference, candidate, rules, options, authenticators, message, hosts, server):
    transport = LMTP
    for name in re.findall(r"(?m)^  (\w+) =", options):  # instead of
        transport = re.sub(rf"\n  {name} = .*", "", transport)
    expected, found = (deliver(program, rules, options, authenticators, message, hosts, server | {"lmtp": True}, transport)
                       for program in (reference, candidate))
    assert found[:2] == expected[:2], "what was logged and sent"
    assert [record[:2] for record in found[2]] == [record[:2] for record in expected[2]], "what is remembered"


# Local transports, and how they fail.
LOCAL = {
    "temporary-code": "pipe\n  command = /bin/sh -c 'exit 75'",
    "code": "pipe\n  command = /bin/sh -c 'exit 1'",
    "no-command": "pipe\n  command = /nowhere/command",
    "every-code-temporary": "pipe\n  command = /bin/sh -c 'echo busy; exit 1'\n  temp_errors = *\n  return_output",
    "time-out": "pipe\n  command = /bin/sleep 9\n  timeout = 1s",
    "time-out-defers": "pipe\n  command = /bin/sleep 9\n  timeout = 1s\n  timeout_defer",
    "word-that-fails": "pipe\n  command = /bin/sh -c 'kill $$'",
    "no-directory": "appendfile\n  file = /nowhere/a/b\n  create_directory = no",
    "no-right": "appendfile\n  file = /bin/box",
    "quota": "appendfile\n  file = {path}/log/box\n  quota = 10",
    "nowhere": "appendfile\n  file = /dev/null",
    "name-that-fails": "appendfile\n  file = ${{foo}}",
    "maildir": "appendfile\n  directory = {path}/log/md\n  maildir_format",
    "too-large": "pipe\n  command = /bin/cat\n  message_size_limit = 10",
    "filter": "appendfile\n  file = {path}/log/box\n  transport_filter = /bin/cat",
}


@pytest.mark.parametrize("name", LOCAL)
def test_local_deliveries(reference, candidate, name):
    message = case("", recipients=TWO).values[3]
    transport = f"  driver = {LOCAL[name]}\n  user = Debian-exim"
    expected, found = (deliver(program, (), "", "", message, "127.0.0.1", {}, transport) for program in (reference, candidate))
    logged = [re.sub(r"\.lock\.\S+", ".lock.<number>", log) for log, *_ in (expected, found)]
    assert logged[1] == logged[0], "what was logged"
    assert found[2] == expected[2], "what is remembered"


# What comes back to the sender, who is at the same server.
TOO_LONG = {"sender": "s@y.test", "retry": "* *", "completed": 2}
BOUNCES = [
    case("refused", [("RCPT.*a@", "550-no\r\n550 such")], sender="s@y.test", completed=2),
    case("refused-among-others", [("RCPT.*a@", "550 no")], recipients=TWO, sender="s@y.test", completed=2),
    case("put-off-for-too-long", [("RCPT.*a@", "451 later")], **TOO_LONG),
    case("content-put-off-for-too-long", [(r"\.", ["451 busy", "250 ok"])], **TOO_LONG),
    case("put-off-for-too-long-in-lines", [("RCPT.*a@", "451-not now\r\n451 but later")], **TOO_LONG),
    case("greeted-badly-for-too-long", [("EHLO", ["550 no", "250 ok"]), ("HELO", ["421 no", "250 ok"])], **TOO_LONG),
    case("routing-defers-for-too-long", recipients=("defer@x.test",), **TOO_LONG),
    case("routing-fails", recipients=("fail@x.test", "a@x.test"), sender="s@y.test", completed=2),
]


def bounce(text):
    text = re.sub(r"\d+-eximdsn-\d+", "<boundary>", text)
    text = re.sub(r"<E[-\w]+@", "<id@", text)
    return re.sub(r"(?m)^Date: .*\r", "Date: <date>\r", text)


@pytest.mark.parametrize("rules, options, authenticators, message, hosts, server", BOUNCES)
def test_bounces(reference, candidate, rules, options, authenticators, message, hosts, server):
    expected, found = (deliver(program, rules, options, authenticators, message, hosts, server)
                       for program in (reference, candidate))
    assert found[0] == expected[0], "what was logged"
    assert sorted(map(bounce, found[1])) == sorted(map(bounce, expected[1])), "what was sent"


# Everything that lines of deliveries can tell, but for the times.
SELECTORS = ("log_selector = +all -protocol_detail -arguments -pid -millisec -queue_run -deliver_time -queue_time -queue_time_overall "
             "-receive_time -smtp_connection")


def without_ports(text):
    """Without the numbers of ports, sizes (ids are longer in 4.99), and what is not about the delivery."""
    text = re.sub(r" S=[1-9]\d*", " S=<size>", text)
    text = re.sub(r"(\[127\.0\.0\.\d\]):\d+", r"\1:<port>", text)
    return re.sub(r"(?m)^(SMTP connection|no host name|.*<= ).*\n", "", text)


@pytest.mark.parametrize("rules, options, authenticators, message, hosts, server", [case for case in CASES if case.id in (
    "delivered", "chunking", "prdr", "recipient-refused", "recipient-put-off", "sender-put-off", "content-refused",
    "content-put-off", "nobody-there", "lmtp", "auth", "auth-all-refused", "authenticated-sender")])
def test_lines_with_every_selector(reference, candidate, rules, options, authenticators, message, hosts, server):
    message = message | {"main": SELECTORS}
    expected, found = (without_ports(deliver(program, rules, options, authenticators, message, hosts, server)[0])
                       for program in (reference, candidate))
    assert found == expected
