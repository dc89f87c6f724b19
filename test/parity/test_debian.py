"""Sessions through the ACLs and routers of the configurations that Debian's exim4-config makes."""
import pytest

import debian_config
from sidebyside.compare import report, run_both
from sidebyside.scenario import Difference, Scenario, with_preamble

pytestmark = pytest.mark.skipif(not debian_config.SOURCE.exists(), reason="exim4-config is not there")

# Nothing of this machine, and no DNS, shall matter.
MACROS = "MAIN_HOST_LOOKUP =\nMAIN_HARDCODE_PRIMARY_HOSTNAME = mail.test\nCONFDIR = @TMP@\n"
STRICT = MACROS + "CHECK_RCPT_VERIFY_SENDER = yes\nCHECK_RCPT_GIVE_UNKNOWN_USER = yes\nCHECK_MAIL_HELO_ISSUED = yes\n"

RECIPIENTS = """\
root@mail.example.org
postmaster@mail.example.org
nosuchuser@mail.example.org
root@localhost
root
someone@elsewhere.example
.dot@mail.example.org
a!b@mail.example.org
a%b@mail.example.org
a/../b@elsewhere.example
"quoted local"@mail.example.org
root@[127.0.0.1]
""".split("\n")[:-1]


def session(sender):
    """Every recipient in a transaction of its own; the server's answers to all that."""
    lines = ["EHLO client.example"]
    for recipient in RECIPIENTS:
        lines += [f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>", "RSET"]
    return "\n".join([*lines, "QUIT"]) + "\n"


DATA = """\
EHLO client.example
MAIL FROM:<>
RCPT TO:<root@mail.example.org>
DATA
Subject: x
From: broken <x

text
.
QUIT
"""

UNSAID = (Difference(reason="rewriting says nothing of a header that it leaves as it is", part="stderr",
                     exim='LOG: <id1> rewrite: "@" or "." expected after "x"\n', gatepost=""),)

CASES = [
    (kind, macros, host, name, text)
    for kind in debian_config.TYPES[:-1]
    for macros, host, name, text in (
        (MACROS, "192.0.2.7", "relay-null", session("")),
        (MACROS, "198.51.100.1", "stranger-null", session("")),
        (STRICT, "198.51.100.1", "strict-local-sender", session("root@mail.example.org")),
        (STRICT, "198.51.100.1", "strict-unknown-sender", session("nosuchuser@mail.example.org")),
        (STRICT + "CHECK_DATA_VERIFY_HEADER_SYNTAX = yes\n", "192.0.2.7", "header-syntax", DATA),
    )
]


@pytest.mark.parametrize("kind,macros,host,name,text", CASES, ids=[f"{case[0]}-{case[3]}" for case in CASES])
def test_session(tmp_path, reference, candidate, kind, macros, host, name, text):
    config = debian_config.generate(tmp_path, kind, macros, dc_smarthost="192.0.2.25::587").read_text(encoding="latin-1")
    files = {"passwd.client": "", "host_local_deny_exceptions": ""}
    scenario = Scenario(group="debian", name=f"{kind}-{name}", args=("-bh", host), config=with_preamble(config),
                        session=text, files=files, differs=UNSAID if text == DATA else ())
    differences = report(*run_both(reference, candidate, scenario))
    if differences:
        pytest.fail(f"{scenario.id}\n{differences}", pytrace=False)
