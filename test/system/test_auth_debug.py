"""AUTH as an administrator looks at it: debugging output."""
import pytest

from authentication import ALICE, INCORRECT, OK, PATIENT, SECRET
from gatepost import PLAIN, RIGHT, WRONG, b64


SECRETS = ("secret", "wrong", SECRET, b64("wrong"), RIGHT, WRONG, RIGHT[:-4], "alice\\000secret")


@pytest.mark.parametrize("selectors", ["-d+auth", "-d-all+auth", "-d", "-d+expand", "-d+all"])
@pytest.mark.parametrize("mode", [("-bs",), ("-bh", "127.0.0.1")])
def test_debugging_shows_what_happens_and_no_secrets(place, selectors, mode):
    sections = """
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${lookup{$auth2}lsearch{FILE}{${if crypteq{$auth3}{$value}}}{no}}
  server_set_id = $auth2
  server_debug_print = looking at $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${if and{{eq{$auth1}{alice}}{eq{${md5:$auth2}}{5ebe2294ecd0e0f08eab7690d2a6ee69}}}}
  server_set_id = $auth1
  server_debug_print = ${if foo}
"""
    (place.path / "users").write_text("alice: {md5}Xr4ilOzQ4PCOq3aQ0qbuaQ==\n")
    place.configure(PATIENT, sections.replace("FILE", str(place.path / "users")))
    result = place.run(selectors, *mode, stdin="".join(line + "\r\n" for line in (
        "EHLO client.test", f"AUTH PLAIN {WRONG}", "AUTH PLAIN", WRONG, "AUTH LOGIN", ALICE, b64("wrong"),
        f"AUTH LOGIN {ALICE}", SECRET, f"AUTH PLAIN {RIGHT}", RIGHT, "QUIT")))
    assert result.stdout.count(INCORRECT) == 3 and OK in result.stdout
    for needed in ("Evaluating advertise_condition for plain PLAIN authenticator",
                   "plain authenticator server_condition:", "login authenticator server_condition:",
                   "looking at alice", 'unknown condition "foo"',
                   "expanded string: true", "535 Incorrect authentication data (set_id=alice)"):
        assert needed in result.stderr
    for secret in SECRETS:
        assert secret not in result.stderr


def test_test_sessions_show_no_secrets(place):
    lines = ["EHLO client.test", f"AUTH PLAIN {WRONG}", "AUTH LOGIN", ALICE, SECRET, f"AUTH PLAIN {RIGHT}", RIGHT]
    result = place.run("-bh", "127.0.0.1", stdin="".join(line + "\r\n" for line in lines))
    assert ">>> login authenticator server_condition:\n" in result.stderr
    assert ">>> expanded string: true\n" in result.stderr
    for secret in SECRETS:
        assert secret not in result.stderr


def test_debugging_prints_what_it_is_asked_to(place):
    place.configure(sections=PLAIN + "  server_debug_print = name=$auth1 password=$auth2 $1/$2\n")
    result = place.run("-d+auth", "-bs", stdin=f"EHLO client.test\r\nAUTH LOGIN {ALICE}\r\n{SECRET}\r\nQUIT\r\n")
    assert "name=alice password=secret alice/secret\n" in result.stderr
