"""Which requests are answered: by host, by the page that asks, and by how much they bring."""

import asyncio
import json

import pytest
from starlette.testclient import TestClient

from resound.serving.guard import HEADERS, MOST_OTHERWISE, MOST_UPLOADED
from tests.unit.serving.conftest import HOST, PORT

MARK = {"head": "unnamed", "number": 0, "start": 0, "end": 2, "mark": "right"}


@pytest.mark.parametrize("host", [f"127.0.0.1:{PORT}", f"localhost:{PORT}", f"[::1]:{PORT}"])
def test_this_machine_s_names_are_answered(client, host):
    assert client.get("/api/about", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        f"evil.example:{PORT}",
        "127.0.0.1",
        "127.0.0.1:1",
        f"127.0.0.1.evil:{PORT}",
        "",
    ],
)
def test_other_hosts_are_refused_everything(client, host):
    for path in ("/", "/assets/main.js", "/api/about"):
        response = client.get(path, headers={"Host": host})
        assert response.status_code == 421
        assert "127.0.0.1 and its own port" in response.json()["error"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": f"https://127.0.0.1:{PORT}"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": f"http://localhost:{PORT}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": HOST},
    ],
)
def test_other_pages_change_nothing(client, own, headers):
    response = client.post("/api/mark", json=MARK, headers=headers)
    assert response.status_code == 403
    assert not (own.folder / "marks.csv").exists()


def test_other_pages_read_nothing_but_may_lead_here(client):
    foreign = {"Sec-Fetch-Site": "cross-site"}
    for path in ("/api/about", "/api/sound/0.wav?from=0&to=1", "/api/marks.csv", "/assets/main.js"):
        assert client.get(path, headers=foreign).status_code == 403
    assert client.get("/", headers=foreign).status_code == 200


def test_the_page_itself_may(client):
    own = {"Origin": HOST, "Sec-Fetch-Site": "same-origin"}
    assert client.post("/api/mark", json=MARK, headers=own).status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/assets/main.js", "/api/about", "/absent", "/api/sound/9.wav"]
)
def test_every_answer_says_what_a_page_may_load(client, path):
    headers = client.get(path).headers
    for name, value in HEADERS.items():
        assert headers[name] == value
    rules = dict(
        rule.strip().split(" ", 1) for rule in headers["content-security-policy"].split(";")
    )
    assert rules["default-src"] == "'none'"
    assert all("http" not in sources and "*" not in sources for sources in rules.values())
    assert "unsafe" not in headers["content-security-policy"]


def test_a_refusal_has_them_too(client):
    headers = client.get("/", headers={"Host": "evil.example"}).headers
    assert headers["content-security-policy"] == HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("path", "limit", "said"),
    [
        ("/api/search", MOST_UPLOADED, "more than 64 MB"),
        ("/api/mark", MOST_OTHERWISE, "more than 64 kB"),
    ],
)
def test_a_body_is_refused_by_its_length_before_it_is_read(client, path, limit, said):
    async def receive():
        raise AssertionError("it is not read")

    assert asked(client, path, receive, [(b"content-length", str(limit + 1).encode())]) == (
        413,
        said,
    )


def test_a_body_that_does_not_tell_its_length_ends_where_it_is_too_large(client):
    read = []

    async def receive():
        read.append(1)
        return {"type": "http.request", "body": bytes(2**20), "more_body": len(read) < 70}

    assert asked(client, "/api/search", receive, []) == (413, "more than 64 MB")
    assert len(read) == 65, "and not one piece later"


def test_a_length_that_is_none_is_refused(client):
    async def receive():
        raise AssertionError("it is not read")

    assert asked(client, "/api/search", receive, [(b"content-length", b"-1")])[0] == 413


def asked(client: TestClient, path: str, receive, headers) -> tuple[int, str]:
    """Ask the app with a body that comes as it likes; return status and beginning of the error."""
    sent = []

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", f"127.0.0.1:{PORT}".encode()), *headers],
    }
    asyncio.run(client.app(scope, receive, send))
    begin, *rest = sent
    error = json.loads(b"".join(message["body"] for message in rest))["error"]
    return begin["status"], error.partition(";")[0]
