"""The files of a data set: which changes are noticed, and which stop or re-run nothing."""

import csv
import os
import shutil
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("workflow")

FUTURE = (4_000_000_000, 4_000_000_000)
FROM_CLIPS = {"build_index": 1, "split_clips": 1, "decode_audio": 2}


@pytest.fixture
def data(restored):
    """Return the project's data set, and undo what a test adds to it or takes away."""
    folder = restored.folder / "data"
    kept = restored.folder / "kept"
    shutil.copytree(folder, kept)
    yield folder
    shutil.rmtree(folder)
    kept.rename(folder)


def first(data: Path) -> Path:
    return min((data / "audio").iterdir())


def rewrite(data: Path, change) -> None:
    """Replace the rows of the CSV by what `change` makes of them."""
    path = data / "meta/esc50.csv"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(change(rows))


def stranger(data: Path, name: bytes) -> None:
    Path(data, "audio", os.fsdecode(name)).write_bytes(b"no audio at all")


def assert_all_follows(jobs: dict[str, int]) -> None:
    assert jobs.items() >= FROM_CLIPS.items()
    assert {"train_classifier", "make_summary_table", "plot_matrix"} <= jobs.keys()
    assert "fetch_dataset" not in jobs


def test_a_removed_clip_is_noticed(restored, data):
    first(data).unlink()
    plan = restored.run("--dry-run")
    assert_all_follows(restored.jobs(plan))
    restored.match("Since the index was made: clips removed: 1-", plan)


def test_a_clip_that_is_added_with_its_row_is_noticed(restored, data):
    shutil.copyfile(first(data), data / "audio/5-999-A-0.wav")
    assert restored.stale() == {}
    added = {"filename": "5-999-A-0.wav", "fold": "5", "src_file": "999"}
    rewrite(data, lambda rows: [*rows, {**rows[0], **added}])
    plan = restored.run("--dry-run")
    assert_all_follows(restored.jobs(plan))
    restored.match("clips added: 5-999-A-0.wav; the CSV is another", plan)


def test_a_replaced_clip_is_noticed_however_old_it_is(restored, data):
    clip = first(data)
    content = clip.read_bytes()
    clip.write_bytes(content[:-2] + bytes(byte ^ 1 for byte in content[-2:]))
    os.utime(clip, (1_000_000_000, 1_000_000_000))
    plan = restored.run("--dry-run")
    assert_all_follows(restored.jobs(plan))
    restored.match(f"clips replaced: {clip.name}", plan)


@pytest.mark.trouble("clips that are dated in the future, after a run", "nothing runs again")
def test_a_time_in_the_future_is_ignored(restored, data):
    for path in [*(data / "audio").iterdir(), data / "meta/esc50.csv"]:
        os.utime(path, FUTURE)
    assert restored.stale() == {}


@pytest.mark.trouble("another spelling of data_root in a run", "nothing runs again")
@pytest.mark.parametrize(
    "spelled", ["data/", "./data", "{folder}/data", "{folder}/data/", "out/../data"]
)
def test_another_spelling_of_the_folder_re_runs_nothing(restored, spelled):
    place = spelled.format(folder=restored.folder)
    assert restored.stale("--config", f"data_root={place}") == {}


@pytest.mark.trouble(
    "the same data set in another folder", "nothing runs again; a changed clip is noticed there too"
)
def test_a_data_set_that_moved_re_runs_nothing(restored, data, tmp_path):
    for place in (restored.folder / "moved", tmp_path / "elsewhere"):
        shutil.copytree(data, place, copy_function=shutil.copyfile)
        try:
            assert restored.stale("--config", f"data_root={place}") == {}
            # The page alone links to the files.
            page = restored.snakemake(
                *("out/report/index.html", "--dry-run", "--configfile", "tiny.yaml"),
                *("--config", f"data_root={place}"),
            )
            assert restored.jobs(page).keys() <= {"render_report"}
            clip = first(place)
            clip.write_bytes(clip.read_bytes()[::-1])
            assert_all_follows(restored.stale("--config", f"data_root={place}"))
        finally:
            shutil.rmtree(place)


@pytest.mark.trouble(
    "unlisted files of all kinds: links that lead nowhere, names that are no text, braces",
    "nothing runs again",
)
def test_what_the_csv_does_not_list_re_runs_and_stops_nothing(restored, data):
    for name in (b"more.wav", b"caf\xe9.wav", b".hidden", b"{braces}.wav", b"new\nline.wav"):
        stranger(data, name)
    (data / "audio/dangling.wav").symlink_to("nowhere")
    (data / "audio/folder").mkdir()
    assert restored.stale() == {}


def test_another_folder_is_another_data_set(restored, data):
    other = restored.folder / "other"
    shutil.copytree(data, other)
    try:
        rewrite(other, lambda rows: rows[1:])
        jobs = restored.stale("--config", f"data_root={other}")
        assert jobs.items() >= {"fetch_dataset": 1, **FROM_CLIPS}.items()
    finally:
        shutil.rmtree(other)


@pytest.mark.trouble(
    "clips and unlisted files of strange names, from first job to table",
    "the table is made; unlisted files are listed in the audit",
)
def test_strange_names_go_through_all_of_it(project):
    project.run("out/index/dataset.json", "--until", "fetch_dataset")
    data = project.folder / "data"
    clip = first(data)
    clip.rename(clip.with_name("{x} {y}.wav"))
    rename = {clip.name: "{x} {y}.wav"}
    rewrite(
        data,
        lambda rows: [{**r, "filename": rename.get(r["filename"], r["filename"])} for r in rows],
    )
    stranger(data, b"caf\xe9.wav")
    stranger(data, b".hidden")
    stranger(data, b"{z}.wav")
    (data / "audio/dangling.wav").symlink_to("nowhere")
    os.utime(data / "audio/{x} {y}.wav", FUTURE)
    os.utime(data / "meta/esc50.csv", FUTURE)
    targets = ("out/tables/validation.csv", "out/index/splits/fold5.csv")
    project.snakemake(*targets, "--configfile", "tiny.yaml")
    assert "audio/{x} {y}.wav" in (project.folder / "out/index/clips.csv").read_text()
    audit = (project.folder / "out/index/audit.csv").read_text()
    for name in (r"caf\xe9.wav", "{z}.wav", "dangling.wav"):
        assert f"audio/{name},unlisted" in audit
    assert ".hidden" not in audit
    again = project.snakemake(*targets, "--dry-run", "--configfile", "tiny.yaml")
    assert project.jobs(again) == {}
