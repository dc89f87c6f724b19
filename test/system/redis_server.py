"""A real Redis server for the tests of lookups: on a free loopback port and a socket, in its own directory."""
import shutil
import socket
import subprocess

import pytest

from gatepost import DEADLINE, free_port, wait_until

PROGRAM = shutil.which("redis-server")
need_redis = pytest.mark.skipif(not PROGRAM, reason="redis-server is not installed")


class RedisServer:
    """Runs until stop(); without a cluster's bus unless it is to be a node of one."""

    def __init__(self, path, password="", cluster=False):
        self.path = path
        path.mkdir()
        path.chmod(0o755)
        self.port = free_port()
        self.bus_port = free_port()
        self.socket = path / "socket"
        settings = {"bind": "127.0.0.1", "port": self.port, "unixsocket": self.socket, "unixsocketperm": 777,
                    "dir": path, "save": '""', "appendonly": "no", "daemonize": "no", "databases": 4}
        if cluster:
            del settings["databases"]
            settings |= {"cluster-enabled": "yes", "cluster-port": self.bus_port,
                         "cluster-config-file": path / "nodes.conf"}
        if password:
            settings["requirepass"] = password
        self.password = password
        config = path / "redis.conf"
        config.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen([PROGRAM, str(config)], stdout=subprocess.DEVNULL)
        wait_until(self.answers, "the Redis server")

    def answers(self):
        """Whether it is ready."""
        try:
            return self.command("PING") == b"+PONG\r\n"
        except OSError:
            return False

    def command(self, *words):
        """Sends a command; the first read of the reply, as it comes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE) as connection:
            if self.password:
                connection.sendall(encode("AUTH", self.password))
                connection.recv(4096)
            connection.sendall(encode(*words))
            return connection.recv(65536)

    def stop(self):
        """Ends the server."""
        self.process.terminate()
        self.process.wait(DEADLINE)


def encode(*words):
    """A command as the protocol has it."""
    octets = [str(word).encode() for word in words]
    return b"*%d\r\n" % len(octets) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in octets)
