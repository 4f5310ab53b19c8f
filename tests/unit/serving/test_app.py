"""Every address of the page's server, on a real index."""

import csv
import io
import json
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from resound import cli
from resound.searching import heads
from resound.searching.index import Index
from resound.serving.pictures import HEIGHT, WIDTH, picture
from tests.unit.searching.conftest import PLACES, RATE, cut_out
from tests.unit.serving.conftest import client_of

PLACE, START = PLACES[0], 7.25
ASSETS = Path(__file__).resolve().parents[3] / "src/resound/serving/assets"


@pytest.fixture
def query(library, tmp_path) -> bytes:
    return cut_out(library / "sounds" / PLACE, START, 2.0, tmp_path / "query.wav").read_bytes()


def searched(client, body: bytes, **given) -> dict:
    response = client.post("/api/search", params={"name": "query.wav", **given}, content=body)
    assert response.status_code == 200, response.text
    return response.json()


def asked(client, path: str, **body) -> dict:
    response = client.post(path, json=body)
    assert response.status_code == 200, response.text
    return response.json()


def refused(response, status: int = 422) -> str:
    assert response.status_code == status, response.text
    return response.json()["error"]


def marked(client, hit: dict, mark: str, head: str = "unnamed") -> dict:
    place = {name: hit[name] for name in ("number", "start", "end")}
    return asked(client, "/api/mark", head=head, mark=mark, **place)


def test_the_page_and_all_that_it_asks_for_are_there(client):
    page = client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    names = {*re.findall(r'/assets/([\w.]+)"', page.text)}
    for path in ASSETS.glob("*.js"):
        names |= {*re.findall(r'(?:from "\./|"/assets/)([\w.]+)"', path.read_text())}
    assert names >= {"base.css", "search.css", "main.js", "tap.js"}
    for name in names:
        assert client.get(f"/assets/{name}").status_code == 200, name
    assert client.get("/assets/main.js").headers["content-type"].startswith("text/javascript")


def test_the_page_names_no_other_place(client):
    """What a page loads from elsewhere would tell there what is searched for."""
    texts = [path.read_text() for path in ASSETS.iterdir()]
    texts = [text.replace("http://www.w3.org/2000/svg", "") for text in texts]
    assert not [text for text in texts if re.search(r"https?:|//\w+\.\w", text)]
    assert not re.search(r"<script>|<style|\son\w+=|style=", client.get("/").text), "all in files"


@pytest.mark.parametrize(
    "path",
    ["/assets/absent.js", "/assets/..%2Fapp.py", "/assets/../app.py", "/api/absent", "/index.json"],
)
def test_nothing_else_is_there(client, path):
    assert refused(client.get(path), 404)


def test_it_says_what_it_searches(client, library):
    about = client.get("/api/about").json()
    assert about["folder"] == str(library / "sounds")
    assert (about["windows"], about["sounds"], about["window"]) == (96, 4, 2.0)
    assert about["words"] is False
    assert about["marked"] == about["heads"] == []


def test_a_recording_is_found_where_it_was_cut_out(client, query):
    found = searched(client, query, k=5)
    assert [hit["rank"] for hit in found["hits"]] == [1, 2, 3, 4, 5]
    first = found["hits"][0]
    assert first["path"] == PLACE
    assert abs(first["start"] - START) <= 1.0
    assert first["score"] > 0.9
    assert found["title"] == "query.wav"
    assert Image.open(io.BytesIO(client.get(f"/api/query/{found['query']}.png").content)).size == (
        WIDTH, HEIGHT,
    )  # fmt: skip


def test_it_finds_what_the_command_finds(client, own, query, tmp_path, capsys):
    (tmp_path / "query.wav").write_bytes(query)
    command = ["search", str(own.folder), str(tmp_path / "query.wav"), "--json", "-k", "24"]
    assert cli.main(command) == 0
    expected = json.loads(capsys.readouterr().out)["hits"]
    hits = searched(client, query, k=24)["hits"]
    assert [hit["start"] for hit in hits] == [hit["start"] for hit in expected]
    assert [hit["score"] for hit in hits] == pytest.approx([hit["similarity"] for hit in expected])


def test_a_stretch_of_it_is_what_counts(client, library, query):
    whole = (library / "sounds" / PLACE).read_bytes()
    part = searched(client, whole, **{"from": START, "to": START + 2})
    assert part["hits"][0] == pytest.approx(searched(client, query)["hits"][0], rel=1e-3)


def test_more_hits_are_asked_for_by_the_query_s_name(client, query):
    found = searched(client, query, k=3)
    more = asked(client, "/api/more", query=found["query"], head="unnamed", k=9)
    assert more["hits"][:3] == found["hits"]
    assert len(more["hits"]) == 9


def test_what_is_like_a_hit_is_found(client, query):
    hit = searched(client, query)["hits"][4]
    place = {name: hit[name] for name in ("number", "start", "end")}
    found = asked(client, "/api/place", head="unnamed", k=3, **place)
    assert found["hits"][0]["path"] == hit["path"]
    assert found["hits"][0]["start"] == pytest.approx(hit["start"], abs=0.5)
    assert found["title"] == Path(hit["path"]).name


def silence() -> bytes:
    return wav(np.zeros(RATE))


def wav(waveform) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, waveform, RATE, format="WAV")
    return file.getvalue()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"a walk at dusk\n", "query.wav: undecodable"),
        (b"", "query.wav: empty"),
        (wav(np.full(160, 0.5)), "query.wav: 0.01 s from 0 s on are too short"),
        (silence(), "query.wav: is silent"),
        (wav(np.random.default_rng(0).normal(0, 0.1, RATE * 300)), "longer than 240 windows"),
        (wav(np.ones(RATE))[:100], "query.wav: "),
    ],
    ids=["text", "nothing", "10 ms", "silent", "long", "torn"],
)
def test_what_tells_nothing_is_one_clear_sentence(client, body, said):
    told = refused(client.post("/api/search", params={"name": "query.wav"}, content=body))
    assert said in told
    assert "/tmp" not in told
    assert "resound-" not in told, "the person knows the file by its own name"


def test_what_was_sent_is_not_kept(client, query, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    searched(client, query)
    refused(client.post("/api/search", content=b"no sound"))
    assert [*(tmp_path / "temporary").iterdir()] == []


def test_a_name_is_never_taken_for_a_path(client, query):
    assert searched(client, query, name="../../etc/passwd")["title"] == "passwd"
    assert len(searched(client, query, name="a" * 999)["title"]) == 120


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"k": 0}, "k=0 must be from 1 to 480"),
        ({"k": 481}, "k=481 must be"),
        ({"k": "many"}, "k='many' must be a whole number"),
        ({"k": "nan"}, "k=nan must be a whole number"),
        ({"from": -1}, "from=-1.0 must be a number of seconds"),
        ({"from": "soon"}, "from='soon'"),
        ({"to": "inf"}, "to=inf"),
        ({"from": 1, "to": 1}, "is no stretch"),
        ({"head": "../x"}, "must be 1 to 64 letters"),
    ],
)
def test_what_is_asked_wrongly_is_one_sentence(client, query, given, said):
    assert said in refused(client.post("/api/search", params=given, content=query))


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/api/words", {"text": "a dog", "head": "unnamed", "k": 3}, "compares no words"),
        ("/api/words", {"text": 3, "head": "unnamed", "k": 3}, "text=3 must be a text"),
        (
            "/api/place",
            {"number": 0, "start": 3, "end": 2, "head": "unnamed", "k": 3},
            "no stretch",
        ),
        ("/api/place", {"number": "0", "start": 3, "end": 4}, "number='0' must be a whole number"),
        ("/api/mark", {"head": "a", "number": 0, "start": 1, "end": 2, "mark": "so"}, "mark='so'"),
        (
            "/api/mark",
            {"head": "a", "number": 0, "start": 2, "end": 2, "mark": "right"},
            "no place",
        ),
        ("/api/mark", {"head": "a", "number": 0, "start": True, "end": 2}, "start=True must be"),
        ("/api/rank", {"head": "unnamed", "k": 3}, "no place is marked as right"),
        ("/api/head", {"head": "unnamed", "name": "bark"}, "no place is marked as right"),
        ("/api/head", {"head": "unnamed", "name": "unnamed"}, "choose another"),
        ("/api/head", {"head": "unnamed", "name": "../bark"}, "must be 1 to 64 letters"),
        ("/api/head", {"head": "other", "name": "bark"}, "the marks are those of 'other'"),
        ("/api/forget", {}, "head=None must be a text"),
        ("/api/forget", [1], "must be an object"),
    ],
)
def test_a_body_that_makes_no_sense_is_one_sentence(client, path, body, said):
    assert said in refused(client.post(path, json=body))


def test_a_body_that_is_no_json_is_one_sentence(client):
    assert refused(client.post("/api/rank", content=b"{")) == "the body must be JSON"


def test_only_the_stretch_is_played(client, library, own):
    number = int(own.files().set_index("path").loc[PLACES[1], "file"])
    response = client.get(f"/api/sound/{number}.wav", params={"from": 3.5, "to": 4.75})
    assert response.headers["content-type"] == "audio/wav"
    waveform, rate = soundfile.read(io.BytesIO(response.content))
    original, _ = soundfile.read(library / "sounds" / PLACES[1], start=56_000, frames=20_000)
    assert rate == RATE
    np.testing.assert_allclose(waveform, original.mean(axis=1), atol=1e-4)


def test_a_stretch_is_seen(client):
    response = client.get("/api/sound/0.png?from=0&to=2")
    assert response.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(response.content)).size == (WIDTH, HEIGHT)


def test_a_tone_is_seen_at_its_time_and_its_height():
    seconds = np.arange(88_200) / 44_100
    tone = np.where(seconds < 1, np.sin(2 * np.pi * 300 * seconds), 0).astype(np.float32)
    drawn = np.asarray(Image.open(io.BytesIO(picture(tone))).convert("L"), float)
    row, column = np.unravel_index(drawn.argmax(), drawn.shape)
    assert column < WIDTH / 2
    assert row > HEIGHT * 0.75, "low bands are below"
    assert drawn[:, WIDTH * 3 // 4 :].max() < drawn.max() / 4


@pytest.mark.parametrize("kind", ["wav", "png"])
@pytest.mark.parametrize("number", ["4", "99", "9" * 30, "-1", "0.5", "..%2F..%2Fetc%2Fpasswd"])
def test_a_sound_that_the_index_does_not_have_is_not_there(client, kind, number):
    assert refused(client.get(f"/api/sound/{number}.{kind}?from=0&to=1"), 404)


def test_a_stretch_has_two_ends_and_is_not_long(client):
    for times in ("", "?from=0", "?from=0&to=x", "?from=2&to=1"):
        assert refused(client.get(f"/api/sound/0.wav{times}"))
    assert "at most 120 s" in refused(client.get("/api/sound/0.wav?from=0&to=121"))


def test_a_sound_that_is_gone_is_said_to_be(library, own, tmp_path):
    sounds = shutil.copytree(library / "sounds", tmp_path / "sounds")
    about = json.loads((own.folder / "index.json").read_text())
    (own.folder / "index.json").write_text(json.dumps({**about, "folder": str(sounds)}))
    client = client_of(Index(own.folder))
    number = int(own.files().set_index("path").loc[PLACE, "file"])
    assert client.get(f"/api/sound/{number}.wav?from=0&to=1").status_code == 200
    (sounds / PLACE).write_text("no sound")
    assert "undecodable" in refused(client.get(f"/api/sound/{number}.wav?from=0&to=1"))
    (sounds / PLACE).unlink()
    assert "not there any more" in refused(client.get(f"/api/sound/{number}.wav?from=0&to=1"), 404)


def test_a_path_that_leads_out_of_the_folder_is_not_followed(library, own, tmp_path):
    (tmp_path / "sounds").mkdir()
    shutil.copy(library / "sounds" / PLACES[1], tmp_path / "secret.wav")
    about = json.loads((own.folder / "index.json").read_text())
    (own.folder / "index.json").write_text(
        json.dumps({**about, "folder": str(tmp_path / "sounds")})
    )
    row = {**own.files().iloc[0].to_dict()}
    client = client_of(Index(own.folder))
    for path in ("../secret.wav", str(tmp_path / "secret.wav")):
        own.put([{**row, "path": path}])
        assert "outside" in refused(client.get("/api/sound/0.wav?from=0&to=1"), 404)


def test_marks_are_shown_wherever_the_place_is_listed_and_survive(client, own, query):
    hits = searched(client, query)["hits"]
    marked(client, hits[0], "right")
    names = marked(client, hits[2], "wrong")
    assert names["marked"] == [{"name": "unnamed", "right": 1, "wrong": 1}]
    again = searched(client_of(Index(own.folder)), query)["hits"]
    assert [hit["mark"] and hit["mark"]["mark"] for hit in again[:4]] == [
        "right",
        None,
        "wrong",
        None,
    ]
    assert marked(client, hits[0], "none")["marked"] == [
        {"name": "unnamed", "right": 0, "wrong": 1}
    ]
    assert asked(client, "/api/forget", head="unnamed")["marked"] == []


def test_more_like_these_puts_right_ones_first_and_wrong_ones_last(client, query):
    found = searched(client, query, k=24)
    right, wrong = found["hits"][5:8], found["hits"][:3]
    for hit in right:
        marked(client, hit, "right")
    for hit in wrong:
        marked(client, hit, "wrong")
    ranked = asked(client, "/api/rank", head="unnamed", k=40)
    assert (ranked["right"], ranked["wrong"], ranked["unread"]) == (3, 3, 0)
    assert 0 < ranked["presumed"] <= heads.PRESUMED
    scores = [hit["score"] for hit in ranked["hits"]]
    assert scores == sorted(scores, reverse=True)
    marks = [hit["mark"]["mark"] for hit in ranked["hits"] if hit["mark"]]
    assert "right" in marks[:2]
    assert {*marks[:2]} == {"right"}
    places = {(hit["path"], round(hit["start"])) for hit in ranked["hits"][:6]}
    assert not {(hit["path"], round(hit["start"])) for hit in wrong} & places


def test_the_query_counts_as_right(client, query):
    found = searched(client, query)
    ranked = asked(client, "/api/rank", head="unnamed", query=found["query"], k=5)
    assert (ranked["right"], ranked["wrong"]) == (1, 0)
    assert ranked["hits"][0]["path"] == PLACE
    assert abs(ranked["hits"][0]["start"] - START) <= 1.0


def test_a_query_that_is_not_known_any_more_is_said_to_be(client):
    for path in ("/api/more", "/api/rank"):
        body = {"query": "unknown", "head": "unnamed", "k": 3}
        assert "ask for the sound again" in refused(client.post(path, json=body), 404)
    assert refused(client.get("/api/query/unknown.png"), 404)


def test_saving_names_the_marks_and_detecting_finds_by_the_head(client, own, query, capsys):
    found = searched(client, query)
    for hit in found["hits"][:2]:
        marked(client, hit, "right")
    saved = asked(client, "/api/head", head="unnamed", name="bark", query=found["query"])
    assert saved["heads"] == ["bark"]
    assert saved["marked"] == [{"name": "bark", "right": 2, "wrong": 0}]
    assert Path(saved["file"]) == own.folder / "heads/bark.json"
    assert heads.load(own, "bark").right == 3
    ranked = asked(client, "/api/rank", head="bark", query=found["query"], k=1)
    assert cli.main(["detect", str(own.folder), "--head", "bark", "--json"]) == 0
    first = json.loads(capsys.readouterr().out)["hits"][0]
    assert first["file"].endswith(ranked["hits"][0]["path"])
    assert first["probability"] == pytest.approx(ranked["hits"][0]["score"], abs=1e-6)


def test_a_mark_whose_sound_is_gone_is_left_out_and_told(library, own, tmp_path, query):
    sounds = shutil.copytree(library / "sounds", tmp_path / "sounds")
    about = json.loads((own.folder / "index.json").read_text())
    (own.folder / "index.json").write_text(json.dumps({**about, "folder": str(sounds)}))
    hits = searched(client_of(Index(own.folder)), query)["hits"]
    other = next(hit for hit in hits if hit["path"] != PLACE)
    for hit in (hits[0], other):
        marked(client_of(Index(own.folder)), hit, "right")
    (sounds / PLACE).unlink()
    ranked = asked(client_of(Index(own.folder)), "/api/rank", head="unnamed", k=3)
    assert (ranked["right"], ranked["unread"]) == (1, 1)


def test_marks_are_exported(client, library, query):
    hit = searched(client, query)["hits"][0]
    marked(client, hit, "right")
    response = client.get("/api/marks.csv?head=unnamed")
    assert response.headers["content-disposition"].endswith("filename*=UTF-8''unnamed.csv")
    (row,) = csv.DictReader(io.StringIO(response.text))
    assert row["file"] == str(library / "sounds" / PLACE)
    assert (float(row["start"]), row["mark"]) == (hit["start"], "right")


def test_many_may_ask_and_mark_at_once(client, query):
    hits = searched(client, query, k=24)["hits"]

    def work(number: int) -> list[str]:
        marked(client, hits[number], "right" if number % 2 else "wrong")
        return [hit["path"] for hit in searched(client, query, k=5)["hits"]]

    with ThreadPoolExecutor(8) as pool:
        found = [*pool.map(work, range(16))]
    assert all(paths == found[0] for paths in found)
    assert client.get("/api/names").json()["marked"] == [
        {"name": "unnamed", "right": 8, "wrong": 8}
    ]
