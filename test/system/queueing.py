"""What the tests of the queue share: a configuration that delivers into mailboxes, and a look at the spool."""
import os
import re
import subprocess

from gatepost import DEADLINE, TOP

ID = r"[0-9A-Za-z]{6}-[0-9A-Za-z]{11}-[0-9A-Za-z]{4}"


def mailboxes(place, routers="", transports="", retry="* * F,1d,5m"):
    """Sections: local parts that begin with "box" go to a mailbox of their name, "dir" into a maildir; "alias" goes to
    two boxes, "later" is deferred, others are unrouteable."""
    user = "" if os.geteuid() else "user = root\n"
    return f"""
begin routers
{routers}
alias:
  driver = redirect
  local_parts = alias
  data = boxa@b.test, boxb@b.test
later:
  driver = redirect
  local_parts = later
  allow_defer
  data = :defer: not now
maildir:
  driver = accept
  local_parts = dir
  transport = maildir
boxes:
  driver = accept
  local_parts = boxa : boxb : boxc
  transport = mailbox
begin transports
{transports}
mailbox:
  driver = appendfile
  file = {place.path}/$local_part_data.mbox
  {user}
maildir:
  driver = appendfile
  directory = {place.path}/maildir
  maildir_format
  {user}
begin retry
{retry}
"""


OPTIONS = """
acl_smtp_rcpt = accept
qualify_domain = b.test
trusted_users = root : nobody
exim_user = root
exim_group = root
delay_warning =
"""


def message(place, *arguments, text="Subject: test\n\nbody\n", code=0):
    """Hands a message over on standard input."""
    return place.run(*arguments, stdin=text, code=code)


def ids(place):
    """The ids of the messages in the queue."""
    return re.findall(rf"^ *\S+ +\S+ ({ID}) ", place.run("-bp").stdout, flags=re.M)


def library(path):
    """Compiles the library that injects faults."""
    built = path / "fault.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", built, TOP / "test" / "system" / "fault_injection.c"],
                   check=True, timeout=60)
    return built


def fault_environment(fault, **settings):
    """The environment of a program that runs with the library."""
    environment = dict(os.environ, LD_PRELOAD=str(fault))
    environment.update({f"FAULT_{name.upper()}": str(value) for name, value in settings.items()})
    environment["ASAN_OPTIONS"] = environment.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
    return environment


def run_with_faults(place, fault, *arguments, stdin="", timeout=DEADLINE, **settings):
    """Runs Gatepost with the library; settings: kill_at, full_from, loads."""
    environment = fault_environment(fault, **settings)
    return subprocess.run(place.command(*arguments), input=stdin.encode(), capture_output=True, timeout=timeout,
                          check=False, env=environment)
