"""Options of the command line that submit a message: what ends it, and when it is delivered (manual, 5.2)."""
import pytest

from gatepost import wait_until

CONFIG = """
exim_user = mail
""", """
begin routers
far:
  driver = manualroute
  domains = far.test
  route_list = * 127.0.0.1 byname
  self = send
  transport = far
box:
  driver = accept
  transport = box
begin transports
far:
  driver = smtp
  port = 1
box:
  driver = appendfile
  file = {path}/mbox
  user = mail
begin retry
*  *  F,1h,10m
"""


@pytest.fixture(name="submitting")
def fixture_submitting(place):
    place.configure(CONFIG[0], CONFIG[1].format(path=place.path))
    place.path.chmod(0o1777)
    return place


def mbox(place):
    path = place.path / "mbox"
    return path.read_text() if path.exists() else ""


@pytest.mark.parametrize("options, whole", [([], False), (["-bm"], False), (["-i"], True), (["-oi"], True),
                                            (["-bm", "-oi"], True)])
def test_a_dot_on_a_line(submitting, options, whole):
    """Ends the message unless an option says that it is a line like others."""
    submitting.run(*options, "-odi", "a@b.test", stdin="Subject: x\n\nbefore\n.\nbehind\n")
    wait_until(lambda: mbox(submitting), "the message arrives")
    assert "\nbefore\n" in mbox(submitting)
    assert ("\n.\nbehind\n" in mbox(submitting)) == whole and ("behind" in mbox(submitting)) == whole


@pytest.mark.parametrize("option", ["-odb", "-odf", "-odi"])
def test_delivered_at_once(submitting, option):
    submitting.run(option, "a@b.test", stdin="Subject: x\n\nhi\n")
    if option != "-odb":  # the program waits for the others
        assert " Completed" in submitting.log("main")
    submitting.wait_for_log(" Completed")
    assert "Subject: x" in mbox(submitting)


def test_left_in_the_queue(submitting):
    submitting.run("-odq", "a@b.test", stdin="Subject: x\n\nhi\n")
    assert submitting.run("-bpc").stdout == "1\n"
    assert "=>" not in submitting.log("main") and not mbox(submitting)
    submitting.run("-q")
    assert "Subject: x" in mbox(submitting)


def test_remote_deliveries_left_in_the_queue(submitting):
    """-odqs: those on this machine are made at once."""
    submitting.run("-odqs", "a@b.test", "c@far.test", stdin="Subject: x\n\nhi\n")
    submitting.wait_for_log(" => a <a@b.test> R=box")
    wait_until(lambda: submitting.run("-bp").stdout.count("D a@b.test") == 1, "the delivery is noted")
    assert "Connection refused" not in submitting.log("main") and submitting.run("-bpc").stdout == "1\n"
    submitting.run("-q")
    assert "127.0.0.1 [127.0.0.1] Connection refused" in submitting.log("main")
