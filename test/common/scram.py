"""SCRAM (RFC 5802) as a client: its last message."""
import base64
import hashlib
import hmac


def last_message(kind, secret, first, challenge, binding=b""):
    """The answer to the challenge of a server. first: the message that the challenge answers, whole; kind: the hash;
    binding: the data of the channel. All octets, but kind."""
    flags, bare = first[:first.index(b",", first.index(b",") + 1) + 1], first.split(b",", 2)[2]
    fields = dict(field.split(b"=", 1) for field in challenge.split(b","))
    salted = hashlib.pbkdf2_hmac(kind, secret, base64.b64decode(fields[b"s"]), int(fields[b"i"]))
    key = hmac.digest(salted, b"Client Key", kind)
    last = b"c=" + base64.b64encode(flags + binding) + b",r=" + fields[b"r"]
    signature = hmac.digest(hashlib.new(kind, key).digest(), b",".join((bare, challenge, last)), kind)
    return last + b",p=" + base64.b64encode(bytes(a ^ b for a, b in zip(key, signature)))
