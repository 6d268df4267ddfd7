"""Requests that programs really make pass where endpoints allow them, whatever they search for."""

from urllib.parse import quote, urlencode

import pytest

from nono.broker.credentials.endpoints import Endpoint, is_plain
from nono.broker.credentials.request import Admitted, judge
from nono.broker.credentials.services import own_service

TOKEN = b"nono-api-token"
BEARER = (b"host", b"127.0.0.1:1"), (b"authorization", b"Bearer " + TOKEN)
REST = ("*", "/**")

# The endpoint, and requests below the service's URL.
HONEST: list[tuple[tuple[str, str], list[str]]] = [
    (
        ("POST", "/v1/**"),
        [
            "/v1/chat/completions",
            "/v1/responses?include[]=file_search_call.results&stream=true",
            "/v1/messages?beta=true",
            "/v1/threads/thread_abc123/runs/run_1/submit_tool_outputs",
            "/v1/fine_tuning/jobs/ftjob-abc:cancel",
            "/v1/audio/speech",
        ],
    ),
    (
        ("GET", "/v1/**"),
        [
            "/v1/models",
            "/v1/models/",
            "/v1/models/gpt-4o-2024-08-06",
            "/v1/models/ft:gpt-4o-mini:my-org:custom_suffix:id",
            "/v1/files?purpose=fine-tune&limit=100&order=desc&after=file-abc123",
            "/v1/organization/usage/completions?start_time=1730419200&group_by[]=project_id",
            "/v1/messages/batches?after_id=msgbatch_01&limit=20",
            "/v1/vector_stores/vs_1/files/file-1/content",
        ],
    ),
    (
        ("POST", "/v1beta/models/*"),
        [
            "/v1beta/models/gemini-2.0-flash:generateContent",
            "/v1beta/models/gemini-2.0-flash:streamGenerateContent?alt=sse",
            "/v1beta/models/gemini-1.5-pro-002:countTokens?$alt=json;enc=utf-8".replace(
                ";enc=utf-8", ""
            ),
            "/v1beta/models/text-embedding-004:embedContent?prettyPrint=false&$.xgafv=2",
        ],
    ),
    (
        ("POST", "/v1/projects/*/locations/*/publishers/google/models/*:predict"),
        ["/v1/projects/my-proj-1/locations/us-central1/publishers/google/models/imagen:predict"],
    ),
    (
        ("GET", "/repos/**"),
        [
            "/repos/a/b/contents/x%20y.txt",
            "/repos/a/b/contents/.github/workflows/ci.yml?ref=main",
            "/repos/a/b/contents/src/pages/%5Bid%5D.tsx?ref=feature%2Fx",
            "/repos/a/b/contents/docs/%E6%97%A5%E6%9C%AC%E8%AA%9E.md",
            "/repos/a/b/contents/caf%C3%A9.txt",
            "/repos/a/b/contents/cafe%CC%81.txt",
            "/repos/a/b/contents/notes%20(copy),%20v1.0+final.txt",
            "/repos/a/b/contents/it's/$HOME/@types/~user/a=b&c!.txt",
            "/repos/a/b/compare/main...feature",
            "/repos/a/b/compare/v1.0.0...octocat:main",
            "/repos/a/b/git/refs/heads/feature/x-1",
            "/repos/a/b/commits?since=2024-01-01T00:00:00Z&until=2024-02-01T00:00:00+01:00",
            "/repos/a/b/issues?labels=bug,help%20wanted&state=all&per_page=100&page=2",
            "/repos/a/b/issues?milestone=*&assignee=none&sort=created",
            "/repos/a/b/zipball/refs/tags/v1.2.3",
        ],
    ),
    (
        ("GET", "/search/*"),
        [
            "/search/code?q=a+b&x[]=1",
            "/search/code?q=addClass+in:file+language:js+repo:jquery/jquery",
            "/search/issues?q=is%3Apr+author%3Aoctocat+%22exact%20phrase%22",
            "/search/issues?"
            + urlencode({"q": "naïve café — “quoted” 日本語 🚀 & more; done? #1"}),
            "/search/issues?q=" + quote("what is a method? 100% sure <b> \\ ^ ` | {x}"),
            "/search/repositories?q=stars:>=10".replace(">", "%3E"),
            "/search/users?q=location:%22S%C3%A3o%20Paulo%22&order=asc",
            "/search/code?q=" + quote("line one\nline two\tend"),
        ],
    ),
    (
        ("GET", "/projects/*/repository/**"),
        ["/projects/1/repository/tree?recursive=true&path=app%2Fmodels"],
    ),
    (
        ("GET", "/projects/group%2Fproj/**"),
        [
            "/projects/group%2Fproj/repository/files/app%2Fmodels%2Fkey%2Erb?ref=main",
            "/projects/group%2fproj/merge_requests?scope=all&not[labels]=x&state=opened",
            "/projects/group%2Fproj/issues?updated_after=2019-03-15T08:00:00Z&with_labels_details=1",
        ],
    ),
    (
        ("GET", "/v1/*"),
        [
            "/v1/charges?limit=3&expand[]=data.customer&expand[]=data.invoice",
            "/v1/charges?created[gte]=1700000000&created[lt]=1800000000",
            "/v1/charges?expand%5B%5D=data.customer&metadata%5Border_id%5D=6735",
            "/v1/articles?include=author&fields[articles]=title,body&fields[people]=name&page[size]=1",
            "/v1/items?cursor=eyJpZCI6MTIzfQ==",
            "/v1/items?cursor=eyJpZCI6MTIzfQ%3D%3D&next=a/b+c=",
            "/v1/items?starting_after=ch_3L/+x&created__gte=2024-01-01",
            "/v1/items?$filter=Name%20eq%20'Milk'&$select=Id,Name&$orderby=Name%20desc&$top=10",
            "/v1/items?_=1700000000000&callback=cb",
            "/v1/items?flag",
            "/v1/items?a=1&&b=2&",
            "/v1/items?",
            "/v1/items?bbox=-122.5,37.7,-122.3,37.8&tz=Europe/Berlin&email=a@b.example",
            "/v1/items?date=2024-05-06&time=10:11:12.5&range=[1,2]&set=(a|b)&price=~10!",
            "/v1/items?redirect_uri=https%3A%2F%2Fx.example%2Fcb%3Fa%3D1%26b%3D2%23top",
            "/v1/items?q=a%26b%3Dc%3Bd",
            "/v1/items?filter=%7B%22where%22%3A%7B%22name%22%3A%22x%22%7D%7D",
            "/v1/items?method=artist.getInfo&payment_method=card&delivery[method]=express",
            "/v1/items?action=query&controller=x&path=/a/b&url=https://x.example/",
        ],
    ),
    (
        ("GET", "/fhir/*"),
        ["/fhir/Patient?name:exact=Smith&birthdate=ge1970-01-01&_has:Observation:patient:code=1-2"],
    ),
    (
        ("GET", "/*"),
        [
            "/@scope%2Fname"[:7],
            "/wiki",
            "/C++",
            "/robots.txt",
            "/~user",
            "/8f14e45f-ceea-467a-9575-d3a0d9e8c0a1",
            "/urn:isbn:0451450523",
            "/user@example.org",
        ],
    ),
    (("GET", "/@scope%2fname"), ["/@scope%2fname", "/@scope%2Fname"]),
    (("PATCH", "/users/*/settings/*"), ["/users/me/settings/notification.email"]),
    (("DELETE", "/gists/*"), ["/gists/aa5a315d61ae9438b18d"]),
    (("M-SEARCH", "/x"), ["/x"]),
    (("GET", "/special;v=1/%23room"), ["/special;v=1/%23room"]),
]
CASES = [(rule, target) for rule, targets in HONEST for target in targets]


def test_the_table_is_long() -> None:
    assert len(CASES) >= 60


@pytest.mark.parametrize(("rule", "target"), CASES)
def test_it_passes(rule: tuple[str, str], target: str) -> None:
    service = own_service("api", "https://api.example.org", "k", None, None, [rule])
    answer = judge(
        rule[0].encode(), b"/api" + target.encode(), BEARER, {"api": service}, {"api": TOKEN}
    )
    assert isinstance(answer, Admitted), answer
    sent = "&".join(filter(None, target.partition("?")[2].split("&")))
    assert answer.target.decode() == target.partition("?")[0] + ("?" + sent if sent else "")


HEADERS = (
    *(
        "accept",
        "accept-language",
        "user-agent",
        "content-type",
        "if-none-match",
        "range",
        "cookie",
    ),
    *("x-stainless-lang", "x-stainless-helper-method", "x-stainless-retry-count", "openai-beta"),
    *("anthropic-version", "anthropic-beta", "x-goog-api-client", "x-goog-request-params"),
    *(
        "x-github-api-version",
        "idempotency-key",
        "traceparent",
        "x-request-id",
        "origin",
        "referer",
    ),
    *("access-control-request-method", "x-forwarded-for", "x-amz-security-token", "private-token"),
)


@pytest.mark.parametrize("name", HEADERS)
def test_headers_of_clients_pass(name: str) -> None:
    service = own_service("api", "https://api.example.org", "k", None, None, [REST])
    headers = [*BEARER, (name.encode(), b"stream")]
    answer = judge(b"POST", b"/api/x", headers, {"api": service}, {"api": TOKEN})
    assert isinstance(answer, Admitted), answer
    assert (name.encode(), b"stream") in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        "/a/¥100",
        "/パス\N{FULLWIDTH SOLIDUS}ファイル",
        "/Wait…",
        "/a•b",
        "/传",
        "/x%20y",
        "/a;v=1/b",
        "/100%25",
        "/a%23b%3Fc",
    ],
)
def test_without_endpoints_more_is_plain(path: str) -> None:
    assert is_plain(quote(path, safe="/;%"))


def test_a_star_is_one_part_and_something() -> None:
    for path, star, stars in (
        ("/models/x", True, True),
        ("/models/", False, True),
        ("/models", False, True),
        ("/models/x/y", False, True),
        ("/models/x%2Fy", False, True),
    ):
        assert Endpoint("GET", "/models/*").matches("GET", path) is star, path
        assert Endpoint("GET", "/models/**").matches("GET", path) is stars, path
    assert Endpoint("GET", "/x*").matches("GET", "/x")
