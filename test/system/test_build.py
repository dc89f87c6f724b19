"""The build: what make rebuilds and what it leaves alone, switches and their refusals, modules, installation.

It runs on a small tree of stand-in sources, so that every case may build from nothing."""
import os
import re
import shutil
import subprocess

import pytest

from building import environment, installed, output
from gatepost import PROGRAM, TOP

SUM_H = """\
#ifndef BASE_SUM_H
#define BASE_SUM_H
int sum(int a, int b);
#endif
"""
SUM_C = """\
#include "base/sum.h"

int sum(int a, int b)
{
    return a + b;
}
"""
PLAINTEXT_C = """\
#include "base/sum.h"

int three(void);
int three(void)
{
    return sum(1, 2);
}
"""
MAIN_C = """\
#include <stdio.h>
#include "base/sum.h"
#include "build_config.h"

int main(void)
{
    printf("%d|%s|%s|%d\\n", sum(1, 1), CONFIGURE_FILE, EXIM_GROUP, AUTH_PLAINTEXT);
    return 0;
}
"""
TEST_SUM_C = """\
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "base/sum.h"

static void adds(void **state)
{
    (void)state;
    assert_int_equal(sum(2, 2), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(adds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
"""
STAND_INS = {
    "src/base/sum.h": SUM_H,
    "src/base/sum.c": SUM_C,
    "src/auths/plaintext.c": PLAINTEXT_C,
    "src/main/main.c": MAIN_C,
    "test/unit/test_sum.c": TEST_SUM_C,
    "doc/gatepost.8": ".Dd $Mdocdate$\n",
    "doc/gatepost.conf.5": ".Dd $Mdocdate$\n",
    "doc/examples/submission.conf": "# nothing\n",
}
EVERYTHING = ["build/gatepost", "src/auths/plaintext.c", "src/base/sum.c", "src/main/main.c"]


def function(name, body="return 1;"):
    """The source of a function."""
    return f"int {name}(void);\nint {name}(void)\n{{\n    {body}\n}}\n"


class Tree:
    """A copy of the build with stand-in sources."""

    def __init__(self, path):
        self.path = path
        for name in ("Makefile", "Local", "scripts"):
            if (TOP / name).is_dir():
                shutil.copytree(TOP / name, path / name)
            else:
                shutil.copy(TOP / name, path)
        for name, text in STAND_INS.items():
            self.write(name, text)
        local = path / "Local/Makefile"
        local.write_text(re.sub(r"^(LOOKUP_\w+|AUTH_(?!PLAINTEXT)\w+|SUPPORT_(?:PAM|RADIUS))=(2|yes)$", r"\1=no",
                                local.read_text(), flags=re.M))

    def write(self, name, text):
        """Writes a file of the tree; its time of change is later than that of anything built before."""
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        later = max((entry.stat().st_mtime for entry in self.path.glob("build/**/*")), default=0)
        if target.stat().st_mtime <= later:
            os.utime(target, (later + 1, later + 1))

    def edit(self, name, old, new):
        """Replaces text in a file of the tree."""
        text = (self.path / name).read_text()
        assert old in text
        self.write(name, text.replace(old, new))

    def make(self, *arguments, **variables):
        """Runs make, with more variables in its environment."""
        return subprocess.run(["make", *arguments], cwd=self.path, env={**environment(), **variables},
                              text=True, capture_output=True, timeout=120, check=False)

    def made(self, *arguments, **variables):
        """Runs make, which must succeed; what it compiled and linked, in order."""
        result = self.make(*arguments, **variables)
        assert result.returncode == 0, result.stdout + result.stderr
        return re.findall(r"^  [A-Z]+ +(\S+)$", result.stdout, re.M)

    def refusal(self, *arguments):
        """Runs make, which must refuse; its one line."""
        result = self.make(*arguments)
        assert result.returncode == 2, result.stdout + result.stderr
        lines = result.stderr.splitlines()
        assert len(lines) == 1, result.stderr
        return lines[0]

    def run(self, program="build/gatepost"):
        """What the stand-in prints."""
        return output(self.path / program).strip()


@pytest.fixture(name="tree")
def fixture_tree(tmp_path):
    return Tree(tmp_path)


# --- Rebuilding


def test_a_second_make_does_nothing(tree):
    assert sorted(tree.made("-j8")) == EVERYTHING
    assert tree.make("-q").returncode == 0
    assert tree.made("unit") == ["test/unit/test_sum.c", "build/libgatepost.a", "build/test/unit/test_sum"]
    assert tree.make("-q").returncode == 0
    assert "Nothing to be done" in tree.make().stdout


def test_a_changed_header_rebuilds_what_includes_it(tree):
    tree.write("src/base/alone.c", function("alone"))
    tree.made()
    tree.write("src/base/sum.h", SUM_H)
    assert sorted(tree.made()) == EVERYTHING


def test_a_removed_header_is_no_obstacle(tree):
    tree.write("src/base/gone.h", "")
    tree.write("src/base/sum.c", '#include "base/gone.h"\n' + SUM_C)
    tree.made()
    (tree.path / "src/base/gone.h").unlink()
    tree.write("src/base/sum.c", SUM_C)
    assert tree.made() == ["src/base/sum.c", "build/gatepost"]


def test_a_removed_source_leaves_the_program_and_the_library(tree):
    tree.write("src/base/gone.c", function("gone"))
    tree.made("all", "unit")
    (tree.path / "src/base/gone.c").unlink()
    assert tree.made("all", "unit") == ["build/gatepost", "build/libgatepost.a", "build/test/unit/test_sum"]
    names = output("nm", tree.path / "build/libgatepost.a")
    assert "sum" in names and "gone" not in names


def test_a_changed_setting_rebuilds_what_reads_it(tree):
    tree.made()
    assert tree.run() == "2|/etc/gatepost/gatepost.conf||1"
    tree.edit("Local/Makefile", "FILE=/etc/gatepost/gatepost.conf", "FILE=/etc/other.conf")
    assert tree.made() == ["src/main/main.c", "build/gatepost"]
    assert tree.run() == "2|/etc/other.conf||1"
    tree.edit("Local/Makefile", "# ----", "# - --")
    assert tree.made() == []


def test_changed_flags_rebuild_everything(tree):
    tree.made()
    assert len(tree.made("CFLAGS=-O1")) == 4
    assert tree.made("CFLAGS=-O1") == []
    assert len(tree.made("CC=clang")) == 4
    assert tree.made("CC=clang", "LDFLAGS=-Wl,-O1") == ["build/gatepost"]


def test_builds_lie_where_they_are_told_to(tree):
    tree.made("BUILD=elsewhere/deep", "CONFIGURE_FILE=/a \"quoted\\\" name.conf")
    assert tree.run("elsewhere/deep/gatepost") == '2|/a "quoted\\" name.conf||1'
    assert not (tree.path / "build").exists()
    tree.made("clean", "BUILD=elsewhere/deep")
    assert not (tree.path / "elsewhere/deep").exists()


def test_warnings_are_errors(tree):
    tree.edit("src/base/sum.c", "return", "int unused;\n    return")
    for compiler in ("gcc", "clang"):
        result = tree.make(f"CC={compiler}")
        assert result.returncode == 2 and "unused" in result.stderr
    tree.made("WERROR=")


def test_a_missing_compiler_has_one_answer(tree):
    assert 'there is no compiler: "nocc" does not run' in tree.refusal("CC=nocc")
    assert tree.make("CC=nocc", "help").returncode == 0


def test_a_failing_unit_test_fails(tree):
    tree.edit("test/unit/test_sum.c", "assert_int_equal(sum(2, 2), 4)", "assert_int_equal(sum(2, 2), 5)")
    result = tree.make("unit")
    assert result.returncode == 2 and "unit tests: 0 passed, 1 failed" in result.stdout
    tree.edit("test/unit/test_sum.c", "assert_int_equal(sum(2, 2), 5)", "__builtin_trap()")
    result = tree.make("unit-sum")
    assert result.returncode == 2 and "unit tests: 0 passed, 1 failed" in result.stdout


# --- Switches


YES_NO_OR_2 = 'the value must be "yes", "no" or "2" for a loadable module'


@pytest.mark.parametrize("setting, answer", [
    ("LOOKUP_PGSQL=2", "LOOKUP_PGSQL=2: this version of Gatepost has no pgsql lookup"),
    ("LDAP_LIB_TYPE=NETSCAPE", 'LDAP_LIB_TYPE=NETSCAPE: only "OPENLDAP2" is possible'),
    ("LOOKUP_MYSQL_LIBS=-lx", "LOOKUP_MYSQL_LIBS=-lx: this version of Gatepost has no mysql lookup"),
    ("LOOKUP_SQLITE=maybe", f"LOOKUP_SQLITE=maybe: {YES_NO_OR_2}"),
    ("RADIUS_LIB_TYPE=RADLIB", 'RADIUS_LIB_TYPE=RADLIB: only "RADIUSCLIENTNEW" is possible'),
    ("SUPPORT_PAM=maybe", f"SUPPORT_PAM=maybe: {YES_NO_OR_2}"),
    ("AUTH_PLAINTEXT=3", f"AUTH_PLAINTEXT=3: {YES_NO_OR_2}"),
    ("AUTH_PLAINTEXT=yes 2", f"AUTH_PLAINTEXT=yes 2: {YES_NO_OR_2}"),
    ("LOOKUP_LSEARCH=2", 'LOOKUP_LSEARCH=2: the value must be "yes" or "no"'),
    ("DISABLE_D_OPTION=maybe", 'DISABLE_D_OPTION=maybe: the value must be "yes" or "no"'),
    ("HAVE_IPV6=no", 'HAVE_IPV6=no: only "yes" is possible: IPv6 is always built in'),
    ("AUTH_PLAINTXT=yes", "AUTH_PLAINTXT=yes: Gatepost has no switch of that name"),
])
def test_what_cannot_be_is_refused(tree, setting, answer):
    assert f"*** command line: {answer}." in tree.refusal(setting)
    (tree.path / "Local/Makefile").open("a").write(setting + "\n")
    assert f"*** Local/Makefile: {answer}." in tree.refusal()
    assert not (tree.path / "build").exists()


def test_what_must_be_set_is_missed(tree):
    tree.edit("Local/Makefile", "\nCONFIGURE_FILE=", "\n# CONFIGURE_FILE=")
    assert "*** Local/Makefile: CONFIGURE_FILE must be set." in tree.refusal()


def test_an_unknown_name_in_local_makefile_is_refused(tree):
    (tree.path / "Local/Makefile").open("a").write("SPOOL_DIRECTROY=/var/spool/x\n")
    answer = "*** Local/Makefile: SPOOL_DIRECTROY=/var/spool/x: Gatepost has no switch of that name."
    assert answer in tree.refusal()


def test_every_line_of_local_makefile_is_understood(tree):
    """Each setting that is commented out either builds or is refused for what it is."""
    settings = re.findall(r"^# ([A-Z][A-Z0-9_]*=\S*.*)$", (TOP / "Local/Makefile").read_text(), re.M)
    assert len(settings) > 40
    for setting in settings:
        result = tree.make("-n", setting.replace("$", "$$"))
        name = setting.partition("=")[0]
        if result.returncode:
            answer = rf"command line: {name}=.*: this version of Gatepost has no "
            assert re.search(answer, result.stderr), result.stderr


def test_the_environment_sets_no_switches(tree):
    tree.made(AUTH_SPA="yes", EXIM_GROUP="wheel")
    assert tree.run() == "2|/etc/gatepost/gatepost.conf||1"


def test_a_driver_can_be_left_out_and_made_a_module(tree):
    tree.made("AUTH_PLAINTEXT=no")
    assert tree.run().endswith("|0")
    assert set(tree.made("AUTH_PLAINTEXT=2")) == {"src/main/main.c", "build/gatepost", "src/auths/plaintext.c",
                                                  "build/modules/auth_plaintext.so"}
    assert tree.run().endswith("|2")
    assert tree.make("-q", "AUTH_PLAINTEXT=2").returncode == 0
    assert "AUTH_DRIVER_MODULE(plaintext)" in (tree.path / "build/auth_drivers.inc").read_text()
    assert " T sum" in output("nm", "-D", tree.path / "build/gatepost")


def test_a_password_checker_can_be_left_out_and_made_a_module(tree):
    tree.write("src/passwords/pam.c", function("checked"))
    checkers = tree.path / "build/password_checkers.inc"
    assert "src/passwords/pam.c" not in tree.made() and "PASSWORD_CHECKER" not in checkers.read_text()
    assert "src/passwords/pam.c" in tree.made("SUPPORT_PAM=yes", "SUPPORT_PAM_LIBS=")
    assert "PASSWORD_CHECKER_BUILTIN(pam)" in checkers.read_text()
    assert tree.made("SUPPORT_PAM=2", "SUPPORT_PAM_LIBS=")[-1] == "build/modules/password_pam.so"
    assert "PASSWORD_CHECKER_MODULE(pam)" in checkers.read_text()


def test_a_lookup_can_be_left_out_and_made_a_module(tree):
    tree.write("src/lookups/dbm.c", function("looked_up"))
    assert "src/lookups/dbm.c" not in tree.made()
    types = tree.path / "build/lookup_types.inc"
    assert "LOOKUP_TYPE" not in types.read_text()
    assert "src/lookups/dbm.c" in tree.made("LOOKUP_DBM=yes", "LOOKUP_DBM_LIBS=")
    assert re.findall(r"^LOOKUP_TYPE.*", types.read_text(), re.M) == \
        [f"LOOKUP_TYPE_BUILTIN({name})" for name in ("dbm", "dbmjz", "dbmnz")]
    assert tree.made("LOOKUP_DBM=2", "LOOKUP_DBM_LIBS=")[-1] == "build/modules/lookup_dbm.so"
    assert re.findall(r"^LOOKUP_TYPE.*", types.read_text(), re.M) == \
        [f"LOOKUP_TYPE_MODULE({name}, dbm)" for name in ("dbm", "dbmjz", "dbmnz")]
    result = tree.make("LOOKUP_DBM=2", "LOOKUP_DBM_LIBS=-lnosuchlibrary")
    assert result.returncode == 2 and "-lnosuchlibrary" in result.stderr


def test_an_unused_lookup_has_no_unit_test(tree):
    tree.write("src/lookups/redis.c", function("looked_up"))
    tree.write("test/unit/test_lookup_redis.c", TEST_SUM_C)
    assert "test/unit/test_lookup_redis.c" not in tree.made("unit")
    assert "test/unit/test_lookup_redis.c" in tree.made("unit", "LOOKUP_REDIS=2", "LOOKUP_REDIS_LIBS=")


# --- Installing


def test_install_and_uninstall(tree, tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    (root / "usr/sbin").mkdir(parents=True)
    (root / "usr/sbin/other").write_text("")
    arguments = (f"DESTDIR={root}", "PREFIX=/usr", "AUTH_PLAINTEXT=2", "LINKS=yes")
    tree.made("install", *arguments)
    assert installed(root) == [
        "usr/lib/gatepost/modules/auth_plaintext.so",
        "usr/sbin/exim", "usr/sbin/gatepost", "usr/sbin/mailq", "usr/sbin/other", "usr/sbin/sendmail",
        "usr/share/doc/gatepost/examples/submission.conf",
        "usr/share/man/man5/gatepost.conf.5", "usr/share/man/man8/gatepost.8",
    ]
    assert os.readlink(root / "usr/sbin/sendmail") == "gatepost"
    assert '"/usr/lib/gatepost/modules"' in (tree.path / "build/build_config.h").read_text()
    tree.made("install", *arguments)
    tree.made("uninstall", *arguments)
    assert installed(root) == ["usr/sbin/other"]
    assert not list(root.rglob("*gatepost*"))


def test_no_links_unless_asked_for(tree, tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    tree.made("install", f"DESTDIR={root}", "BIN_DIRECTORY=/opt/bin")
    assert installed(root / "opt") == ["bin/gatepost"]


def test_another_mail_server_is_left_alone(tree, tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    arguments = (f"DESTDIR={root}", "BIN_DIRECTORY=/usr/sbin", "LINKS=yes")
    (root / "usr/sbin").mkdir(parents=True)
    (root / "usr/sbin/sendmail").symlink_to("/usr/sbin/postfix")
    result = tree.make("install", *arguments)
    assert result.returncode == 2 and "/usr/sbin/sendmail is in the way" in result.stderr
    assert installed(root) == ["usr/sbin/sendmail"]
    tree.made("uninstall", *arguments)
    assert installed(root) == ["usr/sbin/sendmail"]


# --- The layers


def test_layers_find_what_goes_up(tree):
    assert tree.make("layers").returncode == 0
    tree.write("src/base/sum.c", '#include "main/main.h"\n' + SUM_C)
    result = tree.make("layers")
    assert result.returncode == 2
    assert 'src/base/sum.c:1: "main/main.h": base may not use main' in result.stderr


# --- The real program


def test_help_names_every_target():
    text = (TOP / "scripts/help.txt").read_text()
    targets = "demo check unit system parity lint layers asan bench fuzz matrix install uninstall clean"
    for target in targets.split():
        assert re.search(rf"^make {target}\b", text, re.M), target


def test_the_program_is_hardened():
    report = output("readelf", "-W", "-h", "-l", "-d", "--dyn-syms", PROGRAM)
    assert "DYN (Position-Independent Executable file)" in report
    assert "GNU_RELRO" in report and "BIND_NOW" in report
    assert re.search(r"GNU_STACK.* RW +0x", report)
    assert "__stack_chk_fail" in report and re.search(r"__\w+_chk\b", report)
