"""A recording of one's own against what a run has left."""

import io
import os
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import soundfile

from resound import cli, store

MFCC = "mfcc/sr16000_nfft2048_hop512"
NETWORK = "mel/sr44100_nfft2048_hop1024/seed0"
METHODS = [f"dtw/{MFCC}", f"cosine/{MFCC}", "cosine/fft", "cosine/cnn", "dtw/autoencoder_128"]
CONFIG = ("--configfile", "tiny.yaml")


@pytest.fixture
def here(finished, monkeypatch):
    """Return the folder of the finished project, entered."""
    monkeypatch.chdir(finished.folder)
    return finished.folder


def nearest(capsys, *arguments: str) -> pd.DataFrame:
    assert cli.main(["similar", *arguments, "--csv", *CONFIG]) == 0
    return pd.read_csv(io.StringIO(capsys.readouterr().out), dtype={"id": str})


def ranking_of(folder, method: str) -> pd.DataFrame:
    (path,) = folder.glob(f"out/rankings/{method}/**/fold5.parquet")
    return store.read_table(path)


@pytest.mark.parametrize(
    "method", [METHODS[0], METHODS[1], "cosine/fft/sr44100", f"cosine/cnn/{NETWORK}"]
)
def test_a_query_of_the_run_finds_what_the_run_found(here, capsys, method):
    ranking = ranking_of(here, method)
    clips = pd.read_csv(here / "out/index/clips.csv", dtype={"id": str}).set_index("id")
    query = ranking["query"].iloc[0]
    expected = ranking[ranking["query"] == query]
    found = nearest(capsys, f"data/{clips.file[query]}", "--by", method, "-k", "1000")
    assert found["id"].iloc[0] == query
    assert len(found) == len(clips)
    gallery = found[clips["fold"].loc[found["id"]].to_numpy() != 5].head(len(expected))
    np.testing.assert_allclose(gallery["distance"], expected["score"], rtol=1e-3, atol=1e-6)
    assert (gallery["id"].to_numpy() == expected["hit"].to_numpy()).mean() > 0.8


@pytest.mark.parametrize("method", METHODS)
def test_a_recording_of_another_form_finds_its_clip(here, tmp_path, capsys, method):
    file = sorted((here / "data/audio").iterdir())[30]
    samples, rate = soundfile.read(file, dtype="float32")
    longer = np.repeat(np.pad(samples, (0, rate))[:, np.newaxis], 2, axis=1)
    soundfile.write(tmp_path / "mine.flac", longer, rate)
    found = nearest(capsys, str(tmp_path / "mine.flac"), "--by", method, "-k", "3")
    assert list(found["rank"]) == [1, 2, 3]
    assert found["file"].iloc[0] == f"data/audio/{file.name}"
    assert found["distance"].is_monotonic_increasing


def test_what_is_printed_is_a_table_or_csv(here, capsys):
    file = min((here / "data/audio").iterdir())
    arguments = ["similar", str(file), "-k", "2", *CONFIG]
    assert cli.main([*arguments, "--by", "dtw/mfcc"]) == 0
    title, _, header, _, first, _ = capsys.readouterr().out.splitlines()
    assert title == f"{file} by dtw/{MFCC}"
    assert header.split() == ["rank", "distance", "category", "id", "file"]
    assert first.split()[::3] == ["1", file.stem]
    assert cli.main([*arguments, "--config", "data_root=/elsewhere", "--csv"]) == 0
    rows = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert rows["file"][0] == f"/elsewhere/audio/{file.name}"


def test_all_methods_are_listed(here, capsys):
    assert cli.main(["similar", "--list", *CONFIG, "--config", "results_dir=empty"]) == 0
    missing = capsys.readouterr().out.splitlines()
    assert cli.main(["similar", "--list", *CONFIG]) == 0
    methods = capsys.readouterr().out.splitlines()
    assert {f"dtw/{MFCC}", f"cosine/cnn/{NETWORK}"} < set(methods)
    assert missing == [f"{name}   (not made yet)" for name in methods]


@pytest.mark.trouble(
    "a recording whose name is not UTF-8, asked about", "found; its name is printed with escapes"
)
def test_a_recording_whose_name_is_no_text_is_found(here, tmp_path):
    recording = tmp_path / os.fsdecode(b"caf\xe9.wav")
    shutil.copyfile(min((here / "data/audio").iterdir()), recording)
    command = [sys.executable, "-m", "resound.cli", "similar", recording, "--by", METHODS[1]]
    done = subprocess.run([*command, *CONFIG], capture_output=True, text=True, check=True)
    assert "caf\\udce9.wav by cosine/mfcc" in done.stdout


ERRORS = {
    "no recording": (["--configfile", "x.wav"], "name a recording: `resound similar <file>`, bef"),
    "both": (["x.wav", "--text", "a dog"], "name a recording"),
    "words for no encoder": (["--text", "a dog"], "no method of this config compares words"),
    "no file": (["gone.wav"], "gone.wav: missing: there is no such file; give another recording\n"),
    "no sound": (
        ["tiny.yaml"],
        "tiny.yaml: undecodable: Format not recognised; write it as one of WAV, ",
    ),
    "no method": (
        ["x.wav", "--by", "dtw/mfc"],
        "method 'dtw/mfc' is not known; did you mean 'dtw/mfcc'?",
    ),
    "no hits": (["data/audio/{}", "-k", "0"], "k=0 must be"),
    "no bank": (
        ["x.wav", "--config", "results_dir=empty"],
        f"empty/features/{MFCC}/bank.npy: there is no such bank yet; `snakemake "
        f"empty/features/{MFCC}/bank.npy --cores all --configfile tiny.yaml --config "
        "results_dir=empty` makes it\n",
    ),
    "another bank": (
        ["data/audio/{}", "--configfile", "tiny.yaml", "other.yaml"],
        f"out/features/{MFCC}/bank.npy: was made from another spec:\n"
        "  options.n_mfcc: stored 13, asked for 12\n",
    ),
    "no key": (["x.wav", "--config", "nothing=1"], "--config nothing=1: must be KEY=VALUE with a"),
    "no value": (["x.wav", "--config", "audio=["], "--config audio=[: is no YAML ("),
    "a bad config": (["x.wav", "--config", "dataset=esc51"], "dataset: 'esc51' is not one of"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors_say_what_to_do(here, tmp_path, capsys, case):
    arguments, message = ERRORS[case]
    file = min((here / "data/audio").iterdir()).name
    (tmp_path / "other.yaml").write_text("features: {mfcc: {n_mfcc: 12}}\n")
    given = [a.format(file).replace("other.yaml", str(tmp_path / "other.yaml")) for a in arguments]
    configs = () if "--configfile" in given else CONFIG
    assert cli.main(["similar", *given, *configs]) == 1
    assert message in capsys.readouterr().err
