"""Lists of clips: of a CSV, and of a folder that is its own list."""

import csv
import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resound.data.cliplist import find_list, read_rows
from resound.data.layout import read_meta
from resound.data.listing import Listing
from resound.errors import DataError


def lay(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"-")
    return folder


def rows_of(folder: Path) -> list[dict[str, str]]:
    return read_rows(find_list(folder, "folder"), "folder")


def test_folders_are_classes(tmp_path):
    lay(tmp_path, "dog/b.wav", "dog/kennel/a.FLAC", "cat/b.ogg", "dog/notes.txt", "cat/._b.ogg")
    meta = read_meta(tmp_path, "folder")
    columns = ["id", "file", "fold", "target", "category", "src_file"]
    assert meta[columns].to_numpy().tolist() == [
        ["cat/b", "cat/b.ogg", 0, 0, "cat", "cat/b"],
        ["dog/b", "dog/b.wav", 0, 1, "dog", "dog/b"],
        ["dog/kennel/a", "dog/kennel/a.FLAC", 0, 1, "dog", "dog/kennel/a"],
    ]


def test_sounds_side_by_side_have_no_class(tmp_path):
    meta = read_meta(lay(tmp_path, "b.wav", "a.mp3"), "folder")
    assert meta[["id", "category", "target"]].to_numpy().tolist() == [["a", "", 0], ["b", "", 0]]


def test_classes_may_stand_in_audio(tmp_path):
    meta = read_meta(lay(tmp_path, "audio/dog/a.wav", "audio/cat/a.wav"), "folder")
    assert meta["file"].tolist() == ["audio/cat/a.wav", "audio/dog/a.wav"]
    assert meta["id"].tolist() == ["cat/a", "dog/a"]


def test_a_csv_comes_before_the_folder(tmp_path, meta_writer):
    meta_writer(lay(tmp_path, "audio/dog/a.wav"), [{"filename": "b.wav"}], ("filename",))
    assert read_meta(tmp_path, "folder")["id"].tolist() == ["b"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a.txt"], r"holds no sound .*; set data_root to"),
        (["a.wav", "dog/b.wav"], r"holds sounds \(a\.wav\) beside folders of sounds; move them"),
        (["labels.csv", "audio/a.wav"], r"holds labels\.csv, which is read in .*meta alone; move"),
        (["dog/a.wav", "dog/a.ogg"], r"clip id 'dog/a' stands for several files: dog/a\.ogg, dog"),
        (["dog/a\nb.wav"], r"must have a name that can be written on any system\nrename these"),
    ],
)
def test_what_a_folder_cannot_be_is_said(tmp_path, names, message):
    with pytest.raises(DataError, match=message):
        rows_of(lay(tmp_path, *names))


def test_a_name_in_another_encoding_is_named(tmp_path):
    (tmp_path / "dog").mkdir()
    (tmp_path / "dog" / os.fsdecode(b"caf\xe9.wav")).touch()
    with pytest.raises(DataError, match=r"'dog/caf\\\\udce9\.wav' must have a name"):
        rows_of(tmp_path)


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=8)


@given(st.dictionaries(NAMES, st.lists(NAMES, min_size=1, max_size=3), min_size=1, max_size=3))
def test_a_folder_is_read_as_the_csv_that_would_list_it(tmp_path_factory, classes):
    folder = tmp_path_factory.mktemp("sounds")
    pairs = {(name, f"{clip}.wav") for name, clips in classes.items() for clip in clips}
    hidden = {(name, clip) for name, clip in pairs if name[0] == "." or clip[0] == "."}
    if {name.lower() for name in classes} & {"audio", "meta", ".", ".."} or hidden == pairs:
        return
    lay(folder, *("/".join(pair) for pair in pairs))
    listed = find_list(folder, "folder")
    found = list(csv.DictReader(io.StringIO(listed.content.decode(), newline="")))
    expected = sorted(pairs - hidden, key="/".join)
    assert [(row["category"], row["filename"]) for row in found] == [
        (name, f"{name}/{clip}") for name, clip in expected
    ]


def test_a_folder_is_watched_as_a_csv_s_clips_are(tmp_path):
    lay(tmp_path, "dog/b.wav", "cat/b.ogg")
    before = Listing.of(tmp_path, "folder")
    assert list(before.clips) == ["cat/b.ogg", "dog/b.wav"]
    assert before.sounds == ""
    lay(tmp_path, "dog/notes.txt")
    assert Listing.of(tmp_path, "folder") == before
    lay(tmp_path, "dog/c.wav")
    assert Listing.of(tmp_path, "folder").csv != before.csv
