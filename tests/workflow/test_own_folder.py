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
CLASSES = ("hiss", "hum")
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


def test_without_folds_the_plan_is_that_of_leave_one_out_and_it_is_told(mine):
    asked = mine.snakemake("out/tables", "--dry-run", "--configfile", "mine.yaml")
    (mine.folder / "mine.yaml").write_text(CONFIG.replace("leave_one_out", "holdout"))
    output = mine.snakemake("out/tables", "--dry-run", "--configfile", "mine.yaml")
    assert mine.jobs(output) == mine.jobs(asked)
    assert not [rule for rule in mine.jobs(output) if rule.startswith("train")]
    told = output.partition("Building DAG")[0]
    mine.match(r"10 clips of 2 classes, no folds: every clip asks all others", told)


def test_folds_that_are_not_there_are_told_before_the_first_job(mine):
    path = mine.folder / "mine/meta/sounds.csv"
    table = pd.read_csv(path)
    table.assign(fold=[1, 2] * 5).to_csv(path, index=False)
    (mine.folder / "mine.yaml").write_text(CONFIG.replace("leave_one_out", "holdout"))
    output = mine.snakemake("out/tables", "--configfile", "mine.yaml", check=False)
    mine.match(r"query_folds: \[5\]: no clip lies in fold 5; set retrieval.query_folds", output)
    assert not (mine.folder / "out").exists()
    assert "Traceback" not in output


@pytest.mark.slow
@pytest.mark.parametrize("is_flat", [False, True])
def test_a_newcomer_s_folder_becomes_hits_a_map_and_a_page(project, is_flat):
    """The path of who has sounds and nothing else; half a minute each on two quiet cores."""
    rng = np.random.default_rng(0)
    for number in range(8):
        name = f"{number}.wav" if is_flat else f"{CLASSES[number % 2]}/{number}.flac"
        path = project.folder / "sounds" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, 0.1 * rng.standard_normal(RATE // 2), RATE)
    options = ["--configfile", "workflow/configs/own.yaml"]
    project.snakemake("--cores", "2", *options)
    out = project.folder / "results/own"
    hits = pd.read_parquet(out / "rankings/dtw/mfcc/sr16000_nfft2048_hop512/all.parquet")
    assert set(hits["query"]) == set(hits["hit"])
    assert hits["relevant"].any() == (not is_flat)
    assert len(list(out.glob("maps/*/*.csv"))) == 2
    assert (out / "tables/retrieval_dtw.csv").exists() == (not is_flat)
    page = (out / "report/index.html").read_text()
    assert f"8 clips{'' if is_flat else ' of 2 classes'}" in " ".join(page.split())
    assert "the study" not in page.partition("<script")[0]
    again = project.snakemake("--dry-run", *options)
    assert project.jobs(again) == {}


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
