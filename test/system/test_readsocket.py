"""${readsocket} over TCP and TLS."""
import socket
import ssl
import subprocess
import threading

import pytest

from gatepost import DEADLINE


class Echo:
    """Answers what it is asked in brackets, with TLS where there is a context; once."""

    def __init__(self, context=None):
        self.context = context
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        """Serves one client."""
        self.listener.settimeout(DEADLINE)
        try:
            connection, _ = self.listener.accept()
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            connection.sendall(b"[" + connection.recv(4096) + b"]")
            connection.close()
        except OSError:
            pass

    def stop(self):
        """Ends."""
        self.thread.join(DEADLINE)
        self.listener.close()


@pytest.fixture(name="context", scope="module")
def fixture_context(tmp_path_factory):
    """A server's TLS with a certificate of its own."""
    path = tmp_path_factory.mktemp("certificate")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-subj", "/CN=localhost", "-keyout", path / "key", "-out", path / "certificate"],
                   check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path / "certificate", path / "key")
    return context


def ask(place, echo, options):
    """What the expansion gives."""
    try:
        return place.run("-be", f"${{readsocket{{inet:localhost:{echo.port}}}{{question}}{{{options}}}}}").stdout
    finally:
        echo.stop()


def test_plain(place):
    assert ask(place, Echo(), "3s") == "[question]\n"


def test_tls(place, context):
    assert ask(place, Echo(context), "3s:tls=yes") == "[question]\n"


def test_tls_with_a_server_that_has_none(place):
    assert ask(place, Echo(), "3s:tls=yes").startswith("Failed: TLS session to inet:localhost:")


def test_no_tls_with_a_server_that_wants_it(place, context):
    assert "question" not in ask(place, Echo(context), "2s:tls=no")
