"""Shows what a program, the packaged Exim by default, makes of scenarios:
python3 -m sidebyside REGEX [PROGRAM]"""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "common"))
sys.path.append(str(Path(__file__).parents[2] / "system"))

# pylint: disable=wrong-import-position
from . import backends
from .compare import outcome
from .dns import stop_servers
from .scenario import load_all
from .server import Program, running


def main(pattern, program="/usr/sbin/exim4"):
    program = Program(program)
    for scenario in load_all(Path(__file__).parents[1] / "scenarios"):
        if not re.search(pattern, scenario.id):
            continue
        with running(program, scenario) as run:
            run.play()
            run.stop()
            print(f"===== {scenario.id}")
            for name, text in outcome(run).items():
                if text:
                    print(f"--- {name}\n{text.rstrip()}")
    stop_servers()
    backends.stop()


main(*sys.argv[1:])
