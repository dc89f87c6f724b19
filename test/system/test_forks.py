"""What a process has open is not used in those that it forks."""
import re

from queueing import OPTIONS, mailboxes, message
from redis_server import need_redis

pytestmark = need_redis


def test_deliveries_have_connections_of_their_own(place, redis):
    """CLIENT ID is the number of the connection: that of the routing is of no other process."""
    sections = mailboxes(place).replace("  transport = mailbox\n", (
        "  transport = mailbox\n  address_data = ${lookup redis{CLIENT ID}}\n")).replace("  driver = appendfile\n  file", (
            "  headers_add = X-Connections: $address_data ${lookup redis,cache=no_rd{CLIENT ID}}\n"
            "  driver = appendfile\n  file"))
    place.configure(OPTIONS + f"redis_servers = 127.0.0.1::{redis.port}\n", sections)
    message(place, "-odi", "boxa@b.test", "boxb@b.test", "boxc@b.test")
    boxes = [place.path / f"{name}.mbox" for name in ("boxa", "boxb", "boxc")]
    found = [re.search(r"X-Connections: (\d+) (\d+)\n", box.read_text()) for box in boxes]
    routing = {match[1] for match in found}
    delivery = [match[2] for match in found]
    assert len(routing) == 1 and len(set(delivery)) == 3 and not routing & set(delivery), (routing, delivery)
