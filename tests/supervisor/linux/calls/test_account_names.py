"""The name beside a number, from a file of the machine's."""

from pathlib import Path

from nono.supervisor.linux.calls.account_names import USERS, with_name


def test_a_number_has_the_name_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "passwd"
    file.write_bytes(
        b"root:x:0:0::/root:/bin/sh\n\nann:x:1000:50:A:/h:/bin/sh\nodd\xff:x:7:7:::\n:1:\n"
    )
    assert with_name(1000, str(file)) == "1000 (ann)"
    assert with_name(50, str(file)) == "50"
    assert with_name(7, str(file)) == "7 (odd\ufffd)"
    assert with_name(1000, str(tmp_path / "none")) == "1000"
    assert with_name(0, USERS) == "0 (root)"
