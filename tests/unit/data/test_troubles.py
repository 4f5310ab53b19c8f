"""What is wrong with data sets in the field, and what becomes of it: docs/data.md lists all of it.

Each trouble is put into a data set of eight sound clips, which is then indexed and decoded.
"""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import soundfile

from resound.audio.reading import load
from resound.data.index import build_index
from resound.errors import DataError
from tests.reliability import RESULTS, Report

RATE, SECONDS = 8_000, 0.25
ACCEPTED, REPAIRED, LISTED, REFUSED = "accepted", "repaired", "listed", "refused"


class Folder(NamedTuple):
    """A data set in ESC-50's layout, the rows of its CSV, and what writes them."""

    root: Path
    rows: list[dict[str, object]]
    write: Callable[..., None]

    @property
    def clip(self) -> Path:
        """The first clip."""
        return self.root / "audio" / str(self.rows[0]["filename"])

    @property
    def csv(self) -> Path:
        """The list."""
        return self.root / "meta/esc50.csv"

    def rewrite(self, *, row: int = 0, **cells: object) -> None:
        """Change cells of a row."""
        self.rows[row] |= cells
        self.write(self.root, self.rows)

    def rename(self, name: str) -> None:
        """Give the first clip another name, in the list too."""
        self.clip.rename(self.root / "audio" / name)
        self.rewrite(filename=name)

    def sound(self, waveform: np.ndarray, rate: int = RATE, **options: object) -> None:
        """Put another sound into the file of the first clip."""
        soundfile.write(self.clip, waveform, rate, **options)

    def coded(self, ending: str, seconds: float = SECONDS, **options: object) -> bytes:
        """Put a sound of another container into the list, and return its bytes."""
        self.clip.unlink()
        self.rewrite(filename=f"coded.{ending}")
        self.sound(noise(seconds, 44_100), 44_100, **options)
        return self.clip.read_bytes()

    def cut(self) -> None:
        """Cut the file of the first clip to 60 %."""
        content = self.clip.read_bytes()
        self.clip.write_bytes(content[: round(0.6 * len(content))])

    def replace(self, old: bytes, new: bytes) -> None:
        """Replace bytes of the list, once."""
        content = self.csv.read_bytes()
        assert old in content
        self.csv.write_bytes(content.replace(old, new, 1))


def noise(seconds: float = SECONDS, rate: int = RATE, *channels: int) -> np.ndarray:
    shape = (round(seconds * rate), *channels)
    return 0.1 * np.random.default_rng(1).standard_normal(shape)


class Trouble(NamedTuple):
    """A trouble, its making and its outcome.

    `shows` is found in the error, or in every line of the audit: ``rule: detail: action``.
    """

    found: str
    outcome: str
    done: str
    make: Callable[[Folder], object]
    shows: str = ""
    options: dict[str, object] = {}  # noqa: RUF012


def vbr_without_table(folder: Folder) -> None:
    content = bytearray(folder.coded("mp3", 6.0, bitrate_mode="VARIABLE", compression_level=0.5))
    at = max(content.find(b"Xing"), content.find(b"Info"))
    content[at : at + 120] = bytes(120)
    folder.clip.write_bytes(content)


def ogg_twice(folder: Folder) -> None:
    content = folder.coded("ogg")
    folder.clip.write_bytes(2 * content)


def flac_of_few(folder: Folder) -> None:
    content = bytearray(folder.coded("flac"))
    content[22:26] = (1000).to_bytes(4, "big")
    folder.clip.write_bytes(content)


def pipe(folder: Folder) -> None:
    folder.clip.unlink()
    os.mkfifo(folder.clip)


def link(folder: Folder) -> None:
    folder.clip.unlink()
    folder.clip.symlink_to("gone.wav")


def in_the_place_of(folder: Folder, *, row: int) -> None:
    """Put the bytes of the first clip into another file."""
    shutil.copyfile(folder.clip, folder.root / "audio" / str(folder.rows[row]["filename"]))


def move_list(folder: Folder, name: str) -> None:
    folder.csv.rename(folder.csv.with_name(name))


def stranger(folder: Folder, name: bytes) -> None:
    (folder.root / "audio" / os.fsdecode(name)).write_bytes(b"no audio at all")


def name_wrongly(folder: Folder, asked: str, there: str) -> None:
    folder.clip.rename(folder.root / "audio" / there)
    folder.rewrite(filename=asked)


FUTURE = (4_000_000_000, 4_000_000_000)
KEEP = {"on_split_recording": "keep"}
STRICT = {"on_near_names": "error"}
# Rows 0 to 3 are dogs, 4 to 7 cats; 0, 1, 4 and 5 stand in fold 1, the others in fold 2.
TROUBLES = [
    Trouble("the list in upper case, `LIST.CSV`", ACCEPTED, "read",
            lambda f: move_list(f, "LIST.CSV")),
    Trouble("a hidden file beside the list, `._list.csv`", ACCEPTED, "not looked at",
            lambda f: (f.root / "meta/._list.csv").write_bytes(b"\0\5\26\7")),
    Trouble("a hidden file in `audio/`", ACCEPTED, "not looked at",
            lambda f: stranger(f, b"._clip.wav")),
    Trouble("a byte-order mark before the list", ACCEPTED, "read",
            lambda f: f.csv.write_bytes(b"\xef\xbb\xbf" + f.csv.read_bytes())),
    Trouble("columns of another meaning", ACCEPTED, "not looked at",
            lambda f: f.replace(b"take", b"site")),
    Trouble("braces, spaces or `$` in the name of a clip", ACCEPTED, "the name as it is",
            lambda f: f.rename("{a} $b%s.wav")),
    Trouble("`$` in the name of a class", ACCEPTED, "the name as it is",
            lambda f: [f.rewrite(row=i, category="Ba$$in") for i in range(4)]),
    Trouble("a time stamp in the future", ACCEPTED, "not looked at",
            lambda f: os.utime(f.clip, FUTURE)),
    Trouble("FLAC beside WAV", ACCEPTED, "decoded",
            lambda f: f.rename("clip.flac") or f.sound(noise())),
    Trouble("another sample rate", REPAIRED, "resampled with soxr (`audio.resampling`)",
            lambda f: f.sound(noise(SECONDS, 16_000), 16_000), "sample_rate: 16000 .*: resampled"),
    Trouble("several channels", REPAIRED, "averaged",
            lambda f: f.sound(noise(SECONDS, RATE, 2)), "channels: 2 .*: mixed down"),
    Trouble("shorter than `audio.duration`", REPAIRED, "zeros at the end",
            lambda f: f.sound(noise(0.1)), "shorter: .*: padded with zeros"),
    Trouble("longer than `audio.duration`", REPAIRED, "cropped at the end",
            lambda f: f.sound(noise(0.5)), "longer: .*: cropped"),
    Trouble("the same bytes twice under one class", REPAIRED,
            "taken for one recording, and so are the recordings that they are said to be of",
            lambda f: in_the_place_of(f, row=1), "copy: .*: taken for one recording"),
    Trouble("silence", LISTED, "kept: its features are finite, F0 and F1 are 0",
            lambda f: f.sound(np.zeros(2000)), "silent: .*: kept"),
    Trouble("samples above ten times full scale, as of floats that were written as integers are",
            LISTED, "kept",
            lambda f: f.sound(20_000 * noise(), subtype="FLOAT"), "level: .*: kept"),
    Trouble("a file in `audio/` that the list does not name", LISTED, "ignored",
            lambda f: stranger(f, b"more.wav"), r"unlisted: .*: ignored"),
    Trouble("such a file whose name is not UTF-8", LISTED, "ignored",
            lambda f: stranger(f, b"caf\xe9.wav"), r"unlisted: .*: ignored"),
    Trouble("such a link that leads nowhere", LISTED, "ignored",
            lambda f: (f.root / "audio/link.wav").symlink_to("gone"), "unlisted: .*: ignored"),
    Trouble("classes that are read as one: `dog` and `Dog`, `dog ` with a space, accents in two "
            "encodings, characters that cannot be seen", LISTED,
            "kept, and taken for different ones; `on_near_names: error` refuses them",
            lambda f: [f.rewrite(row=i, category="Dog\u200b", target=9) for i in (0, 2)],
            "near_names: classes .*: kept"),
    Trouble("recordings that are read as one", LISTED,
            "kept, and taken for different ones; `on_near_names: error` refuses them",
            lambda f: [f.rewrite(row=i, src_file=name) for i, name in enumerate(("r", "R"))],
            "near_names: recordings .*: kept"),
    Trouble("clips that are read as one", LISTED,
            "kept, and taken for different ones; `on_near_names: error` refuses them",
            lambda f: f.rename("1-1-a-0.wav"), "near_names: clips .*: kept"),
    Trouble("a class with more clips in one fold than in another", LISTED, "kept",
            lambda f: f.rewrite(fold=2), "unbalanced: .*: kept"),
    Trouble("a recording in several folds, with `on_split_recording: keep`", LISTED, "kept",
            lambda f: f.rewrite(row=2, src_file=0), "split_recording: .*: kept", KEEP),
    Trouble("a recording in several folds", REFUSED, "named, with its clips and their folds",
            lambda f: f.rewrite(row=2, src_file=0), "recordings in several folds"),
    Trouble("the same bytes in two folds", REFUSED, "they are one recording, in several folds",
            lambda f: in_the_place_of(f, row=2), "recordings in several folds"),
    Trouble("the same bytes under two classes", REFUSED, "the clips and classes are named",
            lambda f: in_the_place_of(f, row=4), "the same bytes under two classes"),
    Trouble("names that are read as one, with `on_near_names: error`", REFUSED, "they are named",
            lambda f: [f.rewrite(row=i, category="Dog", target=9) for i in (0, 2)],
            "names that are read as one", STRICT),
    Trouble("a file that is not there", REFUSED, "named, with what name there is nearest",
            lambda f: name_wrongly(f, "x.wav", "X .wav"), "missing: .*nearest .* 'X .wav'"),
    Trouble("a name whose accents are encoded in another way than the list's", REFUSED,
            "named, with what name there is nearest",
            lambda f: name_wrongly(f, "caf\u00e9.wav", "cafe\u0301.wav"), "missing: .*nearest"),
    Trouble("a link that leads nowhere", REFUSED, "named, with where it leads", link,
            "missing: it is a link to 'gone.wav'"),
    Trouble("a folder in the place of a file", REFUSED, "named as that",
            lambda f: f.clip.unlink() or f.clip.mkdir(), "missing: it is a folder"),
    Trouble("a pipe in the place of a file", REFUSED, "named as that", pipe,
            "missing: it is a pipe"),
    Trouble("an empty file", REFUSED, "named as that",
            lambda f: f.clip.write_bytes(b""), "empty: the file has 0 bytes"),
    Trouble("a file without a sample", REFUSED, "named as that",
            lambda f: f.sound(np.zeros(0)), "empty: the file holds 0 audio frames"),
    Trouble("what is no audio", REFUSED, "named, with the containers that are accepted",
            lambda f: f.clip.write_bytes(b"x" * 999), "undecodable: Format .*; write it as one of"),
    Trouble("a container that does not tell whether a file is whole (VOC, IRCAM, NIST, MAT, ...)",
            REFUSED, "named, with the containers that are accepted",
            lambda f: f.coded("voc"), "undecodable: VOC does not tell"),
    Trouble("a WAV that was cut short", REFUSED, "named, with what its header claims",
            Folder.cut, "truncated: its header claims"),
    Trouble("an RF64 that was cut short", REFUSED, "named, with what its header claims",
            lambda f: f.coded("rf64", format="RF64") and f.cut(), "truncated: its header claims"),
    Trouble("an Ogg that was cut short", REFUSED, "named as that",
            lambda f: f.coded("ogg", 2.0) and f.cut(), "truncated"),
    Trouble("an MP3 of varying rate without a table of its length", REFUSED,
            "named: libsndfile would read a part", vbr_without_table,
            r"undecodable: \d+ frames would be read of"),
    Trouble("an Ogg with a second stream behind the first", REFUSED,
            "named: libsndfile would read a part", ogg_twice, "undecodable: another stream"),
    Trouble("a FLAC whose header states too few samples", REFUSED,
            "named: libsndfile would read a part", flac_of_few, "undecodable: 1000 frames would"),
    Trouble("a sample that is NaN or infinite", REFUSED, "named, with the frame",
            lambda f: f.sound(np.array([0.1, np.nan]), subtype="FLOAT"), "not_finite: frame 1"),
    Trouble("a sample above 10^12 of full scale", REFUSED, "named, with the frame",
            lambda f: f.sound(np.array([0.1, 1e25]), subtype="FLOAT"), r"not_finite: .* 1e\+25"),
    Trouble("two channels whose sum is more than a float holds", REFUSED,
            "named, with the frame",
            lambda f: f.sound(np.full((9, 2), 3e38), subtype="FLOAT"), r"not_finite: .*3e\+38"),
    Trouble("two lists", REFUSED, "those that are there are named",
            lambda f: (shutil.copy(f.csv, f.csv.with_name("b.csv")), move_list(f, "a.csv")),
            "must hold one CSV file"),
    Trouble("a list in Latin-1", REFUSED, "named, with the line and letter",
            lambda f: f.replace(b"dog", b"ch\xeen"), "seems to be Latin-1: line 2 has"),
    Trouble("a column that stands twice", REFUSED, "named: only the last would count",
            lambda f: f.replace(b"take", b"fold"), "the column fold stands twice"),
    Trouble("a column that is read as one of the list's, `Src File`", REFUSED,
            "named: it would not count",
            lambda f: f.replace(b"src_file", b"Src File"), "'Src File' is read as 'src_file'"),
    Trouble("a clip that is listed twice", REFUSED, "named, and how often",
            lambda f: f.rewrite(row=1, filename=f.rows[0]["filename"]),
            "is listed 2 times"),
    Trouble("a path in the place of a name", REFUSED, "named as that",
            lambda f: f.rewrite(filename="../x.wav"), "must be a plain file name"),
]  # fmt: skip


@pytest.mark.parametrize("place", range(len(TROUBLES)))
def test_what_becomes_of_a_trouble(small_set, rows, meta_writer, place):
    trouble = TROUBLES[place]
    report = Report(RESULTS / "data" / f"{place:02d}.json", "data", trouble.found)
    folder = Folder(small_set, rows, meta_writer)
    trouble.make(folder)
    if trouble.outcome == REFUSED:
        with pytest.raises(DataError, match=trouble.shows):
            indexed(small_set, trouble)
    else:
        clips, audit = indexed(small_set, trouble)
        lines = [f"{r.rule}: {r.detail}: {r.action}" for r in audit.itertuples()]
        assert bool(lines) == (trouble.outcome != ACCEPTED)
        assert [line for line in lines if not re.search(trouble.shows, line)] == []
        assert len(clips) == len(rows)
        for file in clips["file"]:
            waveform = load(small_set / file, sample_rate=RATE, duration=SECONDS)
            assert np.isfinite(waveform).all()
    report.write(tried=1, outcome=trouble.outcome, done=trouble.done, place=place)


def indexed(root: Path, trouble: Trouble):
    return build_index(root, "folder", duration=SECONDS, sample_rate=RATE, **trouble.options)


def test_of_two_troubles_each_has_its_own_words():
    assert len({trouble.found for trouble in TROUBLES}) == len(TROUBLES)
