"""What a client answers: <cram:...>, <negotiate:>, <ntlm:...>, <digest:...> and <scram:...> in a script."""

import base64
import hashlib
import hmac
import re

import ntlm
from scram import last_message


def challenge_in(reply):
    """The octets of a 334 reply."""
    return base64.b64decode(reply[4:])


def cram(reply, name, secret):
    """RFC 2195."""
    return name + b" " + hmac.new(secret, challenge_in(reply), "md5").hexdigest().encode()


def negotiate(_reply, flags):
    """A message of Type 1; without flags as Exim sends it."""
    return ntlm.negotiate(int(flags, 16) if flags else 0xb207)


def authenticate(reply, *arguments):
    """One of Type 3 with responses of that version; flags only where they are not those of the challenge."""
    version, user, domain, password, flags = [*(argument.decode("latin-1") for argument in arguments), ""][:5]
    challenge, offered, info = ntlm.challenge_of(challenge_in(reply))
    responses = ntlm.responses(version, challenge, user, domain, password, info)
    return ntlm.authenticate(user, domain, *responses, int(flags, 16) if flags else offered)


def digest(reply, name, secret, realm):
    """RFC 2831."""
    def md5(*parts):
        return hashlib.md5(b":".join(parts)).hexdigest().encode()

    nonce = re.search(rb'nonce="([^"]*)"', challenge_in(reply))[1]
    first = hashlib.md5(b":".join((name, realm, secret))).digest()
    proof = md5(md5(first, nonce, b"own"), nonce, b"00000001", b"own", b"auth", md5(b"AUTHENTICATE", b"smtp/mail.test"))
    return (b'username="%b",realm="%b",nonce="%b",cnonce="own",nc=00000001,qop=auth,digest-uri="smtp/mail.test",'
            b'response=%b,charset=utf-8' % (name, realm, nonce, proof))


def scram(reply, kind, name, secret):
    """RFC 5802: the last message of a client whose first was n,,n=NAME,r=own."""
    return last_message(kind.decode(), secret, b"n,,n=%b,r=own" % name, challenge_in(reply))


ANSWERS = {"cram": cram, "negotiate": negotiate, "ntlm": authenticate, "digest": digest, "scram": scram}
