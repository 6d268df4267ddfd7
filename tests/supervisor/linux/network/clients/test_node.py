"""Node's clients: fetch, http, https, and both of its ways to look up a name."""

from __future__ import annotations

import json

import pytest

from tests.supervisor.linux.network.clients.conftest import (
    DENIED,
    PAGES,
    PLAIN,
    SECURE,
    Client,
    refused,
    report,
)

AT_ONCE = 30
FETCH = f"""
const dns = require("dns").promises, http = require("http"), https = require("https");
const [SECURE, PLAIN, DENIED] = {json.dumps([SECURE, PLAIN, DENIED])};

const get = (url) => new Promise((resolve) => {{
    const {{ get }} = url.startsWith("https") ? https : http;
    get(url, (answer) => {{
        let text = "";
        answer.on("data", (data) => (text += data)).on("end", () => resolve(text));
    }}).on("error", (error) => resolve(error.code));
}});
const load = (url) => fetch(url).then((answer) => answer.text(), (error) => error.cause.code);

(async () => {{
    const found = [];
    for (const url of [SECURE, PLAIN, DENIED]) found.push(await get(url), await load(url));
    const urls = Array.from({{ length: {AT_ONCE} }}, (_, number) => `${{SECURE}}/${{number}}`);
    found.push(new Set(await Promise.all(urls.map(load))).size);
    const [resolved] = await dns.resolve4("secure.example.net");
    found.push(resolved === (await dns.lookup("secure.example.net")).address);
    console.log(JSON.stringify(found));
}})();
"""


@pytest.mark.requires(commands=["node"])
def test_node(client: Client) -> None:
    done = client("node", "-e", FETCH, env={"NODE_EXTRA_CA_CERTS": "ca.pem"})
    assert done.returncode == 0, done.stderr
    pages = [page for page in PAGES for _ in range(2)]
    assert json.loads(done.stdout) == [*pages, "ECONNREFUSED", "ECONNREFUSED", 1, True]
    assert report(done) == refused(2)
