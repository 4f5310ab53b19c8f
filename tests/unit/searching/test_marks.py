"""Marks as a file: appended, taken back, renamed, torn, damaged, and written by many at once."""

import csv
import io
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from filelock import FileLock

from resound.errors import ParameterError, StoreError
from resound.searching.marks import COLUMNS, FILE, LOCK, NONE, RIGHT, WRONG, Marks
from resound.searching.places import Place

PLACES = [Place("dusk/a, b.flac", 1.5, 3.5), Place('say "c".wav', 0.0, 2.0)]


def standing(marks: Marks, head: str) -> dict[Place, str]:
    return {mark.place: mark.mark for mark in marks.of(head)}


def test_marks_are_read_as_they_were_written_by_another_process_too(tmp_path):
    Marks(tmp_path).put("bark", PLACES, RIGHT)
    Marks(tmp_path).put("bark", PLACES[1:], WRONG)
    Marks(tmp_path).put("rain", PLACES[:1], WRONG)
    assert standing(Marks(tmp_path), "bark") == {PLACES[0]: RIGHT, PLACES[1]: WRONG}
    assert Marks(tmp_path).names() == {"bark": (1, 1), "rain": (0, 1)}
    rows = (tmp_path / FILE).read_text().splitlines()
    assert rows[0] == ",".join(COLUMNS)
    assert len(rows) == 5, "a mark is appended, and none is overwritten"


def test_a_mark_that_is_taken_back_counts_no_more(tmp_path):
    marks = Marks(tmp_path)
    marks.put("bark", PLACES, RIGHT)
    marks.put("bark", PLACES, NONE)
    assert marks.of("bark") == []
    assert marks.names() == {}


def test_times_are_kept_to_a_millisecond_so_a_place_is_found_again(tmp_path):
    marks = Marks(tmp_path)
    marks.put("bark", [Place("a.wav", 1 / 3, 7 / 3)], RIGHT)
    marks.put("bark", [Place("a.wav", 0.333, 2.333)], NONE)
    assert marks.of("bark") == []


def test_renaming_moves_marks_over_those_of_the_other_name(tmp_path):
    marks = Marks(tmp_path)
    marks.put("bark", PLACES, WRONG)
    marks.put("new", PLACES[:1], RIGHT)
    marks.rename("new", "bark")
    assert standing(marks, "bark") == {PLACES[0]: RIGHT, PLACES[1]: WRONG}
    assert marks.of("new") == []


def test_a_row_that_was_torn_is_not_read_and_gives_way_to_the_next(tmp_path):
    marks = Marks(tmp_path)
    marks.put("bark", PLACES[:1], RIGHT)
    whole = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole + b'"say ""c')
    assert standing(marks, "bark") == {PLACES[0]: RIGHT}
    marks.put("bark", PLACES[1:], WRONG)
    assert standing(marks, "bark") == {PLACES[0]: RIGHT, PLACES[1]: WRONG}
    assert (tmp_path / FILE).read_bytes().startswith(whole)


def test_a_first_row_that_was_torn_is_no_obstacle(tmp_path):
    (tmp_path / FILE).write_bytes(b"file,sta")
    assert Marks(tmp_path).names() == {}
    Marks(tmp_path).put("bark", PLACES, RIGHT)
    assert Marks(tmp_path).names() == {"bark": (2, 0)}


def test_a_damaged_row_is_one_error_that_shows_it(tmp_path):
    Marks(tmp_path).put("bark", PLACES, RIGHT)
    with (tmp_path / FILE).open("a") as file:
        file.write("a.wav,soon,later,bark,right,today\n")
    with pytest.raises(StoreError, match=r"marks\.csv: is damaged .*soon.* delete that row"):
        Marks(tmp_path).names()


def test_many_threads_lose_no_mark(tmp_path):
    def put(number: int) -> None:
        Marks(tmp_path).put("bark", [Place(f"{number}.wav", 0.0, 1.0)], RIGHT)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(64)))
    assert Marks(tmp_path).names() == {"bark": (64, 0)}


def test_a_folder_that_takes_no_file_is_one_error(tmp_path):
    (tmp_path / FILE).mkdir()
    with pytest.raises(StoreError, match="cannot be written"):
        Marks(tmp_path).put("bark", PLACES, RIGHT)


@pytest.mark.parametrize(
    "name", ["", " ", "../bark", "a/b", ".bark", "bark ", "x" * 65, "a\nb", 'a"']
)
def test_a_name_that_cannot_be_one_is_refused(tmp_path, name):
    with pytest.raises(ParameterError, match="must be 1 to 64 letters"):
        Marks(tmp_path).put(name, PLACES, RIGHT)
    assert not (tmp_path / FILE).exists()


def test_another_mark_is_refused(tmp_path):
    with pytest.raises(ParameterError, match="did you mean 'right'"):
        Marks(tmp_path).put("bark", PLACES, "Right")


def test_the_table_has_whole_paths(tmp_path):
    Marks(tmp_path).put("bark", PLACES, RIGHT)
    rows = [*csv.DictReader(io.StringIO(Marks(tmp_path).table("bark", tmp_path / "sounds")))]
    assert [row["file"] for row in rows] == [str(tmp_path / "sounds" / p.path) for p in PLACES]
    assert [(row["start"], row["mark"]) for row in rows] == [("1.500", RIGHT), ("0.000", RIGHT)]


def test_a_mark_waits_for_another_process_that_marks(tmp_path):
    with FileLock(tmp_path / LOCK):
        waiting = threading.Thread(target=Marks(tmp_path).put, args=("bark", PLACES, RIGHT))
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive()
        assert not (tmp_path / FILE).exists()
    waiting.join()
    assert Marks(tmp_path).names() == {"bark": (2, 0)}
