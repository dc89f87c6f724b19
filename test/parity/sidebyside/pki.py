"""The certificates that both programs of a scenario see: made once, for all scenarios that ask for them."""

import shutil
import tempfile
from pathlib import Path
from threading import Lock

from certificates import RSA_KEY, Authority

MADE = []
LOCK = Lock()   # both programs start at the same time


def directory():
    """Where they lie: ca, server, alice, bob (two addresses), expired, stranger (of another authority); .pem, .key."""
    with LOCK:
        if not MADE:
            place = Path(tempfile.mkdtemp(prefix="certificates"))
            place.chmod(0o755)
            ca = Authority(place, key=RSA_KEY)
            ca.issue("server", "/O=Test/CN=mail.test", "subjectAltName=DNS:mail.test", key=RSA_KEY)
            ca.issue("alice", "/C=UK/O=Test/CN=alice",
                     "subjectAltName=email:alice@test.ex,DNS:c.test,URI:http://x/y\n"
                     "crlDistributionPoints=URI:http://crl.test/x.crl\n"
                     "authorityInfoAccess=OCSP;URI:http://ocsp.test/a", key=RSA_KEY, serial="0x00ff0102")
            ca.issue("bob", "/O=Test/CN=bob", "subjectAltName=email:bob@test.ex,email:robert@test.ex")
            ca.issue("expired", "/O=Test/CN=expired", days=-1)
            Authority(place, "other", "/CN=Other CA").issue("stranger", "/CN=stranger")
            for key in place.glob("*.key"):
                key.chmod(0o644)    # the packaged Exim gives up root before it reads them
            MADE.append(place)
        return MADE[0]


def remove():
    while MADE:
        shutil.rmtree(MADE.pop(), ignore_errors=True)
