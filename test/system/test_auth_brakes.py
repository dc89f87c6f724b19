"""Brakes on guessing passwords: failures are counted for each client and account, and the next attempt is put off."""
import shutil
import time

import pytest

from authentication import INCORRECT, LATER, OK, talk
from gatepost import PLAIN, RIGHT, TOP, WRONG, Client, b64, wait_until
from peers import output, run
from redis_server import RedisServer, need_redis

FAIL2BAN = shutil.which("fail2ban-regex")

BOB_WRONG = b64("\0bob\0wrong")
TOO_MANY_CLIENT = "too many failed authentications from this client"
TOO_MANY_ACCOUNT = "too many failed authentications for this account"


def plain(client, *data):
    """The replies to AUTH PLAIN with each of these."""
    return talk(client, *(f"AUTH PLAIN {octets}" for octets in data))


def test_off_by_default(daemon):
    daemon.start()
    client = daemon.client()
    before = time.monotonic()
    assert plain(client, *[WRONG] * 20, RIGHT) == [INCORRECT] * 20 + [OK]
    assert time.monotonic() - before < 10
    assert not list((daemon.place.path / "spool").glob("db/auth*"))


def test_clients(daemon):
    daemon.start("auth_fail_max_per_client = 3\n")
    client = daemon.client()
    assert plain(client, WRONG, BOB_WRONG, WRONG, RIGHT, WRONG) == [INCORRECT] * 3 + [LATER] * 2
    assert f"plain authenticator failed for {daemon.who()}: {LATER}: {TOO_MANY_CLIENT}\n" in daemon.place.log("main")
    assert plain(daemon.client(), RIGHT) == [LATER], "all workers know"
    other = Client(daemon.port, source="127.0.0.2")
    other.command("EHLO other.test")
    assert plain(other, RIGHT) == [OK]
    other.close()


def test_accounts(daemon):
    daemon.start("auth_fail_max_per_account = 2\n")
    assert plain(daemon.client(), WRONG, BOB_WRONG, WRONG) == [INCORRECT] * 3
    other = Client(daemon.port, source="127.0.0.2")
    other.command("EHLO other.test")
    assert plain(other, RIGHT) == [LATER], "a right password does not tell that it is one"
    assert plain(other, WRONG) == [LATER]
    other.close()
    assert f"{LATER} (set_id=alice): {TOO_MANY_ACCOUNT}\n" in daemon.place.log("main")


def test_success_below_the_limit(daemon):
    daemon.start("auth_fail_max_per_account = 3\nauth_fail_max_per_client = 3\n")
    assert plain(daemon.client(), WRONG, WRONG, RIGHT) == [INCORRECT] * 2 + [OK]


def test_counts_are_forgotten(daemon):
    daemon.start("auth_fail_max_per_client = 1\nauth_fail_period = 1s\n")
    client = daemon.client()
    assert plain(client, WRONG, RIGHT) == [INCORRECT, LATER]
    wait_until(lambda: plain(client, RIGHT) == [OK], "the count to be forgotten")


def test_delay(daemon):
    daemon.start("auth_fail_delay = 1s\n")
    client, other = daemon.client(), daemon.client()
    before = time.monotonic()
    client.send(f"AUTH PLAIN {WRONG}\r\n")
    assert plain(other, RIGHT) == [OK], "success is not delayed, nor is anybody else"
    assert client.reply() == INCORRECT
    assert time.monotonic() - before >= 1


def test_a_delay_ends_when_the_client_goes(daemon):
    daemon.start("auth_fail_delay = 1h\n")
    client = daemon.client()
    client.send(f"AUTH PLAIN {WRONG}\r\n")
    daemon.place.wait_for_log("authenticator failed")
    client.close()
    daemon.clients.remove(client)
    daemon.place.stop()  # waits for the session to end


def test_test_sessions_do_not_count(place):
    place.configure("auth_fail_max_per_client = 1\nauth_fail_delay = 1h\n")
    output = place.session("EHLO client.test", f"AUTH PLAIN {WRONG}", f"AUTH PLAIN {WRONG}", f"AUTH PLAIN {RIGHT}")
    assert output.count(INCORRECT) == 2 and OK in output


def test_ratelimit_on_the_failed_id(daemon):
    """What ACLs can do with failures of a session."""
    daemon.start("acl_smtp_auth = auth\n", """
begin acl
auth:
  deny condition = ${if def:authenticated_fail_id}
       ratelimit = 0 / 1h / strict / per_cmd / fail:$authenticated_fail_id
       message   = enough for $authenticated_fail_id
  accept
""" + PLAIN)
    assert plain(daemon.client(), WRONG, RIGHT) == [INCORRECT, "503 enough for alice"]


@need_redis
def test_redis(daemon, tmp_path):
    """The counts of one machine are those of the other."""
    server = RedisServer(tmp_path / "redis")
    try:
        options = f"auth_fail_max_per_client = 2\nauth_fail_max_per_account = 2\n" \
                  f"auth_fail_redis\nredis_servers = 127.0.0.1::{server.port}\n"
        daemon.start(options)
        assert plain(daemon.client(), WRONG) == [INCORRECT]
        assert server.command("GET", "gatepost:auth:client:127.0.0.1") == b"$1\r\n1\r\n"
        assert server.command("GET", "gatepost:auth:account:alice") == b"$1\r\n1\r\n"
        assert 0 < int(server.command("TTL", "gatepost:auth:account:alice")[1:]) <= 3600
        server.command("INCR", "gatepost:auth:client:127.0.0.1")
        assert plain(daemon.client(), RIGHT) == [LATER]
    finally:
        server.stop()
    shutil.rmtree(daemon.place.path / "redis", ignore_errors=True)
    assert plain(daemon.client(), RIGHT) == [OK], "without counts nobody is refused"
    assert "not properly quoted" not in daemon.place.log("main")
    assert "cannot count failed authentications: " in daemon.place.log("main")


# --- fail2ban


def banned(log, fail2ban_filter):
    """The addresses of the clients of the log's lines that the filter matches."""
    result = run("fail2ban-regex", "--out", "ip", log, fail2ban_filter)
    assert result.returncode == 0, output(result)
    return output(result).split()


@pytest.mark.skipif(not FAIL2BAN, reason="fail2ban is not installed")
def test_fail2ban(daemon):
    """The filter that comes with the examples matches all lines that tell of failures, and no other."""
    daemon.start("auth_fail_max_per_client = 3\nlog_selector = +incoming_port +incoming_interface\n")
    plain(daemon.client(), WRONG, WRONG)
    daemon.client("EHLO [10.9.8.7]").command("AUTH PLAIN " + b64("\0x] 535 Incorrect [10.9.8.7]\0x"))
    plain(daemon.client(), RIGHT)
    other = Client(daemon.port, source="127.0.0.2")
    other.command("EHLO other.test")
    assert plain(other, RIGHT) == [OK]
    other.command("AUTH PLAIN " + WRONG)  # not a failure: the session is authenticated
    other.close()
    log = daemon.place.path / "log/mainlog"
    assert log.read_text().count("authenticator failed") == 4
    assert banned(log, TOP / "doc/examples/fail2ban-filter.conf") == ["127.0.0.1"] * 4


@pytest.mark.skipif(not FAIL2BAN, reason="fail2ban is not installed")
@pytest.mark.parametrize("source, hosts", [
    # Debian 12 has a filter that is older than the H= of Exim 4.98, and takes the host's name only behind it.
    ("H=host.test (client.test) [192.0.2.1]", ["192.0.2.1"]),
    ("(client.test) [192.0.2.1]", ["192.0.2.1"]),
    ("H=(client.test) [192.0.2.1]", []),
])
def test_fail2ban_of_exim(daemon, source, hosts):
    """What the filter for Exim that comes with fail2ban makes of such lines: those of ours are of the newer form."""
    daemon.start()
    plain(daemon.client(), WRONG)
    line = next(line for line in daemon.place.log("main").splitlines(True) if "authenticator failed" in line)
    assert " for H=(client.test) [127.0.0.1]: " in line
    log = daemon.place.path / "log/one"
    log.write_text(line.replace("H=(client.test) [127.0.0.1]", source))
    assert banned(log, "exim") == hosts
