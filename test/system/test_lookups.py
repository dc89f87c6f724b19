"""Lookups that need a server or a library: a real Redis server, modules mapped only by who names them."""
import os
import pathlib
import re
import signal

import pytest

from gatepost import PROGRAM, Client, LocalClient, b64, wait_until
from redis_server import RedisServer, need_redis

MODULES = pathlib.Path(PROGRAM).parent / "modules"


def expand(place, *expressions):
    """What -be makes of the expressions, one result for each."""
    return place.run("-be", *expressions).stdout.splitlines()


# --- redis

@need_redis
def test_redis_commands(place, redis):
    place.configure(f"redis_servers = 127.0.0.1::{redis.port}")
    assert expand(place, "${lookup redis{set keyname ${quote_redis:object value plus \\\\}}}",
                  "${lookup redis{get keyname}}", "${lookup redis{get nosuch}{yes}{no}}",
                  "${lookup redis{GET keyname}{<$value>}{no}}", "${lookup redis{incr count}}",
                  "${lookup redis{incr count}}", "${lookup redis{exists keyname nosuch}}",
                  "${lookup redis{hset h f 1 g ${quote_redis:two words}}}", "${lookup redis{hget h g}}") == \
        ["OK", "object value plus \\", "no", "<object value plus \\>", "1", "2", "1", "2", "two words"]
    assert expand(place, "${lookup redis{rpush list a b c}}",
                  "${map{<\n ${lookup redis{lrange list 0 -1}}}{<$item>}}") == ["3", "<a>", "<b>", "<c>"]
    assert redis.command("GET", "keyname") == b"$19\r\nobject value plus \\\r\n"


@need_redis
def test_redis_by_socket_and_database(place, redis):
    redis.command("SET", "where", "database zero")
    place.configure(f"redis_servers = ({redis.socket})/2")
    assert expand(place, "${lookup redis{set where ${quote_redis:database two}}}",
                  "${lookup redis{get where}}",
                  f"${{lookup redis,servers=127.0.0.1::{redis.port}/0{{get where}}}}",
                  f"${{lookup redis,servers=({redis.socket}){{get where}}}}",
                  f"${{lookup redis{{servers=127.0.0.1::{redis.port}/; get where}}}}",
                  f"${{lookup redis,servers=127.0.0.1::{redis.port}/9{{get where}}}}") == \
        ["OK", "database two", "database zero", "database two", "database zero",
         'Failed: lookup of "get where" gave DEFER: REDIS selection of database failed: '
         "ERR DB index is out of range"]


@need_redis
def test_redis_with_a_password(place, tmp_path):
    server = RedisServer(tmp_path / "locked", password="pass/word")
    try:
        server.command("SET", "k", "value")
        place.configure(f"hide redis_servers = 127.0.0.1::{server.port}//pass/word")
        assert expand(place, "${lookup redis{get k}}") == ["value"]
        place.configure(f"hide redis_servers = 127.0.0.1::{server.port}")
        assert "NOAUTH" in expand(place, "${lookup redis{get k}}")[0]
        place.configure(f"hide redis_servers = 127.0.0.1::{server.port}//wrong")
        result = place.run("-d+lookup", "-be", "${lookup redis{get k}}")
        assert "REDIS authentication failed: WRONGPASS" in result.stdout
        assert "wrong" not in (result.stdout + result.stderr).replace("WRONGPASS", "")
    finally:
        server.stop()


@need_redis
def test_redis_servers_are_tried_in_order(place, redis, tmp_path):
    other = RedisServer(tmp_path / "other")
    try:
        for server, text in ((redis, "first"), (other, "second")):
            server.command("SET", "k", text)
        redis.command("SET", "only", "here")
        place.configure(f"redis_servers = 127.0.0.1::{redis.port} : 127.0.0.1::{other.port}")
        asked = ["${lookup redis{get k}}", "${lookup redis{get only}{yes}{no}}"]
        assert expand(place, *asked) == ["first", "yes"]
        redis.stop()
        assert expand(place, *asked) == ["second", "no"]
    finally:
        other.stop()
    assert expand(place, asked[0]) == \
        ['Failed: lookup of "get k" gave DEFER: REDIS connection failed: Connection refused']


@need_redis
def test_redis_cluster(place, tmp_path):
    """Who has a key is found by asking all in turn, as those say MOVED that have not."""
    nodes = [RedisServer(tmp_path / name, cluster=True) for name in ("a", "b")]
    try:
        assert nodes[0].command("CLUSTER", "ADDSLOTSRANGE", 0, 8191) == b"+OK\r\n"
        assert nodes[1].command("CLUSTER", "ADDSLOTSRANGE", 8192, 16383) == b"+OK\r\n"
        nodes[0].command("CLUSTER", "MEET", "127.0.0.1", nodes[1].port, nodes[1].bus_port)
        wait_until(lambda: all(b"cluster_state:ok" in node.command("CLUSTER", "INFO") for node in nodes),
                   "the cluster")
        place.configure("redis_servers = " + " : ".join(f"127.0.0.1::{node.port}" for node in nodes))
        keys = [f"key{number}" for number in range(8)]
        assert expand(place, *(f"${{lookup redis{{set {key} {key}}}}}" for key in keys)) == ["OK"] * 8
        assert expand(place, *(f"${{lookup redis{{get {key}}}}}" for key in keys)) == keys
        sizes = [int(node.command("DBSIZE")[1:]) for node in nodes]
        assert sum(sizes) == 8 and min(sizes) > 0
        place.configure(f"redis_servers = 127.0.0.1::{nodes[0].port}")
        outcomes = expand(place, *(f"${{lookup redis{{get {key}}}}}" for key in keys))
        assert sum("gave DEFER: REDIS query failed: MOVED " in outcome for outcome in outcomes) == sizes[1]
    finally:
        for node in nodes:
            node.stop()


@need_redis
def test_redis_that_does_not_answer_is_not_waited_for_long(place, redis):
    place.configure(f"redis_servers = 127.0.0.1::{redis.port}")
    os.kill(redis.process.pid, signal.SIGSTOP)
    try:
        assert expand(place, "${lookup redis{get k}}") == \
            ['Failed: lookup of "get k" gave DEFER: REDIS query failed: timed out']
    finally:
        os.kill(redis.process.pid, signal.SIGCONT)


AUTHENTICATOR = """
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if eq{$auth3}{${lookup redis{get ${quote_redis:user:$auth2}}}}}
  server_set_id = $auth2
"""


@need_redis
def test_authentication_by_redis(place, redis):
    """Passwords that are kept in Redis; a name with white space stays one word; new ones count at once."""
    redis.command("SET", "user:al ice", "secret")
    place.configure(f"redis_servers = ({redis.socket})", sections=AUTHENTICATOR)
    port = place.daemon()
    with Client(port) as client:
        client.command("EHLO client.test")
        assert client.command(f"AUTH PLAIN {b64(chr(0) + 'alice' + chr(0) + 'secret')}").startswith("535 ")
        assert client.command(f"AUTH PLAIN {b64(chr(0) + 'al ice' + chr(0) + 'secret')}").startswith("235 ")
    redis.command("SET", "user:al ice", "changed")
    with Client(port) as client:
        client.command("EHLO client.test")
        assert client.command(f"AUTH PLAIN {b64(chr(0) + 'al ice' + chr(0) + 'secret')}").startswith("535 ")
        assert client.command(f"AUTH PLAIN {b64(chr(0) + 'al ice' + chr(0) + 'changed')}").startswith("235 ")
    redis.stop()
    with Client(port) as client:
        client.command("EHLO client.test")
        assert client.command(f"AUTH PLAIN {b64(chr(0) + 'al ice' + chr(0) + 'changed')}").startswith("435 ")
    assert "not properly quoted" not in place.log("main")


# --- The log tells of queries that a peer can write


UNQUOTED = AUTHENTICATOR.replace("${if eq{$auth3}{${lookup redis{get ${quote_redis:user:$auth2}}}}}",
                                 "${lookup sqlite{select 1 where '$auth3' = 'sesame'}{yes}{no}}")
SESAME = f"EHLO x\r\nAUTH PLAIN {b64(chr(0) + 'alice' + chr(0) + 'sesame')}\r\nQUIT\r\n"


def test_a_password_in_an_unquoted_query_is_not_logged(place):
    place.configure(f"sqlite_dbfile = {place.path}/log/db", sections=UNQUOTED)
    result = place.run("-d+lookup", "-bs", stdin=SESAME)
    assert "235 " in result.stdout
    assert "sqlite lookup of (not shown" in result.stderr and "'sesame' =" not in result.stderr
    for name in ("main", "panic"):
        assert re.search(r"tainted search query is not properly quoted: \(not shown", place.log(name))
        assert "sesame" not in place.log(name)


def test_a_password_in_a_query_that_cannot_be_answered_is_not_logged(place):
    for condition in ("${lookup sqlite,file=/dev/null/no{select '$auth3'}}",
                      f"${{lookup sqlite,file={place.config}{{select '${{quote_sqlite:$auth3}}' from x}}}}",
                      "${lookup redis,servers=127.0.0.1::1/{get ${quote_redis:$auth3}}}"):
        place.configure(sections=re.sub("server_condition = .*", lambda _: f"server_condition = {condition}",
                                        AUTHENTICATOR))
        place.run("-bs", stdin=SESAME)
    for name in ("main", "reject", "panic"):
        assert "sesame" not in place.log(name)
    assert place.log("main").count('lookup of "(not shown)" gave DEFER') == 2


# --- Modules


@pytest.mark.skipif(not (MODULES / "lookup_sqlite.so").exists(), reason="sqlite is built in")
def test_only_who_names_a_type_maps_its_library(place):
    def mapped():
        with LocalClient(place.command("-bs")) as client:
            return pathlib.Path(f"/proc/{client.process.pid}/maps").read_text()

    place.configure()
    assert not re.search(r"lookup_\w+\.so|libdb-|hiredis|jansson", mapped())
    place.configure("acl_smtp_mail = ${lookup sqlite,file=/nowhere/db{select 1}{accept}{deny}}")
    maps = mapped()
    assert "lookup_sqlite.so" in maps and "libsqlite3" in maps
    assert not re.search(r"libdb-|hiredis|jansson", maps)


def test_every_type_is_listed_and_its_module_there(place):
    version = place.run("-bV").stdout
    names = re.search(r"^Lookups \(built-in\): (.*)$", version, re.M)[1].split()
    modules = re.search(r"^Lookups \(modules\): (.*)$", version, re.M)
    names += modules[1].split() if modules else []
    for module in place.run("-bI:modules").stdout.split():
        assert (MODULES / f"{module}.so").exists()
    for name in names:
        answer = expand(place, f"${{lookup{{k}}{name}{{/nowhere/file}}}}", f"${{quote_{name}:a b}}")
        assert "unknown lookup type" not in answer[0] and "cannot load" not in answer[0]
        quoted = {"redis": "a\\ b", "ldap": "a%20b", "ldapdn": "a%20b", "ldapm": "a%20b"}
        assert answer[1] == quoted.get(name, "a b")
