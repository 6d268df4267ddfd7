"""The plugin, by pytest's own way to test one: `pytester`."""
import json, os, pathlib, sys
import pytest

pytest_plugins = ["pytester"]
KEY = os.path.expanduser("~/.ssh/id_ed25519")
TESTS = """
import os, pathlib, socket, sys, pytest
KEY = %r
HERE = pathlib.Path(__file__).parent

def test_its_own_files(tmp_path):
    (tmp_path / "x").write_text("x")
    print("printed")

def test_a_key():
    open(KEY)

def test_a_host():
    socket.create_connection(("unknown.example.org", 443), 5)

def test_the_project():
    (HERE / "planted.py").write_text("")

@pytest.mark.skip(reason="a reason")
def test_skipped(): pass

@pytest.mark.xfail(reason="known")
def test_expected(): assert 0

@pytest.fixture
def bad(): raise ValueError("bad")

def test_setup(bad): pass

@pytest.mark.parametrize("n", [1, 2])
def test_numbers(n): assert n == 1
""" % KEY
OUTCOMES = {"passed": 2, "failed": 4, "skipped": 1, "xfailed": 1, "errors": 1}


def run(pytester, *words):
    return pytester.runpytest_subprocess("-p", "nono", *words)


def refused(result):
    text = result.stdout.str() + result.stderr.str()
    assert "refused: read ~/.ssh/id_ed25519" in text or f"refused: read {KEY}" in text, text
    assert not pathlib.Path("planted.py").exists()


def test_all_in_one_sandbox(pytester):
    pytester.makepyfile(TESTS)
    # Read in the sandbox, and not before.
    pytester.makeconftest(f"import pytest\ntry: open({KEY!r})\nexcept PermissionError: pass\nelse: raise SystemExit(9)")
    result = run(pytester, "--nono")
    result.assert_outcomes(**OUTCOMES)
    assert result.ret == 1
    refused(result)
    assert not pathlib.Path(".pytest_cache").exists() and not list(pathlib.Path().rglob("*.pyc"))


def test_each_in_one_of_its_own(pytester):
    pytester.makepyfile(TESTS)
    left = [f"--deselect=test_each_in_one_of_its_own.py::test_{each}" for each in ("numbers", "a_host", "the_project")]
    result = run(pytester, "--nono-each", "-rA", *left)
    result.assert_outcomes(passed=1, failed=1, skipped=1, xfailed=1, errors=1, deselected=4)
    for line in ("printed", "*a reason*", "*known*", "*ValueError: bad*"):
        result.stdout.fnmatch_lines([line])
    refused(result)


def test_one_by_a_marker(pytester):
    pathlib.Path("open").mkdir()
    pytester.makeini("[pytest]\naddopts = -ra --strict-markers\nnono_read = open")
    pytester.makepyfile(f"""
        import os, pathlib, time, pytest
        HERE = pathlib.Path(__file__).parent
        PID = {os.getpid()}
        def test_outside(): open({KEY!r})

        @pytest.mark.nono(allow="open")
        def test_inside(nono_word):
            (HERE / "open/x").write_text(nono_word)
            with pytest.raises(PermissionError): open({KEY!r})

        @pytest.mark.nono(timeout=3)
        def test_slow(): time.sleep(1000)

        @pytest.mark.nono
        def test_gone(): os._exit(0)

        @pytest.mark.nono(colour="red")
        def test_wrong(): pass
    """)
    pytester.makeconftest("import pytest\n@pytest.fixture\ndef nono_word(): return 'word'")
    result = run(pytester, "--deselect", "test_one_by_a_marker.py::test_wrong")
    result.assert_outcomes(passed=2, failed=2, deselected=1)
    assert pathlib.Path("open/x").read_text() == "word"
    result.stdout.fnmatch_lines(["*not done in 3 s*", "*the test ended without a report*"])
    result = run(pytester, "-k", "test_wrong")
    assert "the marker nono knows no colour" in result.stdout.str() + result.stderr.str() and result.ret != 0


GOOD = {"when": "call", "outcome": "passed", "duration": 1, "text": "", "sections": [],
    "wasxfail": None, "summary": ""}
SETUP, TEARDOWN = ({**GOOD, "when": when} for when in ("setup", "teardown"))


def whole(*calls):
    """As one test reports."""
    return json.dumps([SETUP, *calls, TEARDOWN]).encode()


FORGED = [
    b"no json", b"[]", b"{}", b"7", b"[1]", b"[" * 100000, b"\xff", b'[{"when": "call"}]',
    *(whole({**GOOD, name: value}) for name, value in (
        ("when", "never"), ("outcome", "done"), ("duration", "x"), ("duration", None), ("duration", 10**400),
        ("sections", 1), ("sections", [1]), ("when", "setup"))),
    whole(), json.dumps([GOOD]).encode(), json.dumps([SETUP, *[GOOD] * 5000, TEARDOWN]).encode(),
]


def test_reports_that_are_forged(request):
    """A test can say that it has passed, and no more than that."""
    from nono.adapters.pytest_reports import reports_of
    assert [reports_of(request.node, each) for each in FORGED] == [[]] * len(FORGED)
    for odd in ([], {}, 0, False):
        assert isinstance(reports_of(request.node, whole({**GOOD, "wasxfail": odd}))[1].wasxfail, str)
    _, report, _ = reports_of(request.node, whole({**GOOD, "wasxfail": [1], "more": 1}))
    assert len(reports_of(request.node, whole(*[GOOD] * 3))) == 5  # subtests
    assert (report.passed, report.wasxfail, hasattr(report, "more")) == (True, "[1]", False)


def test_reports_that_are_planted(pytester):
    pytester.makepyfile(f"""
        import json, os, sys
        FILE = ["=", *(each for each in sys.argv if each.startswith("--nono-inside="))][-1].partition("=")[2]
        def test_linked():
            os.symlink({KEY!r}, FILE)
            os._exit(0)
        def test_terminal():
            said = {{**{GOOD!r}, "outcome": "failed", "text": "\x1b[2Jcleared"}}
            with open(FILE, "w") as file: json.dump([{SETUP!r}, said, {TEARDOWN!r}], file)
            os._exit(0)
    """)
    result = run(pytester, "--nono-each")
    result.assert_outcomes(failed=2)
    text = result.stdout.str()
    assert "\x1b[2J" not in text and "cleared" in text and pathlib.Path(KEY).read_text().strip() not in text


IN_A_MODULE = """
    import pytest
    @pytest.mark.nono(allow="golden")
    def test_it():
        with pytest.raises(PermissionError): open("golden/module.py", "w")
"""


@pytest.mark.parametrize("place", ["golden", "out[1]*"])
def test_nothing_is_left_that_is_run_later(pytester, place):
    """Where the marker lets a test write, a later pytest collects."""
    pytester.makepyfile("""
        import pytest
        @pytest.mark.nono(allow="golden")
        def test_it():
            for name in ("conftest.py", "test_it.py", "deep/it_test.py", "__init__.py", "pytest.ini", "tox.ini",
                         "test_it.txt"):
                with pytest.raises(PermissionError): open(PLACE + name, "w")
            open(PLACE + "deep/result.json", "w").close()
    """.replace("golden", place).replace("PLACE", repr(f"{place}/")))
    (pytester.path / place / "deep").mkdir(parents=True)
    run(pytester).assert_outcomes(passed=1)
    assert os.listdir(place) == ["deep"] and os.listdir(f"{place}/deep") == ["result.json"]


def test_nor_is_a_module_where_its_examples_are_run(pytester):
    pytester.makepyfile(IN_A_MODULE)
    (pytester.path / "golden").mkdir()
    run(pytester, "--doctest-modules").assert_outcomes(passed=1)


def test_the_fixture(nono_sandbox, tmp_path):
    box = nono_sandbox()
    assert box.run(["sh", "-c", "echo x > y"], check=True).returncode == 0
    assert (tmp_path / "y").read_text() == "x\n"
    box.run(["sh", "-c", f"mkdir -p d/e; ln -s {KEY} d/m; chmod 0 d/e; chmod 0500 d"], check=True)
    from nono.adapters.pytest_plugin import _make_removable
    mode = os.stat(KEY).st_mode
    _make_removable(tmp_path)
    assert os.stat(KEY).st_mode == mode and [os.stat(tmp_path / each).st_mode & 0o777 for each in ("d", "d/e")] == [0o700] * 2
    assert nono_sandbox().run(["cat", KEY], stderr=-3).returncode == 1


def test_a_sandbox_in_a_sandbox_says_so(pytester):
    pytester.makepyfile("def test_it(nono_sandbox): nono_sandbox()")
    result = run(pytester, "--nono")
    result.assert_outcomes(errors=1)
    assert "this test is in one" in result.stdout.str()


SHARED = """
    import pytest
    LEFT = []
    @pytest.fixture(scope="module")
    def shared():
        yield
        LEFT.append(1)
        %s
    def test_outside(shared): pass
    @pytest.mark.nono
    def test_inside(): assert 3 == 4
"""


def test_what_is_set_up_before_one_is_taken_down_after_it(pytester):
    """Once: the next test may be another module's, or the same one's."""
    pytester.makepyfile(test_a=SHARED % "", test_b="import test_a\ndef test_b(): assert test_a.LEFT == [1]",
                        test_c=SHARED % "" + "    def test_c(shared): assert LEFT == []")
    result = run(pytester)
    result.assert_outcomes(passed=4, failed=2)
    result.stdout.fnmatch_lines(["FAILED test_a.py::test_inside - assert 3 == 4"])


def test_what_fails_to_be_taken_down_after_it_is_told(pytester):
    pytester.makepyfile(test_a=SHARED % "raise ValueError('left')", test_b="def test_b(): pass")
    result = run(pytester)
    result.assert_outcomes(passed=2, failed=1, errors=1)
    result.stdout.fnmatch_lines(["*ValueError: left*"])


def test_the_summary_and_the_junit_file_name_the_error(pytester):
    pytester.makepyfile(test_s="def test_it():\n    assert 3 == 4")
    result = run(pytester, "--nono-each", "--junit-xml=found.xml")
    result.stdout.fnmatch_lines(["FAILED test_s.py::test_it - assert 3 == 4"])
    assert 'message="assert 3 == 4"' in pathlib.Path("found.xml").read_text()


def test_what_would_have_allowed_it_is_said_as_pytest_takes_it(pytester):
    pytester.makepyfile("def test_it(): open('new', 'w')")
    result = run(pytester, "--nono-each")
    (said,) = [each.partition(" = ")[2] for each in result.outlines if "may allow it: nono_write_files = " in each]
    pytester.makeini(f"[pytest]\nnono_write_files = {said.removesuffix(' in the ini file')}")
    pathlib.Path("new").touch()
    run(pytester, "--nono-each").assert_outcomes(passed=1)


def test_in_another_sandbox_one_fails_and_the_others_go_on(pytester):
    pytester.makepyfile(test_s="""
        import pytest
        @pytest.mark.nono
        def test_inside(): pass
        def test_outside(): pass
    """)
    words = [sys.executable, "-m", "nono", "run", "--allow-cwd", "--quiet", "--"]
    result = pytester.run(*words, sys.executable, "-m", "pytest", "-p", "nono", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["ERROR test_s.py::test_inside - nono: *"])
