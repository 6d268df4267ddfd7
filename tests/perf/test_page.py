"""The tables of docs/benchmarking.md are what `nono bench` makes of docs/measured.json."""

from nono.perf.results.heading import page
from nono.perf.results.kept import from_json
from tests.conftest import CHECKOUT

PAGE = (CHECKOUT / "docs/benchmarking.md").read_text(encoding="utf-8")
MEASURED = (CHECKOUT / "docs/measured.json").read_text(encoding="utf-8")


def test_the_tables_are_those_that_were_measured() -> None:
    """After a new measurement: `nono bench --show docs/measured.json --markdown`."""
    _, _, after = PAGE.partition("<!-- nono bench: begin -->\n")
    told, _, _ = after.partition("<!-- nono bench: end -->")
    assert told == page(from_json(MEASURED, "docs/measured.json"))
