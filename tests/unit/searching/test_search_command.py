"""`resound search`, as a person calls it, from a folder that knows nothing of the package's."""

import io
import json
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import soundfile

from resound import cli
from resound.audio.reading import load
from resound.searching.decoding import FFMPEG
from resound.searching.index import Index
from resound.searching.table import Table
from tests.tiny_encoders import write_clap, write_efficientat
from tests.unit.searching.conftest import PLACES, WAYS, cut_out

PLACE, START = PLACES[0], 7.25  # between two windows


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Call from an empty folder, with an empty cache."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("TORCH_HOME", raising=False)


@pytest.fixture
def query(kept, tmp_path):
    return cut_out(kept / "sounds" / PLACE, START, 2.0, tmp_path / "query.wav")


def searched(capsys, *arguments) -> pd.DataFrame:
    assert cli.main(["search", *map(str, arguments), "--csv"]) == 0
    return pd.read_csv(io.StringIO(capsys.readouterr().out))


def refused(capsys, *arguments) -> str:
    assert cli.main([*map(str, arguments)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = [line for line in printed.err.splitlines() if line.startswith("resound ")]
    return line


def test_a_part_of_a_sound_is_found_where_it_is(kept, query, capsys):
    hits = searched(capsys, kept / "index", query, "-k", "5", "--coarse")
    assert [*hits.columns] == ["rank", "file", "start", "end", "similarity"]
    assert hits["file"][0] == str(kept / "sounds" / PLACE)
    assert abs(hits["start"][0] - START) <= 1.0
    assert hits["similarity"].between(0, 1).all()
    assert hits["similarity"].is_monotonic_decreasing
    assert len(hits) == 5
    for _, some in hits.groupby("file"):
        starts = sorted(some["start"])
        assert (np.diff(starts) >= 2.0).all(), "no two of one sound overlap"


def test_places_that_windows_do_not_meet_are_found(kept, tmp_path, capsys):
    right, between, draws = 0, 0, np.random.default_rng(0)
    for _ in range(20):
        place = PLACES[draws.integers(4)]
        start = draws.integers(22) + draws.uniform(0.1, 0.9)
        query = cut_out(kept / "sounds" / place, start, 2.0, tmp_path / "query.wav")
        hit = searched(capsys, kept / "index", query, "-k", "1").iloc[0]
        right += hit["file"].endswith(place) and abs(hit["start"] - start) <= 1.0
        between += hit["start"] % 1.0 > 0
    # Of made-up sounds by MFCC; real ones by an encoder are in test_real_recordings.py.
    assert right >= 15
    assert between >= 10, "most have a better place than a window's"


def test_a_longer_query_asks_window_by_window(kept, tmp_path, capsys):
    rate = 16_000
    first, _ = soundfile.read(kept / "sounds" / PLACES[0], start=3 * rate, frames=2 * rate)
    third, _ = soundfile.read(kept / "sounds" / PLACES[3], start=8 * rate, frames=2 * rate)
    soundfile.write(tmp_path / "two.wav", np.concatenate([first, third]), rate, "FLOAT")
    hits = searched(capsys, kept / "index", tmp_path / "two.wav", "-k", "2")
    assert {*zip(hits["file"], hits["start"], strict=True)} == {
        (str(kept / "sounds" / PLACES[0]), 3.0),
        (str(kept / "sounds" / PLACES[3]), 8.0),
    }
    np.testing.assert_allclose(hits["similarity"], 1, atol=1e-4)


def test_a_stretch_of_a_recording_is_what_was_cut_out_of_it(kept, query, capsys):
    by_times = searched(
        capsys, kept / "index", kept / "sounds" / PLACE, "--from", "0:07.25", "--to", "9.25"
    )
    pd.testing.assert_frame_equal(by_times, searched(capsys, kept / "index", query), atol=1e-4)


def test_a_query_shorter_than_a_window_is_padded_as_a_sound_s_last_window(sounds, tmp_path, capsys):
    short = cut_out(sounds / PLACE, START, 0.5, tmp_path / "short.wav")
    shutil.copy(short, sounds / "short.wav")
    assert cli.main(["index", str(sounds), "--into", str(tmp_path / "index"), *WAYS]) == 0
    capsys.readouterr()
    hit = searched(capsys, tmp_path / "index", short).iloc[0]
    assert (hit["file"], hit["start"], hit["end"]) == (str(sounds / "short.wav"), 0.0, 0.5)
    assert hit["similarity"] == pytest.approx(1, abs=1e-6)


def test_at_most_some_hits_of_a_sound(kept, query, capsys):
    hits = searched(capsys, kept / "index", query, "--per-file", "1")
    assert sorted(hits["file"]) == sorted(str(kept / "sounds" / place) for place in PLACES)


def test_dtw_puts_the_true_place_first_and_says_where_in_the_window(kept, tmp_path, capsys):
    query = cut_out(kept / "sounds" / PLACE, 7.25, 1.0, tmp_path / "query.wav")
    hits = searched(capsys, kept / "index", query, "--rerank", "dtw", "-k", "5")
    assert hits["distance"].is_monotonic_increasing
    assert [*hits["rank"]] == [1, 2, 3, 4, 5]
    assert hits["file"][0].endswith(PLACE)
    assert hits["start"][0] + hits["offset"][0] == pytest.approx(7.25, abs=0.1)
    assert (hits["offset"] >= -1.0).all()


def test_json_says_what_was_asked(kept, query, capsys):
    assert cli.main(["search", str(kept / "index"), str(query), "--json", "-k", "2"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["query"] == str(query)
    assert "mfcc_derivatives_dct" in found["method"]
    assert [hit["rank"] for hit in found["hits"]] == [1, 2]


def test_labels_for_raven_and_audacity(kept, query, tmp_path, capsys):
    assert cli.main(["search", str(kept / "index"), str(query), "--labels", "raven"]) == 0
    table = pd.read_csv(io.StringIO(capsys.readouterr().out), sep="\t")
    assert (table["Begin Time (s)"] == table["File Offset (s)"]).all()
    assert table["Begin Path"][0] == str(kept / "sounds" / PLACE)
    labels = tmp_path / "labels"
    asked = ["search", str(kept / "index"), str(query), "--labels", "audacity"]
    assert "belongs to one" in refused(capsys, *asked)
    assert cli.main([*asked, "--output", str(labels)]) == 0
    lines = (labels / "first.flac.txt").read_text().splitlines()
    times = [tuple(map(float, line.split("\t")[:2])) for line in lines]
    assert times == sorted(times)
    assert all(end - start == pytest.approx(2.0) for start, end in times)
    assert sorted(path.name for path in labels.iterdir()) == [
        "first.flac.txt", "fourth.AIFF.txt", "second.wav.txt", "third.ogg.txt",
    ]  # fmt: skip


def test_hits_can_be_written_to_a_file(kept, query, tmp_path, capsys):
    expected = searched(capsys, kept / "index", query)
    into = tmp_path / "hits.csv"
    assert (
        cli.main(["search", str(kept / "index"), str(query), "--csv", "--output", str(into)]) == 0
    )
    assert capsys.readouterr().out == ""
    pd.testing.assert_frame_equal(pd.read_csv(into), expected)


def test_a_folder_is_indexed_in_the_user_s_cache(sounds, query, tmp_path, capsys):
    assert cli.main(["search", str(sounds), str(query), *WAYS]) == 0
    printed = capsys.readouterr()
    assert f"indexed in {tmp_path / 'cache/resound/indexes'}" in printed.err
    assert "4 new" in printed.err
    assert PLACE in printed.out.splitlines()[2]
    (sounds / PLACE).unlink()
    assert cli.main(["search", str(sounds), str(query)]) == 0
    printed = capsys.readouterr()
    assert "0 new, 0 changed, 1 gone" in printed.err
    assert PLACE not in printed.out


def test_the_default_method_is_told_and_so_is_a_better_one(sounds, query, capsys):
    assert cli.main(["index", str(sounds)]) == 0
    said = capsys.readouterr().err
    assert "mean and deviation of mfcc_derivatives_dct" in said
    assert "`--by efficientat` hears better" in said
    assert "windows in all" in said


def test_an_encoder_finds_it_too_and_other_weights_are_refused(sounds, tmp_path, capsys):
    write_efficientat(tmp_path / "net.pt")
    write_efficientat(tmp_path / "other.pt", n_classes=9)
    into, by = tmp_path / "index", ["--by", "efficientat"]
    ways = [*by, "--weights", str(tmp_path / "net.pt"), "--window", "2", "--hop", "1"]
    assert cli.main(["index", str(sounds), "--into", str(into), *ways]) == 0
    assert "efficientat, net.pt, sha256" in capsys.readouterr().err
    hit = searched(capsys, into, sounds / PLACE, "--from", "5", "--to", "7").iloc[0]
    assert (hit["file"], hit["start"]) == (str(sounds / PLACE), 5.0)
    told = refused(capsys, "search", into, sounds / PLACE, *by, "--weights", tmp_path / "other.pt")
    assert "was made by family efficientat, sha256" in told
    (tmp_path / "net.pt").rename(tmp_path / "moved.pt")
    assert "there is no such file" in refused(capsys, "search", into, sounds / PLACE)
    again = searched(capsys, into, sounds / PLACE, *by, "--weights", tmp_path / "moved.pt")
    assert len(again)


def test_words_find_what_the_encoder_puts_next_to_them(sounds, tmp_path, capsys):
    write_clap(tmp_path / "clap")
    ways = ["--by", "clap", "--weights", str(tmp_path / "clap"), "--window", "2", "--hop", "1"]
    into, words = tmp_path / "index", "a sound of dog"
    assert cli.main(["index", str(sounds), "--into", str(into), *ways]) == 0
    capsys.readouterr()
    hits = searched(capsys, into, "--text", words, "-k", "9")
    index = Index(into)
    method = index.choice.load()
    asked = method.of_words(words)
    for hit in hits.itertuples():
        waveform = load(hit.file, sample_rate=method.sample_rate, duration=25.0)
        window = waveform[round(hit.start * method.sample_rate) :][: 2 * method.sample_rate]
        (vector,) = method.vectors(window[np.newaxis])
        assert hit.similarity == pytest.approx((1 + asked @ vector) / 2, abs=1e-3)
    # Of every window of every sound none is nearer.
    vectors = Table(into, "windows").vectors(range(index.count()))
    assert hits["similarity"][0] == pytest.approx((1 + (vectors @ asked).max()) / 2, abs=1e-5)
    assert hits["similarity"].is_monotonic_decreasing
    assert "has no words" in refused(capsys, "search", into, "--text", " ")
    assert "need a recording" in refused(capsys, "search", into, "--text", "dog", "--from", "1")


def silence(path):
    soundfile.write(path, np.zeros(16_000), 16_000)
    return path


def click(path):
    soundfile.write(path, np.full(160, 0.5), 16_000)
    return path


def text(path):
    path.write_text("no sound")
    return path


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (silence, "is silent"),
        (click, "0.01 s from 0 s on are too short"),
        (text, "undecodable"),
        (lambda path: path, "there is no such file"),
    ],
)
def test_a_query_that_tells_nothing_is_one_error(kept, tmp_path, capsys, write, said):
    query = write(tmp_path / "query.wav")
    told = refused(capsys, "search", kept / "index", query)
    assert said in told
    assert str(query) in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name a recording"),
        (["--text", "a dog barks"], "compares no words; make an index by an encoder"),
        (["{query}", "-k", "0"], "k=0 must be a positive integer of hits"),
        (["{query}", "--per-file", "0"], "per_file=0"),
        (["{query}", "--from", "9", "--to", "8"], "is no stretch"),
        (["{query}", "--from", "9"], "too short"),
        (["{query}", "--by", "lfcc"], "not by feature lfcc"),
        (["{query}", "--by", "mffc"], "did you mean 'mfcc'"),
        (["{query}", "--option", "n_fft"], "must be name=value"),
        (["{query}", "--hop", "0.5"], "has windows of 2.0 s every 1.0 s"),
        (["{query}", "--weights", "net.pt"], "needs the family of its encoder"),
    ],
)
def test_what_makes_no_sense_is_one_error(kept, query, capsys, arguments, said):
    given = [argument.format(query=query) for argument in arguments]
    assert said in refused(capsys, "search", kept / "index", *given)


def test_what_is_no_index_is_one_error(kept, query, tmp_path, capsys):
    assert "is no index of sounds" in refused(capsys, "search", tmp_path / "absent", query)
    assert "holds no files" in refused(capsys, "search", tmp_path / "here", query)


def test_similarity_is_explained(capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["search", "--help"])
    assert "(1 + cos) / 2" in " ".join(capsys.readouterr().out.split())


@pytest.mark.skipif(shutil.which(FFMPEG) is None, reason="ffmpeg is not installed")
def test_ffmpeg_reads_what_soundfile_does_not(sounds, tmp_path, capsys):
    command = [FFMPEG, "-v", "error", "-i", str(sounds / PLACE), "-c:a", "alac"]
    subprocess.run([*command, str(sounds / "dusk/-: a.m4a")], check=True)
    whole = (sounds / "dusk/-: a.m4a").read_bytes()
    (sounds / "broken.m4a").write_bytes(whole[: len(whole) // 2])
    (sounds / PLACE).unlink()
    into = tmp_path / "index"
    assert cli.main(["index", str(sounds), "--into", str(into), *WAYS]) == 0
    assert "not read: broken.m4a: " in capsys.readouterr().err
    query = sounds / "dusk/-: a.m4a"
    hit = searched(capsys, into, query, "--from", "5", "--to", "7", "--rerank", "dtw").iloc[0]
    assert (hit["file"], hit["start"]) == (str(query), 5.0)


def test_searching_needs_no_torch_and_no_checkout(kept, query):
    code = "import sys; from resound import cli; status = cli.main(sys.argv[1:]); "
    code += "assert not {'torch', 'snakemake', 'librosa'} & set(sys.modules); sys.exit(status)"
    command = [sys.executable, "-c", code, "search", str(kept / "index"), str(query), "--csv"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert PLACE in done.stdout.splitlines()[1]
