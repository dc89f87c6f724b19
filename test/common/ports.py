"""Ports of 127.0.0.1 for the servers of tests."""

import random
import socket

# Below what the kernel hands out by itself: no connection of another test takes the port before its server does.
FIRST, LAST = 10240, 32767

KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}


def free_port(kind="tcp"):
    """A port that nobody listens on. It is drawn, so that tests which run at the same time get others."""
    while True:
        port = random.randint(FIRST, LAST)
        with socket.socket(socket.AF_INET, KINDS[kind]) as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
