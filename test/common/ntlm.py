"""NTLM (MS-NLMP) for tests: messages, and what answers them. Written for clarity, one algorithm after the other, and
with nothing of what it tests."""
import hashlib
import hmac
import struct

SIGNATURE = b"NTLMSSP\0"
UNICODE, OEM, REQUEST_TARGET, NTLM, ESS, TARGET_INFO = 0x1, 0x2, 0x4, 0x200, 0x80000, 0x800000

# --- MD4 (RFC 1320)


def rotated(value, count):
    """A word of 32 bits rotated to the left."""
    value &= 0xffffffff
    return (value << count | value >> (32 - count)) & 0xffffffff


def md4(data):
    """The digest."""
    words = data + b"\x80" + bytes((55 - len(data)) % 64) + struct.pack("<Q", 8 * len(data))
    state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476]
    rounds = [
        (lambda x, y, z: x & y | ~x & z, 0, range(16), (3, 7, 11, 19)),
        (lambda x, y, z: x & y | x & z | y & z, 0x5a827999, [i % 4 * 4 + i // 4 for i in range(16)], (3, 5, 9, 13)),
        (lambda x, y, z: x ^ y ^ z, 0x6ed9eba1, [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15], (3, 9, 11, 15)),
    ]
    for at in range(0, len(words), 64):
        block = struct.unpack("<16I", words[at:at + 64])
        a, b, c, d = state
        for function, constant, order, shifts in rounds:
            for i, index in enumerate(order):
                a, b, c, d = d, rotated(a + function(b, c, d) + block[index] + constant, shifts[i % 4]), b, c
        state = [(old + new) & 0xffffffff for old, new in zip(state, (a, b, c, d))]
    return struct.pack("<4I", *state)


# --- DES (FIPS 46-3), encryption only

IP = [r - 8 * c for r in (58, 60, 62, 64, 57, 59, 61, 63) for c in range(8)]
FP = [r + 8 * c - i for i in range(8) for r, c in ((40, 0), (8, 0), (40, 1), (8, 1), (40, 2), (8, 2), (40, 3), (8, 3))]
E = [(4 * i + j - 1) % 32 + 1 for i in range(8) for j in range(6)]
P = [16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10,
     2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25]
PC1 = [57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36,
       63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4]
PC2 = [14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2,
       41, 52, 31, 37, 47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32]
S = [[int(digit, 16) for digit in row] for row in (
    "e4d12fb83a6c59070f74e2d1a6cb953841e8d62bfc973a50fc8249175b3ea06d",
    "f18e6b34972dc05a3d47f28ec01a69b50e7ba4d158c6932fd8a13f42b67c05e9",
    "a09e63f51dc7b428d709346a285ecbf1d6498f30b12c5ae71ad069874fe3b52c",
    "7de3069a1285bc4fd8b56f03472c1ae9a690cb7df13e52843f06a1d8945bc72e",
    "2c417ab6853fd0e9eb2c47d150fa3986421bad78f9c5630eb8c71e2d6f09a453",
    "c1af92680d34e75baf427c9561de0b389ef528c3704a1db6432c95fabe17608d",
    "4b2ef08d3c975a61d0b7491ae35c2f8614bdc37eaf6805926bd814a7950fe23c",
    "d2846fb1a93e50c71fd8a374c56b0e927b419ce206adf35821e74a8dfc90356b",
)]


def permuted(bits, table):
    """The bits that the table names, in its order."""
    return [bits[i - 1] for i in table]


def bits_of(octets):
    """Bits from the most significant one on."""
    return [octet >> (7 - i) & 1 for octet in octets for i in range(8)]


def octets_of(bits):
    """The other way."""
    return bytes(sum(bit << (7 - i) for i, bit in enumerate(bits[at:at + 8])) for at in range(0, len(bits), 8))


def des(key, block):
    """Encrypts one block with a key of eight octets."""
    halves = permuted(bits_of(key), PC1)
    c, d = halves[:28], halves[28:]
    block = permuted(bits_of(block), IP)
    left, right = block[:32], block[32:]
    for turn in range(16):
        shift = 1 if turn in (0, 1, 8, 15) else 2
        c, d = c[shift:] + c[:shift], d[shift:] + d[:shift]
        mixed = [a ^ b for a, b in zip(permuted(right, E), permuted(c + d, PC2))]
        out = []
        for i in range(8):
            six = mixed[6 * i:6 * i + 6]
            row, column = six[0] * 2 + six[5], six[1] * 8 + six[2] * 4 + six[3] * 2 + six[4]
            out += [S[i][16 * row + column] >> (3 - j) & 1 for j in range(4)]
        left, right = right, [a ^ b for a, b in zip(left, permuted(out, P))]
    return octets_of(permuted(right + left, FP))


def des56(key, block):
    """With a key of seven octets, each seven bits of which get a bit of parity."""
    number = int.from_bytes(key, "big")
    return des(bytes((number >> (49 - 7 * i) & 0x7f) << 1 for i in range(8)), block)


def desl(key, challenge):
    """Three encryptions of the challenge with thirds of the key (MS-NLMP 6)."""
    key = key.ljust(21, b"\0")
    return b"".join(des56(key[at:at + 7], challenge) for at in (0, 7, 14))


# --- Responses (MS-NLMP 3.3)


def lm_hash(password):
    """LMOWFv1."""
    key = password.upper().encode("latin-1")[:14].ljust(14, b"\0")
    return des56(key[:7], b"KGS!@#$%") + des56(key[7:], b"KGS!@#$%")


def nt_hash(password):
    """NTOWFv1."""
    return md4(password.encode("utf-16-le"))


def ntlmv2_hash(user, domain, password):
    """NTOWFv2."""
    return hmac.new(nt_hash(password), (user.upper() + domain).encode("utf-16-le"), "md5").digest()


def responses(version, challenge, user, domain, password, info=b"", client=b"\xaa" * 8, stamp=bytes(8)):
    """The LM and the NT response of that kind: lm, ntlm, ess (NTLM2 session), ntlmv2 or lmv2."""
    if version == "lm":
        return desl(lm_hash(password), challenge), b""
    if version == "ntlm":
        return desl(lm_hash(password), challenge), desl(nt_hash(password), challenge)
    if version == "ess":
        return client + bytes(16), desl(nt_hash(password), hashlib.md5(challenge + client).digest()[:8])
    key = ntlmv2_hash(user, domain, password)
    blob = b"\1\1" + bytes(6) + stamp + client + bytes(4) + info + bytes(4)
    lm = hmac.new(key, challenge + client, "md5").digest() + client
    return lm, b"" if version == "lmv2" else hmac.new(key, challenge + blob, "md5").digest() + blob


# --- Messages (MS-NLMP 2.2)


def fields(values, head):
    """Descriptions of the values, and the values, which begin `head` octets into the message."""
    described, payload = b"", b""
    for value in values:
        described += struct.pack("<HHI", len(value), len(value), head + len(payload))
        payload += value
    return described, payload


def negotiate(flags=UNICODE | OEM | REQUEST_TARGET | NTLM):
    """A Type 1 message."""
    return SIGNATURE + struct.pack("<II", 1, flags) + bytes(16)


def challenge_of(message):
    """The challenge, the flags and the target info of a Type 2 message."""
    assert message.startswith(SIGNATURE + b"\2\0\0\0")
    flags, challenge = struct.unpack("<I8s", message[20:32])
    info = b""
    if flags & TARGET_INFO:
        length, _, offset = struct.unpack("<HHI", message[40:48])
        info = message[offset:offset + length]
    return challenge, flags, info


def authenticate(user, domain, lm, nt, flags=UNICODE | NTLM, workstation=""):
    """A Type 3 message."""
    encoding = "utf-16-le" if flags & UNICODE else "latin-1"
    values = [lm, nt, domain.encode(encoding), user.encode(encoding), workstation.encode(encoding), b""]
    described, payload = fields(values, 64)
    return SIGNATURE + struct.pack("<I", 3) + described + struct.pack("<I", flags) + payload
