"""A folder of one's own, with files of every kind, from its CSV to the table."""

import numpy as np
import pandas as pd
import pytest
import soundfile

RATE = 44_100
CONFIG = """
dataset: folder
data_root: mine
results_dir: out
audio: {duration: 0.4}
validation: {features: [], stft: [net], clips: 1}
retrieval:
  protocol: leave_one_out
  tables:
    retrieval_cosine: {features: [fft, stft, mfcc, f0, f1], stft: [16k]}
    retrieval_dtw: {features: [mfcc, lfcc, f0], stft: [16k]}
matrix_spectrogram: {table: {n_samples: []}}
"""
ODD = {
    "sample_rate": "telephone.wav",
    "channels": "stereo.flac",
    "shorter": "short.ogg",
    "longer": "long.wav",
    "silent": "silent.wav",
}


@pytest.fixture
def mine(project):
    """Return the project with a folder of ten clips, five of them odd."""
    rng = np.random.default_rng(0)
    folder = project.folder / "mine"
    (folder / "audio").mkdir(parents=True)
    (folder / "meta").mkdir()

    def write(name, seconds=0.4, rate=RATE, channels=1, level=0.1):
        noise = level * rng.standard_normal((round(seconds * rate), channels))
        soundfile.write(folder / "audio" / name, noise.squeeze(), rate)

    for number in range(5):
        write(f"plain {number}.wav")
    write("telephone.wav", rate=8000)
    write("stereo.flac", channels=2)
    write("short.ogg", seconds=0.1)
    write("long.wav", seconds=2.0)
    write("silent.wav", level=0.0)
    names = sorted(path.name for path in (folder / "audio").iterdir())
    categories = ["hum" if i % 2 else "hiss, <loud>" for i in range(len(names))]
    table = pd.DataFrame({"filename": names, "category": categories})
    table.to_csv(folder / "meta" / "sounds.csv", index=False)
    (project.folder / "mine.yaml").write_text(CONFIG)
    return project


def test_odd_files_are_listed_and_handled(mine):
    mine.snakemake("out/tables", "--cores", "2", "--configfile", "mine.yaml")
    audit = pd.read_csv(mine.folder / "out/index/audit.csv")
    for rule, name in ODD.items():
        assert f"audio/{name}" in audit["file"][audit["rule"] == rule].tolist()
    for table in ("cosine", "dtw"):
        made = pd.read_csv(mine.folder / f"out/tables/retrieval_{table}.csv")
        assert (made["n_queries"] == 10).all()
        assert made["mrr@10"].between(0, 1).all()
        assert made["query_fold"].tolist() == ["all"] * len(made)


def test_a_protocol_with_folds_needs_folds(mine):
    (mine.folder / "mine.yaml").write_text(CONFIG.replace("leave_one_out", "holdout"))
    output = mine.snakemake("out/index/splits/fold5.csv", "--configfile", "mine.yaml", check=False)
    mine.match(r"query_folds=\[5\], but the CSV has no folds; set retrieval.protocol", output)
    assert not (mine.folder / "out/index/splits/fold5.csv").exists()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "meta/sounds.csv").unlink(), "must hold one CSV file"),
        (lambda folder: (folder / "audio/stereo.flac").unlink(), "stereo.flac: missing"),
        (lambda folder: folder.rename(folder.with_name("else")), "data_root=mine is not a folder"),
    ],
)
def test_what_is_missing_is_named(mine, spoil, message):
    spoil(mine.folder / "mine")
    output = mine.snakemake("out/index/clips.csv", "--configfile", "mine.yaml", check=False)
    mine.match(message, output)
    assert "Traceback" not in output
    assert not (mine.folder / "out/index/clips.csv").exists()
