"""Capabilities of a forked child, as the kernel itself tells them in /proc."""

import os
import struct
import subprocess
from pathlib import Path

import pytest

from nono.shims.linux import capabilities, process
from nono.shims.linux.capabilities import NUMBERS
from nono.shims.linux.libc import address, ffi, syscall
from nono.shims.linux.syscall_classes import machine, number
from tests.shims.linux.forked import USERS, error_of, in_child

FILE_OWNERSHIP = frozenset(
    NUMBERS[name] for name in ("CAP_DAC_OVERRIDE", "CAP_CHOWN", "CAP_FOWNER", "CAP_FSETID")
)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has capabilities to give up")


def mask(numbers: frozenset[int]) -> int:
    return sum(1 << each for each in numbers)


def told(status: str) -> dict[str, int]:
    """The sets in the text of /proc/<pid>/status."""
    lines = (line.split() for line in status.splitlines() if line.startswith("Cap"))
    return {name.rstrip(":"): int(value, 16) for name, value in lines}


def own() -> dict[str, int]:
    return told(Path("/proc/thread-self/status").read_text())


def after_execve() -> dict[str, int]:
    text = subprocess.run(
        ["/bin/cat", "/proc/self/status"], stdout=subprocess.PIPE, check=True, text=True
    ).stdout
    return told(text)


@pytest.mark.parametrize("user", USERS)
def test_reading(user: int) -> None:
    def work() -> list[int]:
        sets = capabilities.sets()
        told = own()
        assert told["CapEff"] == mask(sets.effective)
        assert told["CapPrm"] == mask(sets.permitted)
        assert told["CapInh"] == mask(sets.inheritable)
        return [told["CapEff"]]

    assert in_child(work, user) == [own()["CapEff"] if user == os.geteuid() else 0]


def test_names_have_the_kernels_numbers() -> None:
    assert len(NUMBERS) == max(NUMBERS.values()) + 1 == 41
    assert (NUMBERS["CAP_SYS_ADMIN"], NUMBERS["CAP_PERFMON"], NUMBERS["CAP_BPF"]) == (21, 38, 39)


@as_root
@pytest.mark.parametrize("keep", [FILE_OWNERSHIP, frozenset[int]()], ids=["some", "none"])
def test_root_gives_up_all_but_some(keep: frozenset[int]) -> None:
    def work() -> list[dict[str, int]]:
        process.set_no_new_privs()
        assert capabilities.drop_to(keep) == keep & everything
        return [own(), after_execve()]

    everything = capabilities.sets().permitted
    rest = mask(keep & everything)
    expected = {"CapInh": 0, "CapPrm": rest, "CapEff": rest, "CapBnd": rest, "CapAmb": 0}
    assert in_child(work) == [expected, expected]


@as_root
@pytest.mark.parametrize("keep", [FILE_OWNERSHIP, frozenset[int]()], ids=["some", "none"])
def test_execve_gives_nothing_back_to_a_thread_with_its_bounding_set(keep: frozenset[int]) -> None:
    def work() -> list[dict[str, int]]:
        assert capabilities.drop_without_execve(keep) == keep & everything
        return [own(), after_execve()]

    everything = capabilities.sets().permitted
    rest = mask(keep & everything)
    for told in in_child(work):
        assert told | {"CapBnd": 0} == {
            "CapInh": 0,
            "CapPrm": rest,
            "CapEff": rest,
            "CapBnd": 0,
            "CapAmb": 0,
        }
        assert told["CapBnd"] == own()["CapBnd"]


@as_root
def test_what_is_given_up_does_not_come_back() -> None:
    def work() -> list[frozenset[int]]:
        process.set_no_new_privs()
        return [sorted(capabilities.drop_to(each)) for each in steps]  # type: ignore[misc]

    steps = [FILE_OWNERSHIP, frozenset(range(64)), frozenset({21}), frozenset(range(64))]
    kept = sorted(FILE_OWNERSHIP & capabilities.sets().permitted)
    assert in_child(work) == [kept, kept, [], []]


@as_root
def test_without_some_for_a_time() -> None:
    def work() -> list[dict[str, int]]:
        before = own()
        with capabilities.with_only(FILE_OWNERSHIP):
            within = own()
            with capabilities.with_only(frozenset()):
                assert own()["CapEff"] == 0
            assert own() == within
        assert own() == before
        with pytest.raises(KeyError), capabilities.with_only(frozenset()):
            raise KeyError
        assert own() == before
        assert within | {"CapEff": before["CapEff"]} == before
        return [within]

    (within,) = in_child(work)
    assert within["CapEff"] == mask(FILE_OWNERSHIP & capabilities.sets().effective)


def test_sets_by_their_masks() -> None:
    told = own()
    sets = capabilities.sets()
    assert capabilities.of_masks(told["CapEff"], told["CapPrm"])[:2] == sets[:2]


def make_ambient() -> None:
    """Make CAP_CHOWN inheritable, as an ambient capability has to be, and ambient."""
    low, high = (mask(capabilities.sets().permitted) >> shift & 0xFFFFFFFF for shift in (0, 32))
    header = ffi.from_buffer(struct.pack("=Ii", 0x20080522, 0))
    data = ffi.from_buffer(struct.pack("=6I", low, low, 1, high, high, 0))
    syscall(number(machine(), "capset"), address(header), address(data))
    process.prctl(47, 2, NUMBERS["CAP_CHOWN"])


@as_root
def test_inheritable_and_ambient_sets_are_emptied() -> None:
    def work() -> list[dict[str, int]]:
        make_ambient()
        before = own()
        process.set_no_new_privs()
        capabilities.drop_to(FILE_OWNERSHIP)
        return [before, own()]

    before, after = in_child(work)
    assert (before["CapInh"], before["CapAmb"]) == (1, 1)
    assert (after["CapInh"], after["CapAmb"]) == (0, 0)


@as_root
def test_root_without_capabilities_is_bound_by_modes(tmp_path: Path) -> None:
    def work() -> list[str]:
        process.set_no_new_privs()
        capabilities.drop_to(FILE_OWNERSHIP)
        kept = error_of(lambda: foreign.write_text("written"))
        capabilities.drop_to(frozenset())
        return [kept, error_of(foreign.read_text), error_of(lambda: os.chown(foreign, 0, 0))]

    foreign = tmp_path / "foreign"
    foreign.write_text("text")
    foreign.chmod(0o600)
    os.chown(foreign, USERS[-1], USERS[-1])
    assert in_child(work) == ["", "EACCES", "EPERM"]


def test_an_ordinary_user_has_nothing_to_give_up() -> None:
    def work() -> list[int]:
        bounding = own()["CapBnd"]
        process.set_no_new_privs()
        rest = capabilities.drop_to(FILE_OWNERSHIP)
        return [len(rest), own()["CapPrm"], bounding - own()["CapBnd"], after_execve()["CapPrm"]]

    assert in_child(work, USERS[-1]) == [0, 0, 0, 0]
