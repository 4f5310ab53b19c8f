import re

import pandas as pd
import pytest

from resound.data.layout import (
    CATEGORIES,
    CONTENTS,
    GROUP_OF,
    Contents,
    check_contents,
    is_plain_name,
    read_meta,
)
from resound.errors import DataError, ParameterError


def test_reads_ids_files_and_groups(small_set, rows):
    meta = read_meta(small_set, "esc50")
    assert list(meta["id"]) == sorted(row["filename"][:-4] for row in rows)
    first = meta.iloc[0].to_dict()
    assert first == {
        "id": "1-0-A-0",
        "file": "audio/1-0-A-0.wav",
        "fold": 1,
        "target": 0,
        "category": "dog",
        "group": "Animals",
        "src_file": "0",
    }


def test_esc10_keeps_the_rows_marked_so(small_set):
    meta = read_meta(small_set, "esc10")
    assert set(meta["category"]) == {"dog"}
    assert len(meta) == 4


def test_the_five_groups_hold_ten_classes_each_in_the_order_of_the_targets():
    assert len(set(CATEGORIES)) == 50
    assert CATEGORIES[38] == "clock_tick"
    assert GROUP_OF["wind"].startswith("Natural")
    assert GROUP_OF["hand_saw"] == "Exterior/urban noises"


def test_folder_needs_only_names_and_categories(tmp_path, meta_writer):
    rows = [{"filename": "b.flac", "category": "purr"}, {"filename": "a.ogg", "category": "hiss"}]
    meta_writer(tmp_path, rows, ("filename", "category"))
    meta = read_meta(tmp_path, "folder")
    assert meta[["id", "fold", "target", "group", "src_file"]].to_numpy().tolist() == [
        ["a", 0, 0, "", "a"],
        ["b", 0, 1, "", "b"],
    ]


def test_folder_may_number_folds_as_it_likes(tmp_path, meta_writer):
    rows = [{"filename": "a.wav", "category": "x", "fold": 12}]
    meta_writer(tmp_path, rows, ("filename", "category", "fold"))
    assert list(read_meta(tmp_path, "folder")["fold"]) == [12]


def test_any_name_will_do_for_the_only_csv(small_set):
    csv = small_set / "meta" / "esc50.csv"
    csv.rename(csv.with_name("clips.csv"))
    assert len(read_meta(small_set, "esc50")) == 8
    (small_set / "meta" / "more.csv").write_text("filename\n")
    with pytest.raises(DataError, match=r"must hold one CSV.*found: clips\.csv, more\.csv"):
        read_meta(small_set, "esc50")


def test_a_hidden_file_beside_the_csv_is_none_and_upper_case_is_seen(small_set):
    """macOS puts ._list.csv beside list.csv on disks of other systems; Windows has LIST.CSV."""
    meta = small_set / "meta"
    (meta / "esc50.csv").rename(meta / "LIST.CSV")
    (meta / "._LIST.CSV").write_bytes(b"\x00\x05\x16\x07")
    assert len(read_meta(small_set, "esc50")) == 8


def test_what_is_there_in_place_of_a_csv_is_named(small_set):
    (small_set / "meta/esc50.csv").rename(small_set / "meta/esc50.xlsx")
    with pytest.raises(DataError, match=r"must hold one CSV file.*found: esc50\.xlsx"):
        read_meta(small_set, "esc50")


def test_bom_of_a_spreadsheet_is_no_fault(small_set):
    csv = small_set / "meta" / "esc50.csv"
    csv.write_bytes(b"\xef\xbb\xbf" + csv.read_bytes())
    assert len(read_meta(small_set, "esc50")) == 8


def test_missing_folder(tmp_path):
    with pytest.raises(
        DataError, match=r"data_root=.*nowhere is not a folder: there is .*; set data"
    ):
        read_meta(tmp_path / "nowhere", "esc50")


def test_missing_csv(tmp_path):
    with pytest.raises(DataError, match=r"meta must hold one CSV.*found: none"):
        read_meta(tmp_path, "esc50")


def test_unknown_dataset(tmp_path):
    with pytest.raises(ParameterError, match="dataset='esc5' is not known; did you mean 'esc50'"):
        read_meta(tmp_path, "esc5")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"filename,fold,target,category,esc10,src_file,take\n", "is empty"),
        (
            b"filename,category\n\xff\xfe,dog\n",
            "no UTF-8 but seems to be Latin-1: line 2 has .\xff.; save",
        ),
        (b'filename,category\n"a.wav,dog\n', r"is not CSV after line 1"),
    ],
)
def test_unreadable_csv(small_set, content, message):
    (small_set / "meta" / "esc50.csv").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_meta(small_set, "esc50")


@pytest.mark.parametrize("column", ["filename", "fold", "category", "src_file"])
def test_missing_column(small_set, rows, meta_writer, column):
    columns = tuple(name for name in rows[0] if name != column)
    meta_writer(small_set, rows, columns)
    with pytest.raises(DataError, match=f"lacks the column {column} and has .*needs filename"):
        read_meta(small_set, "esc50")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"filename": "1-1-A-0.wav"}, r"filename='1-1-A-0\.wav' is listed 2 times"),
        ({"filename": "1-1-A-0.ogg"}, r"clip id '1-1-A-0' stands for several files: 1-1-A-0\.ogg"),
        ({"filename": "../x.wav"}, r"line 2: filename='\.\./x\.wav' must be a plain file name"),
        ({"filename": "C:x.wav"}, "line 2: filename='C:x.wav' must be a plain"),
        ({"filename": ""}, "line 2: filename='' must be a plain"),
        ({"fold": 7}, "line 2: fold='7' must be one of 1 to 5"),
        ({"fold": "one"}, "line 2: fold='one' must be a positive integer"),
        ({"fold": 0}, "line 2: fold='0' must be a positive integer"),
        ({"target": -1}, "line 2: target='-1' must be a whole number"),
        ({"target": 3}, "category='dog' has more than one target: 0, 3"),
        ({"category": "cow"}, "target='0' has more than one category: cow, dog"),
        ({"category": " "}, "line 2: category=' ' must not be empty"),
        ({"src_file": ""}, "line 2: src_file='' must not be empty"),
    ],
)
def test_faulty_row(small_set, rows, meta_writer, changes, message):
    rows[0] |= changes
    meta_writer(small_set, rows)
    with pytest.raises(DataError, match=message):
        read_meta(small_set, "esc50")


def test_esc10_column_must_say_true_or_false(small_set, rows, meta_writer):
    rows[2]["esc10"] = "yes"
    meta_writer(small_set, rows)
    with pytest.raises(DataError, match="line 4: esc10='yes' must be True or False"):
        read_meta(small_set, "esc10")


def test_a_list_that_a_spreadsheet_saved_says_true_in_capitals(small_set, rows, meta_writer):
    expected = read_meta(small_set, "esc10")
    meta_writer(small_set, [row | {"esc10": str(row["esc10"]).upper()} for row in rows])
    assert "TRUE" in (small_set / "meta" / "esc50.csv").read_text()
    pd.testing.assert_frame_equal(read_meta(small_set, "esc10"), expected)


def test_esc10_of_a_set_without_any(small_set, rows, meta_writer):
    meta_writer(small_set, [row | {"esc10": False} for row in rows])
    with pytest.raises(DataError, match="lists no clip of esc10"):
        read_meta(small_set, "esc10")


def test_surplus_cells(small_set):
    with (small_set / "meta" / "esc50.csv").open("a") as file:
        file.write("x.wav,1,0,dog,True,77,A,extra,cells\n")
    with pytest.raises(DataError, match="line 10: has 2 cells more than the header"):
        read_meta(small_set, "esc50")


def test_all_faults_are_listed_at_once(small_set, rows, meta_writer):
    rows[0]["fold"], rows[3]["fold"] = 6, -2
    meta_writer(small_set, rows)
    with pytest.raises(DataError, match=r"2 faults:\n  line 2: fold='6'.*\n  line 5: fold='-2'"):
        read_meta(small_set, "esc50")


def test_a_long_list_of_faults_is_cut_and_counted(small_set, rows, meta_writer):
    meta_writer(small_set, [rows[0] | {"filename": f"{i}.wav", "fold": 9} for i in range(130)])
    with pytest.raises(
        DataError, match=r"130 faults(.|\n)*and 125 more\ncorrect the CSV"
    ) as raised:
        read_meta(small_set, "esc50")
    assert len(raised.value.details) == 130
    assert len(str(raised.value).splitlines()) == 8


def test_a_line_of_a_fault_is_no_longer_than_one_can_read(small_set, rows, meta_writer):
    many = [rows[0] | {"filename": f"{i}.wav", "category": f"class {i}"} for i in range(500)]
    meta_writer(small_set, many)
    with pytest.raises(DataError, match=r"target='0' has more than one category") as raised:
        read_meta(small_set, "esc50")
    assert max(map(len, str(raised.value).splitlines())) < 400
    assert "class 499" in raised.value.details[0]


def test_the_columns_that_are_there_are_named_if_they_are_few(small_set):
    columns = ",".join(f"c{i}" for i in range(3000))
    (small_set / "meta/esc50.csv").write_text(f"{columns}\n1\n")
    with pytest.raises(DataError, match=r"lacks the column.*has c0, .* and 2995 more;") as raised:
        read_meta(small_set, "esc50")
    assert len(str(raised.value)) < 600


@pytest.mark.parametrize(
    "name", ["a/b", "a\\b", "..", ".", "", "/a", "C:\\a", "C:a", "a\0b", "a\nb"]
)
def test_names_that_could_leave_the_folder(name):
    assert not is_plain_name(name)


@pytest.mark.parametrize("name", ["1-100032-A-0.wav", "..a", "a b.wav", "été.ogg"])
def test_plain_names(name):
    assert is_plain_name(name)


def test_contents_match(small_set):
    check_contents(read_meta(small_set, "esc50"), Contents(8, 2, 4, 2))


def test_contents_differ(small_set, rows, meta_writer):
    rows[0] |= {"fold": 2}
    meta_writer(small_set, rows[:-1])
    with pytest.raises(
        DataError,
        match=r"clips: 7, not 8\n  clips of cat: 3, not 4\n  clips of cat in fold 2: 1, not 2\n"
        r"  clips of dog in fold 1: 1, not 2\n  clips of dog in fold 2: 3, not 2\n",
    ):
        check_contents(read_meta(small_set, "esc50"), Contents(8, 2, 4, 2))


@pytest.mark.real_data
def test_esc10_is_whole(esc10):
    meta = read_meta(esc10, "esc10")
    check_contents(meta, CONTENTS["esc10"])
    assert [CATEGORIES[target] for target in meta["target"]] == list(meta["category"])


def test_a_column_that_stands_twice_is_named(small_set):
    path = small_set / "meta/esc50.csv"
    path = path if path.exists() else next((small_set / "meta").glob("*.csv"))
    header, *rest = path.read_text().splitlines()
    path.write_text("\n".join([f"{header},fold", *(f"{row},1" for row in rest)]) + "\n")
    with pytest.raises(DataError, match="the column fold stands twice in the header"):
        read_meta(small_set, "folder")


@pytest.mark.parametrize("name", ["Fold", "fold ", "FOLD", "f\u200bold"])
def test_a_column_that_is_read_as_another_is_named(small_set, name):
    path = small_set / "meta/esc50.csv"
    path.write_text(path.read_text().replace("fold", name, 1))
    told = re.escape(f"the column {name!r} is read as 'fold' and would not count")
    with pytest.raises(DataError, match=told):
        read_meta(small_set, "folder")


def test_a_column_of_another_meaning_is_left_alone(small_set):
    path = small_set / "meta/esc50.csv"
    path.write_text(path.read_text().replace("take", "folder", 1))
    assert len(read_meta(small_set, "folder")) == 8
