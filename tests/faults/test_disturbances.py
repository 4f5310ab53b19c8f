"""A disk that is full or read-only, damaged files, two runs at once, a clip that is replaced."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import soundfile

from resound.data.index import read_clips
from resound.store import sha256_of

pytestmark = pytest.mark.slow

# One of each kind of stored file. What stands in a folder is made from the folders before it.
STORED = {
    "waveforms": "audio/sr16000/waveforms.npy",
    "feature bank": "features/mfcc/*/bank.npy",
    "network": "models/*/*/*/*/*/weights.safetensors",
    "embeddings": "embeddings/*/*/*/*/*/bank.npy",
    "distances": "distances/dtw/*/*/fold5/*/distances.npy",
    "ranking": "rankings/dtw/*/*/fold5.parquet",
}
FOLDERS = (*(path.partition("/")[0] for path in STORED.values()), "scores", "tables")


def mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


@contextmanager
def small_disk(folder: Path, *options: str) -> Iterator[None]:
    """Put a file system in memory at `folder`; skip where that is not allowed."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    folder.mkdir(exist_ok=True)
    try:
        mount("-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder))
    except subprocess.CalledProcessError as error:  # a container's root may lack the right to
        pytest.skip(f"no small disk can be mounted here ({error})")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("size", ["300k", "1400k"])
def test_a_full_disk_is_told_and_the_run_goes_on_with_more_room(
    undisturbed, experiment, report, size
):
    """a results folder on a disk that is too small, then the same command with more room"""
    results = experiment.folder / "out"
    with small_disk(results, f"size={size}"):
        output = experiment.fail()
        experiment.match(r"no room for \d+ bytes|cannot be written \(No space left", output)
        experiment.match("free some space", output)
        mount("-o", "remount,size=64m", str(results))
        experiment.finish()
        assert experiment.tables() == undisturbed.tables()
    report.write(
        tried=1,
        outcome="an error that names file and next step; then the same tables",
        details=size,
    )


def test_a_read_only_results_folder_is_one_error(experiment, report):
    """a results folder that is read-only"""
    with small_disk(experiment.folder / "out", "ro", "size=64k"):
        output = experiment.fail()
    experiment.match(
        r"results_dir=out cannot be written \(Read-only file system\); make it writable", output
    )
    assert "Job 1" not in output
    report.write(tried=1, outcome="one error that names folder and next step, before any job")


@pytest.mark.parametrize("kind", STORED)
def test_a_damaged_file_is_refused_and_made_again(undisturbed, finished, report, kind):
    """one bit flipped in a stored file, its time stamp as it was"""
    results = finished.folder / "out"
    (path,) = results.glob(STORED[kind])
    content, about = bytearray(path.read_bytes()), path.stat()
    # The end of a Parquet file is about its columns, and some of that decides nothing.
    content[len(content) // (20 if path.suffix == ".parquet" else 2)] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    for folder in FOLDERS[FOLDERS.index(path.relative_to(results).parts[0]) + 1 :]:
        shutil.rmtree(results / folder)
    output = finished.fail()
    named = path.relative_to(finished.folder).as_posix()
    finished.match(rf"{re.escape(named)}: .*delete it and run the workflow again", output)
    path.unlink()
    finished.finish()
    assert finished.tables() == undisturbed.tables()
    report.write(
        tried=1,
        outcome="refused with file and next step; made again, then the same tables",
        details=kind,
    )


def test_of_runs_at_once_in_one_folder_one_works_and_the_others_are_told(
    undisturbed, experiment, report
):
    """three runs in one folder, two of them started at the same moment"""
    runs = [experiment.start(), experiment.start()]
    while all(run.outlives(0.1) for run in runs):
        pass
    first, second = sorted(runs, key=lambda run: run.process.poll() is not None)
    experiment.match("[Aa]nother run is at work", second.must_fail())
    third = experiment.fail()
    experiment.match(rf"\nAnother run is at work .*{first.process.pid} .*not unlock\.\n\Z", third)
    experiment.match(
        rf"Another run is alive .*: process {first.process.pid} on .*not unlock", third
    )
    first.must_end_well()
    assert experiment.tables() == undisturbed.tables()
    report.write(tried=2, outcome="the others were told of the first, which ended unharmed")


def test_a_clip_that_is_replaced_after_it_was_indexed_stops_the_run(
    undisturbed, experiment, report
):
    """a clip replaced between index and decoding, while the run stood still"""
    run = experiment.start()
    assert run.await_lines("Finished jobid", 2)
    run.signal(signal.SIGSTOP)
    clip = min((experiment.folder / "data" / "audio").glob("*.wav"))
    original, (waveform, rate) = clip.read_bytes(), soundfile.read(clip)
    soundfile.write(clip, waveform[::-1], rate)
    run.signal(signal.SIGCONT)
    output = run.must_fail()
    experiment.match(rf"{clip.name}: was replaced after the index was made .*--forcerun", output)
    assert not (experiment.folder / "out/audio/sr16000/waveforms.npy").exists()
    experiment.snakemake(
        "out/audio/sr16000/waveforms.npy", "--configfile", "small.yaml",
        "--forcerun", "build_index",
    )  # fmt: skip
    clips = read_clips(experiment.folder / "out/index/clips.csv").set_index("file")
    assert clips.loc["audio/" + clip.name, "sha256"] == sha256_of(clip)
    clip.write_bytes(original)
    experiment.finish()
    assert experiment.tables() == undisturbed.tables()
    report.write(tried=1, outcome="an error that names clip and next step; no mixture was stored")
