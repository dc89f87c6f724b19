"""What a client answers to a challenge: arguments of <cram:...> in a script."""

import hmac


def cram(challenge, name, secret):
    """RFC 2195."""
    return name + b" " + hmac.new(secret, challenge, "md5").hexdigest().encode()


ANSWERS = {"cram": cram}
