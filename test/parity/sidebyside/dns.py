"""The DNS that both programs of a scenario see: one server for each set of zones, kept for the next scenario."""

import json
import shutil
import tempfile
from threading import Lock

from dns_server import DnsServer

SERVERS = {}
LOCK = Lock()   # both programs start at the same time


def server_for(settings):
    """A server for the settings of a scenario: {"zones": {...}} and the other arguments of DnsServer. A zone whose
    text is empty fails."""
    key = json.dumps(settings, sort_keys=True)
    with LOCK:
        if key not in SERVERS:
            zones = {name: text or None for name, text in settings["zones"].items()}
            others = {name: value for name, value in settings.items() if name != "zones"}
            SERVERS[key] = DnsServer(tempfile.mkdtemp(prefix="dns"), zones, **others)
        return SERVERS[key]


def stop_servers():
    while SERVERS:
        _, server = SERVERS.popitem()
        server.stop()
        shutil.rmtree(server.path, ignore_errors=True)
