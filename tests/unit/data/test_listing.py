"""Clips that were added, removed or replaced are seen without reading those that were not."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resound.data.index import build_index
from resound.data.listing import Changes, Listing, Record, digests, recorded_place
from resound.files import one_spelling, sha256_of

FUTURE = 4_000_000_000


@pytest.fixture
def record(small_set):
    """Return the record of the small data set, as the job of the index makes it."""
    now = Listing.of(small_set, "esc50")
    clips, _ = build_index(small_set, "folder", duration=0.25, sample_rate=8000)
    known = dict(zip(clips["file"].str.removeprefix("audio/"), clips["sha256"], strict=True))
    return Record.of(now.name(), now, known, small_set)


def changes(record, root, cache=None):
    return record.changes(Listing.of(root, "esc50"), root, cache)


def first(root):
    return min((root / "audio").iterdir())


def test_every_listed_clip_is_recorded_with_its_digest(record, small_set):
    files = {path.name: path for path in (small_set / "audio").iterdir()}
    assert record.listing.clips == {
        n: (p.stat().st_size, p.stat().st_mtime_ns) for n, p in sorted(files.items())
    }
    assert record.digests == {name: sha256_of(path) for name, path in files.items()}
    assert not any(changes(record, small_set))


def test_a_record_is_read_as_it_was_written(record, tmp_path):
    record.write(tmp_path / "files.json")
    assert Record.read(tmp_path / "files.json") == record


@pytest.mark.parametrize("content", [None, b"", b"{}", b"\xff", b"[1]", b'["a", ["b", 1], {}]'])
def test_without_a_record_there_is_none(tmp_path, content):
    if content is not None:
        (tmp_path / "files.json").write_bytes(content)
    assert Record.read(tmp_path / "files.json") is None


@pytest.mark.parametrize("when", [0, 1_000_000_000, FUTURE])
def test_a_time_stamp_alone_changes_nothing(record, small_set, when):
    for path in [*(small_set / "audio").iterdir(), small_set / "meta/esc50.csv"]:
        os.utime(path, (when, when))
    assert not any(changes(record, small_set))


def test_a_copy_elsewhere_is_the_same(record, small_set, tmp_path):
    shutil.copytree(small_set, tmp_path / "else", copy_function=shutil.copyfile)
    assert not any(changes(record, tmp_path / "else"))


@pytest.mark.parametrize("when", [None, 1_000_000_000, FUTURE])
def test_other_bytes_of_the_same_length_are_seen_at_any_time(record, small_set, when):
    clip = first(small_set)
    clip.write_bytes(clip.read_bytes()[:-1] + b"\x01")
    if when:
        os.utime(clip, (when, when))
    assert changes(record, small_set) == Changes(replaced=(clip.name,))


def test_another_length_is_seen_at_the_same_time(record, small_set):
    clip = first(small_set)
    time = clip.stat().st_mtime_ns
    clip.write_bytes(clip.read_bytes() + b"\x00")
    os.utime(clip, ns=(time, time))
    found = changes(record, small_set)
    assert found.replaced == (clip.name,)
    assert str(found) == f"clips replaced: {clip.name}"


def test_a_file_that_went_is_seen(record, small_set):
    clip = first(small_set)
    clip.unlink()
    assert changes(record, small_set) == Changes(removed=(clip.name,))


def test_a_clip_that_is_added_with_its_row_is_seen(record, small_set, rows, meta_writer):
    shutil.copyfile(first(small_set), small_set / "audio/1-99-A-0.wav")
    assert not any(changes(record, small_set))
    meta_writer(small_set, [*rows, {**rows[0], "filename": "1-99-A-0.wav", "src_file": 99}])
    found = changes(record, small_set)
    assert found == Changes(added=("1-99-A-0.wav",), csv=True)
    assert str(found) == "clips added: 1-99-A-0.wav; the CSV is another"


def test_a_file_that_was_not_there_is_seen_when_it_comes(small_set):
    clip = first(small_set)
    content = clip.read_bytes()
    clip.unlink()
    now = Listing.of(small_set, "esc50")
    record = Record.of("clips", now, {}, small_set)
    assert clip.name not in record.digests
    assert not any(changes(record, small_set))
    clip.write_bytes(content)
    assert changes(record, small_set) == Changes(added=(clip.name,))


def test_what_the_csv_does_not_list_is_not_looked_at(record, small_set):
    audio = small_set / "audio"
    (audio / "dangling.wav").symlink_to(audio / "nowhere")
    (audio / "more.wav").write_bytes(b"anything")
    (audio / ".hidden").write_bytes(b"anything")
    (audio / os.fsdecode(b"caf\xe9.wav")).write_bytes(b"anything")
    (audio / "folder").mkdir()
    assert not any(changes(record, small_set))
    assert set(Listing.of(small_set, "esc50").clips) == set(record.listing.clips)


def test_esc10_lists_its_own_clips(small_set):
    listed = Listing.of(small_set, "esc10").clips
    assert sorted(listed) == sorted(p.name for p in (small_set / "audio").glob("*-A-0.wav"))


@pytest.mark.parametrize("name", ["no\0file", "x" * 300, "../meta/esc50.csv", "", "a/b", "{x}.wav"])
def test_a_name_that_is_no_file_stops_nothing(small_set, rows, meta_writer, name):
    meta_writer(small_set, [*rows, {**rows[0], "filename": name}])
    listed = Listing.of(small_set, "esc50").clips
    assert len(listed) >= len(rows)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b'filename\n"open', b"name\nx"])
def test_a_csv_that_is_none_lists_nothing_and_is_told_from_another(small_set, content):
    (small_set / "meta/esc50.csv").write_bytes(content)
    one = Listing.of(small_set, "esc50")
    (small_set / "meta/esc50.csv").unlink()
    assert one.name() != Listing.of(small_set, "esc50").name()
    assert Listing.of(small_set, "esc50") == ("", {}, "audio")


def test_the_name_is_of_files_and_csv_not_of_the_place(small_set, tmp_path):
    one = Listing.of(small_set, "esc50")
    moved = small_set.rename(tmp_path / "moved")
    assert Listing.of(moved, "esc50").name() == one.name()
    assert one.name("salt") != one.name()
    os.utime(first(moved), (1, 1))
    assert Listing.of(moved, "esc50").name() != one.name()


def test_a_digest_is_kept_while_the_file_is_the_same(small_set, tmp_path):
    cache, clip = tmp_path / "cache.json", first(small_set)
    stamps = {clip.name: Listing.of(small_set, "esc50").clips[clip.name]}
    true = digests(small_set / "audio", stamps, cache)
    assert true == {clip.name: sha256_of(clip)}
    # What is kept is what is told: the file is not read again.
    content = json.loads(cache.read_text())
    [[name, kept]] = next(iter(content.values())).items()
    cache.write_text(cache.read_text().replace(kept[2], "kept"))
    assert digests(small_set / "audio", stamps, cache) == {name: "kept"}
    os.utime(clip, (5, 5))
    again = {clip.name: Listing.of(small_set, "esc50").clips[clip.name]}
    assert digests(small_set / "audio", again, cache) == true
    assert digests(tmp_path, stamps, cache) == {}


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b"{}"])
def test_a_cache_that_is_none_is_written_anew(small_set, tmp_path, content):
    stamps = Listing.of(small_set, "esc50").clips
    (tmp_path / "cache.json").write_bytes(content)
    assert digests(small_set / "audio", stamps, tmp_path / "cache.json") == digests(
        small_set / "audio", stamps
    )
    assert json.loads((tmp_path / "cache.json").read_bytes())


def test_a_cache_that_cannot_be_written_is_done_without(small_set):
    stamps = Listing.of(small_set, "esc50").clips
    assert digests(small_set / "audio", stamps, "/proc/cache.json") == digests(
        small_set / "audio", stamps
    )


@settings(max_examples=50)
@given(st.lists(st.sampled_from(["", ".", "a", "b", ".."]), max_size=6), st.booleans())
def test_all_spellings_of_a_place_are_one(parts, absolute):
    path = "/".join([str(Path.cwd()) if absolute else ".", *parts])
    place = os.path.normpath(Path.cwd() / path)
    spelled = one_spelling(path)
    assert os.path.normpath(Path.cwd() / spelled) == place
    assert one_spelling(f"{path}/") == one_spelling(place) == spelled


def test_a_data_set_that_moved_is_known_by_its_csv(small_set, tmp_path):
    record = tmp_path / "dataset.json"
    assert recorded_place(record, small_set) is None
    digest = sha256_of(small_set / "meta/esc50.csv")
    known = {"dataset": "esc50", "sha256": digest, "data_root": "there"}
    record.write_text(json.dumps(known))
    assert recorded_place(record, small_set) == "there"
    assert recorded_place(record, tmp_path / "nowhere") is None
    (small_set / "meta/esc50.csv").write_text("filename,category\n")
    assert recorded_place(record, small_set) is None
    record.write_text("[]")
    assert recorded_place(record, small_set) is None


def test_the_rules_can_look_without_numpy_and_pandas():
    code = "import sys, resound.data.listing; print({'numpy', 'pandas'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
