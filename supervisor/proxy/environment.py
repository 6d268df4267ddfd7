"""The variables by which programs find the proxy: data, with a reason each."""

from __future__ import annotations

from nono.broker.datafile import data


def variables(url: str, *, local: bool) -> dict[str, str]:
    """Those of a proxy with this URL. `local`: what is on this machine is reached without it."""
    table = data("proxy_variables")
    values = {"HTTP": url, "LOCAL": ",".join(table["local"] if local else ())}
    return {
        name: values.get(entry["value"], entry["value"])
        for entry in table["variables"]
        for name in entry["names"]
    }
