"""Parity tests: the same sessions, commands and expressions on the packaged Exim and on Gatepost.

The programs are found through $EXIM (/usr/sbin/exim4) and $GATEPOST (build/gatepost). Where there is no
packaged Exim, or no root to run it as, the tests are skipped. With GATEPOST=/usr/sbin/exim4 the harness
checks itself: every scenario has to agree with itself."""

import os
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "common")]
sys.path.append(str(Path(__file__).parents[1] / "system"))

from sidebyside import backends, pki  # noqa: E402
from sidebyside.dns import stop_servers  # noqa: E402
from sidebyside.server import Program  # noqa: E402

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def reference():
    path = Path(os.environ.get("EXIM", "/usr/sbin/exim4"))
    if not path.exists():
        pytest.skip(f"the packaged Exim ({path}, package exim4-daemon-heavy) is not installed")
    if os.geteuid() != 0:
        pytest.skip("the packaged Exim takes any configuration file only from root")
    program = Program(path)
    if not program.is_reference:
        pytest.skip(f"{path} is not Exim 4.96, whose differences from 4.99 these tests know")
    return program


@pytest.fixture(scope="session")
def candidate(reference):  # not looked for where there is nothing to compare it with
    path = REPOSITORY / os.environ.get("GATEPOST", "build/gatepost")
    if not path.exists():
        pytest.exit(f"{path} is not built: run make first", returncode=2)
    return Program(path)


@pytest.fixture(scope="session", autouse=True)
def dns_servers():
    yield
    stop_servers()


@pytest.fixture(scope="session", autouse=True)
def certificates():
    yield
    pki.remove()


@pytest.fixture(scope="session", autouse=True)
def judges():
    yield
    backends.stop()
