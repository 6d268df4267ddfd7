"""The command line as somebody new meets it: one clear line, a hint, the right exit code."""

import json
from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account, Finished, Nono

pytestmark = [pytest.mark.requires(landlock=2), BY_A_USER]

RUN = ("run", "--allow-cwd")
MISUSES: list[tuple[tuple[str, ...], int, str, str]] = [
    ((), 2, "no command given", "nono run --allow-cwd -- python3 my_script.py"),
    (("rnu", "--", "true"), 2, "no command 'rnu'", "nono run"),
    (("run",), 125, "no command to run", "nono run --allow-cwd -- python3 my_script.py"),
    (("run", "--alow-cwd", "--", "true"), 125, "no option --alow-cwd", "hint: --allow-cwd"),
    (("run", "--version"), 125, "no option --version", "hint: nono --version"),
    (("why", "--host", "127.0.0.1:80"), 2, "not the name", "why --host 127.0.0.1 --port 80"),
    (("trust", "no.toml"), 2, "no.toml: No such file or directory", "hint: ls"),
    (("run", "-allow-cwd", "--", "true"), 125, "-allow-cwd has one -", "hint: --allow-cwd"),
    (("run", "-r", "absent", "-allow=x", "--", "-read"), 125, "-allow=x has", "hint: --allow=x"),
    (("run", "-r", "absent", "--", "-read"), 125, "--read absent", "ls /"),
    (("--allow-cwd", "make"), 2, "--allow-cwd", "nono run --allow-cwd make"),
    (("--odd", "make"), 2, "--odd", "nono --help"),
    (("run", "--read", "absent", "--", "true"), 125, "--read absent", "ls /"),
    (("run", "--read", "--", "true"), 125, "--read wants a value before --", "nono run --help"),
    (("run", "-p", "--allow-cwd", "--", "true"), 125, "-p wants a value", "nono run --help"),
    (("run", "--read", "/etc/passwd", "--", "true"), 125, "not a directory", "--read-file"),
    (("run", "--read-file", "/etc", "--", "true"), 125, "is a directory", "--read /etc"),
    (("run", "--workdir", "absent", "--", "true"), 125, "--workdir absent", "ls /"),
    (("run", "--", "no-such-command"), 127, "command not found", 'echo "$PATH"'),
    (("help",), 2, "no command 'help'", "nono --help"),
    (("help", "run"), 2, "no command 'help'", "nono run --help"),
    (("run", "--", "/etc/passwd"), 126, "Permission denied", "ls -l /etc/passwd"),
    (("shell", "--raed", "."), 125, "no option --raed", "hint: --read"),
    (("shell", "--", "ls"), 125, "a shell takes no command", "nono run ... -- ls"),
    (("run", "--timeout", "5x", "--", "true"), 125, "such as 90, 1.5, 90s, 5m or 2h", "--help"),
    (("learn", "--force", "--", "true"), 125, "--force is for an --output", "--force -o NAME"),
    (("run", "--network-profile", "minimla", "--", "true"), 125, "'minimla'", "'minimal'"),
    (("run", "--network-profile", "", "--", "true"), 125, "no network profile ''", "minimal"),
    (("run", "--allow-domain", "https://pypi.org", "--", "true"), 125, "URL", "pypi.org"),
    (("run", "--allow-proxy", "pypi.org/simple", "--", "true"), 125, "has a path", "pypi.org"),
    (("run", "--allow-domain", "pypi.org:99999", "--", "true"), 125, "not a port", "1 to 65535"),
    (("run", "--allow-domain", "10.0.0.1/8", "--", "true"), 125, "not a block", "10.0.0.0/8"),
    (("run", "--allow-domain", "localhost", "--", "true"), 125, "machine", "--open-port PORT"),
    (("run", "--allow-domain", "localhost:8080", "--", "true"), 125, "machine", "port 8080"),
    (("run", "--allow-domain", "169.254.169.254", "--", "true"), 125, "metadata", "leave it out"),
    (("run", "--open-port", "70000", "--", "true"), 125, "--open-port", "1 to 65535"),
    (("run", "--listen-port", "9-8", "--", "true"), 125, "smaller one is", "hint: 8-9"),
    (("run", "--block-net", "--open-port", "80", "--", "true"), 125, "contradict", "--open-port"),
    (("run", "--no-sni-check", "x.org", "--", "true"), 125, "--no-sni-check", "--allow-domain"),
    (("run", "--dns", "9.9.9.9", "--", "true"), 125, "--dns", "--allow-domain"),
    (
        ("run", "--allow-unix-socket", "/etc", "--", "true"),
        125,
        "is a directory",
        "--allow-unix-socket /etc/NAME",
    ),
    (("why",), 2, "one of --path, --host", "nono why --help"),
    (
        ("why", "--path", "/", "--host", "x.org"),
        2,
        "one of --path, --host",
        "nono why --help",
    ),
    (("why", "--host", "x.org", "--op", "read"), 2, "--op", "nono why --path"),
    (("why", "--path", "/", "--port", "80"), 2, "--port", "nono why --host"),
    (("why", "--host", "http://x.org"), 2, "'http://x.org'", "nono why --host"),
    (("why", "--host", "x.org", "--port", "0"), 2, "--port", "nono why --help"),
    (("why", "odd"), 2, "odd: a path or a host?", "nono why --path odd"),
    (("why", "https://x.org/y"), 2, "a URL is no host", "nono why --host x.org"),
    (("why", "x.org", "--last"), 2, "one of --path, --host", "nono why --help"),
    (("why", "--path", "/", "--op", "reed"), 2, "reed", "nono why --help"),
    (("learn",), 125, "no command to learn from", "nono learn --timeout 60"),
    (("learn", "--timeout", "0", "--", "true"), 125, "--timeout", "nono learn --help"),
    (("learn", "-o", "/", "--", "true"), 125, "--output /", "name a new file"),
    (("audit", "show", "../x"), 2, "no session ../x", "nono audit list"),
    (("profile", "validate"), 2, "PROFILE", "nono profile validate --help"),
    (("setup",), 2, "nothing to do", "nono setup --check"),
]


@pytest.mark.parametrize(("arguments", "code", "said", "hint"), MISUSES)
def test_a_misuse_gets_one_line_and_a_hint(
    nono: Nono, arguments: tuple[str, ...], code: int, said: str, hint: str
) -> None:
    done = nono(*arguments)
    lines = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (code, "")
    assert len(lines) == 2, done.stderr
    assert lines[0].startswith("nono: ")
    assert said in lines[0]
    assert lines[1].startswith("hint: ")
    assert hint in lines[1]


@pytest.mark.parametrize("arguments", [("--help",), ("run", "--help"), ("why", "--help")])
def test_help_is_on_stdout(nono: Nono, arguments: tuple[str, ...]) -> None:
    done = nono(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    first, *lines = done.stdout.splitlines()
    assert first.startswith("Usage: nono")
    assert "run" in arguments or "why" in arguments or not any("..." in each for each in lines)


@pytest.mark.parametrize(
    ("script", "code"),
    [("exit 0", 0), ("exit 7", 7), ("exit 255", 255), ("kill -TERM $$", -15), ("kill -9 $$", -9)],
)
def test_the_exit_status_is_the_programs(nono: Nono, script: str, code: int) -> None:
    done = nono(*RUN, "--", "sh", "-c", script)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


def test_the_streams_are_the_programs(nono: Nono) -> None:
    done = nono(*RUN, "--", "sh", "-c", "tr a-z A-Z; echo problem >&2", input="text\n")
    assert (done.stdout, done.stderr) == ("TEXT\n", "problem\n")


def refused(nono: Nono, *flags: str, times: int = 3) -> Finished:
    return nono(*RUN, *flags, "--", "sh", "-c", f"for n in $(seq {times}); do : < /srv; done")


def test_the_report_names_what_why_and_the_flag(nono: Nono) -> None:
    done = refused(nono)
    report = [line for line in done.stderr.splitlines() if "sh:" not in line]
    assert report[0].startswith("nono: ")
    assert "refused" in report[0]
    assert "read /srv" in report[1]
    assert "no rule allows it" in report[1]
    assert "--list /srv" in report[1]


def test_quiet_says_nothing_and_json_says_it_to_machines(nono: Nono) -> None:
    assert "nono" not in refused(nono, "-q").stderr
    lines = refused(nono, "--json").stderr.splitlines()
    (denial,) = json.loads(lines[-1])["denials"]
    assert denial["path"] == "/srv"
    assert denial["fix"] == ["--list", "/srv"]


def test_the_report_is_short_however_much_was_refused(nono: Nono) -> None:
    script = "for n in $(seq 500); do : < /root/x$n < /etc/gshadow < /etc/sudoers; done 2>/dev/null"
    many = "for n in $(seq 300); do mkdir /var/nono-$n; touch /var/nono-$n; done 2>/dev/null"
    for each in (script, many):
        done = nono(*RUN, "--", "bash", "-c", each)
        assert len(done.stderr.splitlines()) <= 20


def test_why_names_the_rule(nono: Nono, as_user: Account) -> None:
    key = as_user.secret(".ssh/id_ed25519").path
    done = nono("why", "--read", str(as_user.home), "--path", str(key))
    assert done.returncode == 1
    assert "deny_credentials" in done.stdout
    assert "--bypass-protection" in done.stdout
    answer = json.loads(nono("why", "--path", "/usr/bin/env", "--op", "execute", "--json").stdout)
    assert answer["allowed"] is True
    assert answer["layer"] == "kernel floor"


@pytest.mark.parametrize(
    ("flags", "host", "port", "code", "said", "fix"),
    [
        ((), "pypi.org", "443", 0, "unrestricted network", []),
        ((), "169.254.169.254", "80", 1, "cloud metadata addresses", []),
        (("--network-profile", "minimal"), "API.openai.com.", "443", 0, "llm_apis", []),
        (
            ("--network-profile", "minimal"),
            "pypi.org",
            "8443",
            1,
            "no rule allows it",
            ["--allow-domain", "pypi.org:8443"],
        ),
        (("--open-port", "6379"), "127.0.0.1", "6379", 0, "--open-port 6379", []),
        (("--open-port", "6379"), "localhost", "6379", 0, "--open-port 6379", []),
        (
            ("--allow-domain", "pypi.org"),
            "::1",
            "6379",
            1,
            "no rule allows it",
            ["--open-port", "6379"],
        ),
        (("--block-net",), "pypi.org", "443", 1, "flag --block-net", []),
    ],
)
def test_why_explains_a_host(
    nono: Nono, flags: tuple[str, ...], host: str, port: str, code: int, said: str, fix: list[str]
) -> None:
    question = ("why", *flags, "--host", host, "--port", port)
    done = nono(*question)
    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout.startswith("denied: connect to" if code else "allowed: connect to")
    assert said in done.stdout
    answer = json.loads(nono(*question, "--json").stdout)
    assert (answer["allowed"], answer["fix"]) == (code == 0, fix)
    assert answer["layer"] == "broker"


def test_why_takes_port_443_when_none_is_given(nono: Nono) -> None:
    done = nono("why", "--allow-domain", "x.org:443", "--host", "x.org")
    assert done.returncode == 0
    assert "connect to x.org port 443" in done.stdout


def test_the_version_is_said_as_click_says_it(
    nono: Nono, capsys: pytest.CaptureFixture[str]
) -> None:
    from nono.supervisor.cli.commands import by_click

    assert by_click(["--version"]) == 0
    said = nono("--version")
    assert (said.returncode, said.stdout) == (0, capsys.readouterr().out)


def test_a_dry_run_shows_the_network(nono: Nono) -> None:
    hosts = ("--network-profile", "minimal", "--allow-domain", "10.0.0.0/8:5432")
    ports = ("--listen-port", "8000", "--dns", "9.9.9.9", "--no-sni-check", "x.org")
    done = nono(*RUN, "--dry-run", *hosts, *ports, "--", "true")
    assert (done.returncode, done.stderr) == (0, "")
    for said in (
        "network: filtered",
        "api.openai.com (ports 80 and 443)  [group llm_apis of network profile minimal]",
        "10.0.0.0/8:5432  [flag --allow-domain 10.0.0.0/8:5432]",
        "allow listen: port 8000 of this machine",
        "server name in TLS not compared: x.org",
        "looked up at: 9.9.9.9 port 53",
    ):
        assert said in done.stdout
    assert "network: unrestricted" in nono(*RUN, "--dry-run", "--", "true").stdout
    assert "network: blocked" in nono(*RUN, "--dry-run", "--block-net", "--", "true").stdout


def test_a_dry_run_runs_nothing(nono: Nono, project: Path) -> None:
    done = nono(*RUN, "--dry-run", "--", "touch", "made")
    assert (done.returncode, done.stderr) == (0, "")
    assert str(project) in done.stdout
    assert "deny_credentials" in done.stdout
    assert not (project / "made").exists()


def test_a_dry_run_says_that_there_is_no_such_command(nono: Nono) -> None:
    done = nono(*RUN, "--dry-run", "--", "no-such-command")
    assert done.returncode == 0 and "command: no-such-command" in done.stdout
    assert "no-such-command: there is no such command here" in done.stderr


def test_verbose_says_what_is_not_passed_on(nono: Nono) -> None:
    env = {"MY_API_KEY": "secret-value", "OTHER_TOKEN": "secret-value", "PLAIN": "yes"}
    command = ("--env-allow", "OTHER_TOKEN", "--", "env")
    done = nono(*RUN, "-v", *command, env=env)
    assert "MY_API_KEY" in done.stderr
    assert "secret-value" not in done.stderr
    assert "MY_API_KEY" not in done.stdout
    assert "OTHER_TOKEN=secret-value" in done.stdout
    assert "PLAIN=yes" in done.stdout


def test_why_is_asked_about_what_is_named(nono: Nono, as_user: Account, project: Path) -> None:
    as_user.file(as_user.home / ".netrc")
    said = nono("why", "~/.netrc")
    assert said.returncode == 1 and f"denied: read {as_user.home}/.netrc" in said.stdout
    assert "allowed: read /etc/passwd" in nono("why", "/etc/passwd").stdout
    as_user.file(project / "notes.txt")
    assert "connect to pypi.org port 443" in nono("why", "pypi.org").stdout
    assert "connect to ::1 port 80" in nono("why", "::1", "--port", "80").stdout
    assert "allowed: read" in nono("why", "--allow-cwd", "notes.txt").stdout
    elsewhere = ("--workdir", project, "notes.txt")
    assert f"denied: read {project}/notes.txt" in nono("why", *elsewhere, cwd=project.parent).stdout
    assert "allowed: create /tmp/x" in nono("why", "--op", "create", "/tmp/x").stdout


def test_the_dry_run_begins_with_what_a_person_said(nono: Nono, project: Path) -> None:
    hosts = ("--allow-domain", "pypi.org")
    lines = nono(*RUN, *hosts, "--deny", "**/.env", "--dry-run", "--", "true").stdout.splitlines()
    assert lines[:4] == [
        "command: true",
        f"working directory: {project}",
        "network: filtered",
        "allow connect: pypi.org (ports 80 and 443)  [flag --allow-domain pypi.org]",
    ]
    assert any(line.startswith("deny all:") and ".env" in line for line in lines[4:6])
    assert f"allow read,write,execute: {project}  [flag --allow-cwd]" in lines[4:7]
    assert len(lines) < 80
    assert len([line for line in lines if line.startswith("group deny_credentials:")]) == 1
    plan = json.loads(
        nono(*RUN, *hosts, "--deny", "**/.env", "--dry-run", "--json", "--", "true").stdout
    )
    assert (plan["command"], plan["workdir"]) == (["true"], str(project))
    assert plan["network"]["connect"][0]["pattern"] == "pypi.org"
    origins = {rule["origin"] for rule in plan["rules"]}
    assert {"flag --allow-cwd", "group deny_credentials", "flag --deny **/.env"} <= origins
    everything = nono(*RUN, *hosts, "-v", "--dry-run", "--", "true").stdout.splitlines()
    assert len(everything) > 400


def test_what_nobody_reads_to_its_end_is_no_error(as_user: Account, project: Path) -> None:
    for command in ("run -v --dry-run -- true", "profile groups", "why /etc/passwd -v"):
        script = f'"$0" -P -m nono.supervisor {command} | :; echo "${{PIPESTATUS[0]}}"'
        done = as_user("bash", "-c", script, as_user.python, cwd=project)
        assert (done.stdout, done.stderr) == ("0\n", ""), command


def test_a_profile_lists_directories_and_nothing_else(
    nono: Nono, as_user: Account, project: Path
) -> None:
    as_user.file(as_user.home / "kept/file", "text")
    profile = {"filesystem": {"list": ["~/kept", "~/kept/file"]}}
    as_user.file(project / "p.json", json.dumps(profile))
    script = f"ls {as_user.home}/kept; cat {as_user.home}/kept/file"
    done = nono("run", "-p", "./p.json", "--", "sh", "-c", script)
    assert (done.returncode, done.stdout) == (1, "file\n")
    assert "file is no directory: nothing is opened" in done.stderr
    as_user.file(project / "q.json", json.dumps({"filesystem": {"list": ["~/k*"]}}))
    assert "name the directory" in nono("run", "-p", "./q.json", "--", "true").stderr


def test_why_a_command_was_not_executed(nono: Nono, as_user: Account, project: Path) -> None:
    as_user.file(project / "here", "#!/bin/sh\n", 0o755)
    as_user.file(project / "closed", "#!/bin/sh\n")
    as_user.file(project / "odd", "#!/etc/passwd\n", 0o755)
    for command, hint in (
        ("here", f"nono {' '.join(RUN)} -- ./here"),
        ("./closed", "chmod +x ./closed"),
        ("./odd", "ls -l /etc/passwd"),
    ):
        assert nono(*RUN, "--", command).stderr.splitlines()[-1] == f"hint: {hint}"
    denied = nono(*RUN, "--deny", "/usr/bin", "--", "/usr/bin/env").stderr.splitlines()
    assert denied[-1] == "hint: nono why --path /usr/bin/env --op execute"


def test_learning_twice_names_the_file(nono: Nono, project: Path) -> None:
    assert nono("learn", "-q", "-o", "./p.json", "--", "true").returncode == 0
    done = nono("learn", "-q", "-o", "./p.json", "--", "true")
    assert done.returncode == 125 and "./p.json: File exists" in done.stderr
    assert "hint: --force replaces it\n" in done.stderr
    again = nono("learn", "--force", "-o", "./p.json", "--", "ls", "/")
    assert f"nono: saved in {project}/p.json; use it with" in again.stderr
    assert again.stderr.splitlines()[-1] == "      nono run --profile ./p.json -- ls /"
    assert json.loads((project / "p.json").read_text())["filesystem"] == {"list": ["/"]}
    assert nono("run", "--profile", "./p.json", "--", "ls", "/").returncode == 0
    before = (project / "p.json").read_text()
    failed = nono("learn", "--force", "-o", "./p.json", "--", "sh", "-c", "exit 3")
    assert failed.returncode == 3 and "nono: the program failed (exit status 3)" in failed.stderr
    assert f"{project}/p.json stays as it was" in failed.stderr
    assert "learned from: sh -c 'exit 3'" in failed.stderr
    assert (project / "p.json").read_text() == before
    assert [path.name for path in project.iterdir()] == ["p.json"]
