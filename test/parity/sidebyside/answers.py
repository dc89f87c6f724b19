"""What a client answers: <cram:...>, <negotiate:> and <ntlm:...> in a script."""

import base64
import hmac

import ntlm


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


ANSWERS = {"cram": cram, "negotiate": negotiate, "ntlm": authenticate}
