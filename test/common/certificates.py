"""Certificates for tests, made with OpenSSL: authorities and what they sign, each in NAME.pem and NAME.key."""
import subprocess


def openssl(*arguments, code=0, stdin=None):
    result = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, input=stdin, timeout=60,
                            check=False)
    assert code is None or result.returncode == code, (arguments, result.stderr)
    return result.stdout


class Authority:
    """A certification authority in a directory of its own files."""

    def __init__(self, directory, name="ca", subject="/O=Test/CN=Test CA", key=None):
        self.directory, self.name = directory, name
        self.certificate, self.key = self.file("pem"), self.file("key")
        self.index = self.file("index")
        self.serial = 0x1000
        openssl("req", "-x509", *(key or NEW_KEY), "-keyout", self.key, "-out", self.certificate, "-days", "30", "-subj", subject,
                "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=keyCertSign,cRLSign,digitalSignature")

    def file(self, ending):
        return self.directory / f"{self.name}.{ending}"

    def issue(self, name, subject, extensions="", days=20, key=None, serial=None):
        """Signs a certificate; days below zero: it has expired. Returns its path; the key lies beside it."""
        certificate, own_key, request = (self.directory / f"{name}.{ending}" for ending in ("pem", "key", "csr"))
        openssl("req", *(key or NEW_KEY), "-keyout", own_key, "-out", request, "-subj", subject)
        own_key.chmod(0o600)
        extension_file = self.directory / f"{name}.ext"
        extension_file.write_text(extensions + "\n")
        self.serial += 1
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-days", days,
                "-set_serial", serial or self.serial, "-out", certificate, "-extfile", extension_file)
        return certificate

    def crl(self, *revoked):
        """A revocation list with these certificates in it."""
        config, crl = self.file("conf"), self.file("crl")
        config.write_text(f"[ca]\ndefault_ca=d\n[d]\ndatabase={self.index}\ndefault_md=sha256\ndefault_crl_days=30\n")
        self.index.write_text("")
        ca = ("ca", "-config", config, "-keyfile", self.key, "-cert", self.certificate)
        for certificate in revoked:
            openssl(*ca, "-revoke", certificate)
        openssl(*ca, "-gencrl", "-out", crl)
        return crl

    def ocsp(self, certificate, revoked=False):
        """A status for stapling, in DER form."""
        serial = openssl("x509", "-in", certificate, "-noout", "-serial").strip().split("=")[1]
        subject = openssl("x509", "-in", certificate, "-noout", "-subject", "-nameopt", "compat").strip()
        until = "351231235959Z"
        state = f"R\t{until}\t250101000000Z\t" if revoked else f"V\t{until}\t\t"
        self.index.write_text(f"{state}{serial}\tunknown\t/{subject.partition('/')[2]}\n")
        request, response = self.file("ocspreq"), certificate.with_suffix(".ocsp")
        openssl("ocsp", "-issuer", self.certificate, "-cert", certificate, "-reqout", request, "-no_nonce")
        openssl("ocsp", "-index", self.index, "-rsigner", self.certificate, "-rkey", self.key, "-CA", self.certificate,
                "-reqin", request, "-respout", response, "-ndays", "5")
        return response


# Keys of an elliptic curve take no time to make.
NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
RSA_KEY = ("-newkey", "rsa:2048", "-nodes")
