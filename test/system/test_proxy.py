"""The PROXY protocol: a load balancer in front, and what pretends to be one."""
import shutil
import socket
import struct
import subprocess

import pytest

from gatepost import Client, DEADLINE, free_port, readable, wait_until

OPTIONS = """
tls_advertise_hosts =
hosts_proxy = 127.0.0.1
proxy_protocol_timeout = 1s
acl_smtp_connect = note
log_selector = +smtp_connection +incoming_port +proxy
"""

SECTIONS = """
begin acl
note:
  accept logwrite = session=$proxy_session ext=$proxy_external_address:$proxy_external_port \\
    local=$proxy_local_address from=$sender_host_address:$sender_host_port
"""

V4 = socket.inet_aton("192.0.2.1") + socket.inet_aton("192.0.2.25") + struct.pack(">HH", 4321, 25)
V6 = (socket.inet_pton(socket.AF_INET6, "2001:db8::1") + socket.inet_pton(socket.AF_INET6, "2001:db8::2") +
      struct.pack(">HH", 4321, 25))


def version_2(command, family, addresses, length=None):
    return (b"\r\n\r\n\0\r\nQUIT\n" + bytes([0x20 | command, family]) +
            struct.pack(">H", len(addresses) if length is None else length) + addresses)


@pytest.fixture(name="port")
def fixture_port(place):
    place.configure(OPTIONS, SECTIONS)
    return place.daemon()


@pytest.mark.parametrize("header, note", [
    (b"PROXY TCP4 192.0.2.1 192.0.2.25 4321 25\r\n", "yes ext=192.0.2.25:25 local=127.0.0.1 from=192.0.2.1:4321"),
    (b"PROXY TCP6 2001:db8::1 2001:db8::2 4321 25\r\n", "yes ext=2001:db8::2:25 local=127.0.0.1 from=2001:db8::1:4321"),
    (version_2(1, 0x11, V4), "yes ext=192.0.2.25:25 local=127.0.0.1 from=192.0.2.1:4321"),
    (version_2(1, 0x21, V6 + b"\x04\0\2ab"), "yes ext=2001:db8::2:25 local=127.0.0.1 from=2001:db8::1:4321"),
    (b"PROXY UNKNOWN\r\n", "yes ext=:0 local= from=127.0.0.1:"),
    (version_2(0, 0x11, V4), "yes ext=:0 local= from=127.0.0.1:"),
])
def test_headers(place, port, header, note):
    with Client(port, greet=False) as client:
        # What follows the header is the client's; it may come with it.
        client.send(header)
        assert client.reply().startswith("220 ")
        assert client.command("EHLO x.test").startswith("250-mail.test Hello x.test [")
        assert client.command("QUIT").startswith("221 ")
    place.wait_for_log("session=" + note)


@pytest.mark.parametrize("header", [
    b"EHLO x.test\r\nQUIT\r\n",
    b"PROXY TCP4 192.0.2.1 192.0.2.25 4321 25\nEHLO x.test\r\n" + b"x" * 80,
    b"PROXY TCP4 192.0.2.1 192.0.2.25 65536 25\r\n",
    b"PROXY TCP4 192.0.2.1\r\n",
    b"PROXY TCP4 192.0.2.1 192.0.2.25 4321 25" + b" " * 100 + b"\r\n",
    version_2(1, 0x11, V4[:8]),
    version_2(1, 0x12, V4),
    version_2(2, 0x11, V4),
    version_2(1, 0x11, V4, 65535),
    b"",
])
def test_malformed_headers_are_dropped(place, port, header):
    with Client(port, greet=False) as client:
        client.send(header)
        try:
            assert client.at_end()
        except ConnectionResetError:
            pass  # there was more of it than had to be read
    place.wait_for_log("Connection from [127.0.0.1] dropped: no valid PROXY protocol header")
    assert "from=192.0.2.1" not in place.log("main")


def test_other_hosts_need_no_header(place):
    place.configure(OPTIONS.replace("hosts_proxy = 127.0.0.1", "hosts_proxy = 192.0.2.1"), SECTIONS)
    with Client(place.daemon()) as client:
        assert client.banner.startswith("220 ")
        assert client.command("QUIT").startswith("221 ")
    place.wait_for_log("session=no ext=:0 local= from=127.0.0.1:")


@pytest.mark.parametrize("sending", ["send-proxy", "send-proxy-v2"])
def test_haproxy_in_front(place, port, sending):
    front = free_port()
    config = place.path / "haproxy.cfg"
    config.write_text(f"""
global
  maxconn 20
defaults
  mode tcp
  timeout connect 5s
  timeout client 10s
  timeout server 10s
listen smtp
  bind 127.0.0.1:{front}
  server one 127.0.0.1:{port} {sending}
""")
    haproxy = shutil.which("haproxy", path="/usr/sbin:/usr/bin")
    process = subprocess.Popen([haproxy, "-db", "-f", str(config)], stdin=subprocess.DEVNULL)
    place.processes.append(process)
    wait_until(lambda: place.listening(front), "haproxy listens")
    with Client(front, source="127.0.0.5") as client:
        assert client.banner.startswith("220 ")
        assert client.command("EHLO x.test").startswith("250-mail.test Hello x.test [127.0.0.5]")
        assert not readable(client.socket, 0)
        assert client.command("QUIT").startswith("221 ")
    assert process.poll() is None, f"haproxy has ended within {DEADLINE} s"
    place.wait_for_log("local=127.0.0.1 from=127.0.0.5:")
