"""Takes out of an outcome what differs from run to run: directories, times, process ids, ports, message ids,
the program's name and version; and rewrites the reference's 4.96 forms as 4.99 has them."""

import base64
import re

from . import backends, pki

# 16 characters up to 4.96, 23 since.
MESSAGE_ID = re.compile(r"\b1[0-9A-Za-z]{5}-(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|"
                        r"[0-9A-Za-z]{11}-[0-9A-Za-z]{4})\b")

# What lines of 4.96 have not: the identifier of the connection (4.97, log selector connection_id).
CONNECTION_ID = re.compile(r" Ci=\S+")

# Day, date, time and zone as $tod_full has them, and the time stamp of a log line.
FULL_DATE = re.compile(r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d? \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}")
LOG_TIME = re.compile(r"(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{3})?( [+-]\d{4})?(?: \[\d+\])?(?= )")

REPLACEMENTS = [
    (re.compile(r"ESMTP (?:Exim|Gatepost) \S+"), "ESMTP <server>"),
    (re.compile(r"\((?:Exim|Gatepost) \d\S*\)"), "(<server>)"),
    (re.compile(r"(?m)^(# )(?:Exim|Gatepost)( Configuration \()[^)]*\)"), r"\1<server>\2<version>)"),
    (re.compile(r"(?m)^(<time>.*?)(?:exim|gatepost) \S+ (daemon started: )pid=\d+"),
     r"\1<server> \2pid=<pid>"),
    (re.compile(r"(?m)^(?:exim|gatepost)(?=:| abandoned:)"), "<server>"),
    (re.compile(r"\bS=\d+"), "S=<size>"),
    (re.compile(r"\bD=[\d.]+s"), "D=<duration>"),
    (re.compile(r"\(euid=\d+ egid=\d+\)"), "(euid=<id> egid=<id>)"),
    # Of plugins that are equally strong, the Cyrus library names the one first that the directory has first.
    (re.compile(r'(Cyrus SASL does not offer mechanism "[^"]*" \(but )[A-Z0-9 -]+\)'), r"\1<mechanisms>)"),
]

# A challenge of CRAM-MD5, or of anything else that is a message id, and those of NTLM, DIGEST-MD5 and SCRAM.
CHALLENGE = re.compile(r"(?m)(?<=S: 334 )(?:P[A-P]|TlRMTVNTUAAC|bm9uY2U9|cmVhbG09|cnNwYXV0aD|cj1|dj[01])[A-Za-z0-9+/]+=*$")
RANDOM = re.compile(r'(?<=nonce=")[^"]+|(?:(?<=r=own)|(?<=s=)|(?<=v=)|(?<=rspauth=))[^",][^,]*')


def challenge(match):
    """What the challenge has in it, less what has to be new in each."""
    text = base64.b64decode(match[0]).decode("latin-1")
    if text.startswith("NTLMSSP"):
        return f"<NTLM challenge with flags {int.from_bytes(text[20:24].encode('latin-1'), 'little'):#x}>"
    text = RANDOM.sub(lambda random: f"<{len(random[0])} octets>", text)
    return re.sub(r"^<[0-9a-f]+\.[0-9]+(@.*>)$", r"<challenge>\1", text)


# Where 4.96 and 4.99 differ, the form of 4.99.
NEWER_FORMS = [
    # Log lines on standard error, in the one form that Gatepost has for all modes.
    (re.compile(r"(?m)^LOG: (?:MAIN|REJECT|PANIC| )+\n  (.*)\n+"), r"LOG: \1\n"),
    # 4.98: the H= and U= tags in the line about a failed authentication.
    (re.compile(r"(\w+ authenticator failed for )(?=\S* ?(?:\([^)]*\) )?\[)"), r"\1H="),
    (re.compile(r"(\w+ authenticator failed for )(?!H=)(?=\S+: \d\d\d )"), r"\1U="),
]


# The reference is built with GnuTLS, Gatepost with OpenSSL. They have names of their own for ciphers (of TLS 1.3,
# GnuTLS gives a standard name that is none), write distinguished names each in their way, and word errors each in
# their way; and only OpenSSL says which certificate did not verify.
TLS_LIBRARIES = [
    (re.compile(r"\b(TLS1\.\d):[\w-]+:(\d+)"), r"\1:<cipher>:\2"),
    (re.compile(r"\bTLS_(?:\w+_WITH_)?(AES_\d+_\w+)"), r"<cipher \1>"),
    (re.compile(r"(?m)\((?:gnutls_handshake|SSL_accept|certificate verification failed)\): .*$"), "(<handshake>): <reason>"),
    (re.compile(r"(?m)\((?:recv|SSL_read)\): .*$"), "(<read>): <reason>"),
    (re.compile(r"(?m)\((?:cert/key setup: |SSL_CTX_\w+ |X509_\w+ )[^)]*\): .*$"), "(<certificate>): <reason>"),
    (re.compile(r"(?m)^.*\] SSL verify error: .*\n"), ""),
    (re.compile(r"(?m)^.*TLS error in configuration: .*\n"), ""),
]
GNUTLS_NAME = re.compile(r"(?:[A-Z]+=[^,\s|\"]+,)+[A-Z]+=[^,\s|\"]+|(?<=DN=\")[A-Z]+=[^,\s|\"]+")


class Normaliser:
    """For one outcome: message ids and ports get the same replacement wherever they appear."""

    def __init__(self, place, ports, is_reference):
        self.place = str(place)
        self.ports = {str(number): name for name, number in ports.items()}
        self.is_reference = is_reference
        self.ids = {}

    def text(self, text):
        text = text.replace(self.place, "@TMP@")
        for place in pki.MADE:
            text = text.replace(str(place), "@CERTS@")
        text = backends.normalise(text)
        text = CONNECTION_ID.sub("", text)
        text = MESSAGE_ID.sub(lambda match: self.ids.setdefault(match[0], f"<id{len(self.ids) + 1}>"), text)
        text = FULL_DATE.sub("<date>", text)
        text = LOG_TIME.sub(self.log_time, text)
        for port, name in self.ports.items():
            text = re.sub(rf"(?<=[:.]){port}\b", f"<{name} port>", text)
        text = CHALLENGE.sub(challenge, text)
        for pattern, replacement in REPLACEMENTS + TLS_LIBRARIES:
            text = pattern.sub(replacement, text)
        if self.is_reference:
            text = GNUTLS_NAME.sub(lambda match: "/" + match[0].replace(",", "/"), text)
            for pattern, replacement in NEWER_FORMS:
                text = pattern.sub(replacement, text)
        return text

    @staticmethod
    def log_time(match):
        return "<time>" + (".<ms>" if match[1] else "") + (" <zone>" if match[2] else "") + \
            (" [<pid>]" if match[0].endswith("]") else "")


def keep_lines(text, wanted):
    return "".join(line + "\n" for line in text.removesuffix("\n").split("\n") if wanted(line))


def log_lines_of_test(text, debug):
    """What -bh writes to stderr, less the ">>> " lines that no pattern asks for."""
    pattern = re.compile(debug) if debug else None
    return keep_lines(text, lambda line: not line.startswith((">>>", "**** debug")) or
                      bool(pattern and pattern.search(line)))
