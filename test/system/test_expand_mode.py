"""-be on a terminal: lines can be edited, and called back."""
import os
import pty
import select
import subprocess
import time

import pytest

from gatepost import DEADLINE

UP, LEFT, BACKSPACE = "\x1b[A", "\x1b[D", "\x7f"


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, command):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                                        env=dict(os.environ, TERM="vt100", INPUTRC="/dev/null"))
        os.close(slave)
        self.text = ""

    def wait_for(self, text):
        """Reads until the text has been shown; forgets everything up to it."""
        end = time.monotonic() + DEADLINE
        while text not in self.text:
            assert select.select([self.master], [], [], end - time.monotonic())[0], f"no {text!r} in {self.text!r}"
            self.text += os.read(self.master, 4096).decode("latin-1")
        self.text = self.text.split(text, 1)[1]

    def type(self, text):
        os.write(self.master, text.encode())

    def close(self):
        os.close(self.master)
        return self.process.wait(DEADLINE)


@pytest.fixture(name="terminal")
def fixture_terminal(place):
    terminal = Terminal(place.command("-be"))
    yield terminal
    if terminal.process.poll() is None:
        terminal.process.terminate()
        terminal.close()


def test_lines_are_edited_and_remembered(terminal):
    terminal.wait_for("> ")
    terminal.type("${uc:abx" + BACKSPACE + "}\n")
    terminal.wait_for("\nAB\r\n> ")
    terminal.type("${length_1:cd}" + LEFT + "e\n")
    terminal.wait_for("\nc\r\n> ")
    terminal.type(UP + UP + "!\n")
    terminal.wait_for("\nAB!\r\n> ")


def test_lines_go_on_behind_a_backslash(terminal):
    terminal.wait_for("> ")
    terminal.type("a\\\n   b\n")
    terminal.wait_for("\nab\r\n> ")
    terminal.type("set acl_m_x = 1\n$acl_m_x\n")
    terminal.wait_for("\n1\r\n> ")


def test_the_end_of_input_ends_it(terminal):
    terminal.wait_for("> ")
    terminal.type("\x04")
    assert terminal.process.wait(DEADLINE) == 0


def test_input_that_is_no_terminal_is_not_edited(place):
    assert place.run("-be", stdin="${uc:ab\x7fx}\n").stdout == "> AB\x7fX\n> \n"
