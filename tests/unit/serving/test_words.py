"""Words in place of a recording, by an encoder that reads them."""

import pytest

from resound.searching.indexing import open_or_create, update
from resound.searching.methods import choose
from resound.searching.windows import Grid
from tests.tiny_encoders import write_clap
from tests.unit.serving.conftest import client_of


@pytest.mark.filterwarnings("default")
def test_words_find_windows_and_are_no_window_themselves(library, tmp_path):
    write_clap(tmp_path / "clap")
    chosen = choose("clap", weights=str(tmp_path / "clap"))
    index, method = open_or_create(library / "sounds", tmp_path / "index", chosen, Grid(5.0, 5.0))
    update(index, method, n_threads=1)
    client = client_of(index)
    assert client.get("/api/about").json()["words"] is True
    asked = {"text": "a dog barks", "head": "unnamed", "k": 4}
    found = client.post("/api/words", json=asked).json()
    assert (found["title"], found["picture"], len(found["hits"])) == ("a dog barks", False, 4)
    assert client.get(f"/api/query/{found['query']}.png").status_code == 404
    rank = {"query": found["query"], "head": "unnamed", "k": 4}
    assert "no place is marked as right" in client.post("/api/rank", json=rank).json()["error"]
    place = {name: found["hits"][2][name] for name in ("number", "start", "end")}
    client.post("/api/mark", json={"head": "unnamed", "mark": "right", **place})
    ranked = client.post("/api/rank", json={**rank, "k": 20}).json()
    assert ranked["right"] == 1, "the place alone"
    assert [hit["mark"]["mark"] for hit in ranked["hits"] if hit["mark"]] == ["right"]
