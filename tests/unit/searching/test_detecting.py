"""`resound detect`: a head over an index, and over another folder, as a person calls it."""

import io
import json
import shutil

import numpy as np
import pandas as pd
import pytest

from resound import cli
from resound.searching import heads
from resound.searching.detecting import Scored, detect, ranked, score
from resound.searching.index import Index
from resound.searching.places import Place, vectors_at
from tests.unit.searching.conftest import PLACES, WAYS, write_sounds

SOUND, TIMES = PLACES[1], (3.0, 9.0, 17.0)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Keep the user's cache out."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("TORCH_HOME", raising=False)


@pytest.fixture
def taught(kept, tmp_path) -> Index:
    """Return a copy of the index with the head `found`, of three windows of one sound."""
    index = Index(shutil.copytree(kept / "index", tmp_path / "index"))
    places = [Place(SOUND, time, time + 2) for time in TIMES]
    right = np.stack(vectors_at(index, index.choice.load(), places))
    presumed = index.drawn(100)
    presumed = presumed[(presumed @ right.T).max(axis=1) < 0.999]
    heads.save(index, "found", heads.fit(right, right[:0], presumed))
    return index


def detected(capsys, *arguments) -> pd.DataFrame:
    assert cli.main(["detect", *map(str, arguments), "--csv"]) == 0
    return pd.read_csv(io.StringIO(capsys.readouterr().out))


def naive(index: Index, head: heads.Head, threshold: float) -> set[tuple[str, float, float, float]]:
    """Return places by looking at one window after the other."""
    paths = index.files().set_index("file")["path"]
    windows = sorted(
        (int(file), int(position), float(probability))
        for block in index.windows()
        for file, position, probability in zip(
            block.files, block.positions, head.probabilities(block.vectors), strict=True
        )
        if probability >= threshold
    )
    runs: list[list[tuple[int, int, float]]] = []
    for window in windows:
        before = runs[-1][-1] if runs else (-1, 0, 0.0)
        meets = before[0] == window[0] and window[1] - before[1] <= 2  # of 2 s every 1 s
        runs[-1].append(window) if meets else runs.append([window])
    return {
        (
            paths[run[0][0]],
            float(run[0][1]),
            min(run[-1][1] + 2.0, 25.0),
            round(max(probability for *_, probability in run), 6),
        )
        for run in runs
    }


def test_windows_that_were_marked_are_found_at_their_places(taught, kept, capsys):
    hits = detected(capsys, taught.folder, "--head", "found")
    assert [*hits.columns] == ["rank", "file", "start", "end", "probability"]
    assert hits["probability"].is_monotonic_decreasing
    own = hits[hits["file"] == str(kept / "sounds" / SOUND)]
    for time in TIMES:
        assert ((own["start"] <= time) & (own["end"] >= time + 2)).any(), time


@pytest.mark.parametrize("threshold", [0.05, 0.3, 0.5, 0.8])
def test_neighbours_are_one_place_as_a_slow_walk_finds_them(taught, threshold):
    head = heads.load(taught, "found")
    hits = detect(taught, head, threshold=threshold)
    places = zip(
        hits["file"], hits["start"], hits["end"], hits["probability"].round(6), strict=True
    )
    found = {(str(file).removeprefix(f"{taught.sounds}/"), *rest) for file, *rest in places}
    assert found == naive(taught, head, threshold)
    assert [*hits["rank"]] == [*range(1, len(hits) + 1)]


def test_nothing_is_found_where_nothing_is_likely(taught, capsys):
    assert len(detected(capsys, taught.folder, "--head", "found", "--threshold", "1")) == 0
    assert cli.main(["detect", str(taught.folder), "--head", "found", "--threshold", "1"]) == 0
    assert "probability" in capsys.readouterr().out


def test_ranked_windows_are_those_of_a_full_sort(taught):
    head = heads.load(taught, "found")
    scored = score(head, taught.windows())
    hits = ranked(taught, scored, 10)
    rows = sorted(zip(-scored.probabilities, scored.files, scored.positions, strict=True))
    taken: list[tuple[int, int]] = []
    for _, file, position in rows:
        if all(file != other or abs(position - place) >= 2 for other, place in taken):
            taken.append((file, position))
    assert [*zip(hits["number"], hits["start"], strict=True)] == taken[:10]


def test_equal_probabilities_are_in_the_order_of_sounds_and_times(taught):
    scored = score(heads.load(taught, "found"), taught.windows())
    level = Scored(scored.files, scored.positions, np.full(len(scored.files), 0.5))
    hits = ranked(taught, level, 7)
    assert [*hits["start"]] == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0]
    assert {*hits["number"]} == {min(scored.files)}


def test_it_goes_over_another_folder_by_the_same_method(taught, tmp_path, capsys):
    write_sounds(tmp_path / "new")
    for place in (PLACES[0], PLACES[2], PLACES[3]):
        (tmp_path / "new" / place).unlink()
    asked = [taught.folder, "--head", "found", "--over", tmp_path / "new"]
    hits = detected(capsys, *asked)
    assert {*hits["file"]} == {str(tmp_path / "new" / SOUND)}
    inside = detected(capsys, taught.folder, "--head", "found")
    inside = inside[inside["file"].str.endswith(SOUND)]
    # The same sound has the same windows, by the same centre and scale, in the other folder.
    np.testing.assert_allclose(
        hits[["start", "end", "probability"]], inside[["start", "end", "probability"]], atol=1e-6
    )
    assert cli.main(["detect", *map(str, asked)]) == 0
    assert "0 new, 0 changed, 0 gone" in capsys.readouterr().err


def test_a_folder_of_sounds_is_named_as_in_a_search(kept, tmp_path, capsys):
    sounds = shutil.copytree(kept / "sounds", tmp_path / "sounds")
    assert cli.main(["detect", str(sounds), "--head", "found", *WAYS]) == 1
    assert "head 'found' is not known; there are none" in capsys.readouterr().err


def test_json_and_labels(taught, tmp_path, capsys):
    assert cli.main(["detect", str(taught.folder), "--head", "found", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["head"] == "found"
    assert found["threshold"] == pytest.approx(heads.load(taught, "found").threshold)
    assert found["hits"][0]["rank"] == 1
    assert cli.main(["detect", str(taught.folder), "--head", "found", "--labels", "raven"]) == 0
    table = pd.read_csv(io.StringIO(capsys.readouterr().out), sep="\t")
    assert [*table["Probability"]] == pytest.approx(
        [hit["probability"] for hit in found["hits"]], abs=1e-4
    )
    asked = ["detect", str(taught.folder), "--head", "found", "--labels", "audacity"]
    assert cli.main([*asked, "--output", str(tmp_path / "labels")]) == 0
    assert "second.wav.txt" in {path.name for path in (tmp_path / "labels").iterdir()}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--head", "other"], "did you mean|is not known"),
        (["--head", "found", "--threshold", "2"], "threshold=2.0 must be a probability"),
        (["--head", "found", "--over", "absent"], "there is no such folder"),
        (["--head", "../found"], "must be 1 to 64 letters"),
    ],
)
def test_what_makes_no_sense_is_one_error(taught, capsys, arguments, said):
    assert cli.main(["detect", str(taught.folder), *arguments]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert any(word in printed.err for word in said.split("|"))


def test_a_window_that_cannot_be_right_is_no_hit(taught):
    scored = score(heads.load(taught, "found"), taught.windows())
    some = np.where(scored.positions == 4, 0.5, 0.0)
    hits = ranked(taught, Scored(scored.files, scored.positions, some), 20)
    assert [*hits["start"]] == [4.0] * len(PLACES)
