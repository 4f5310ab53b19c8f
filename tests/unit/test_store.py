import json
import os
import stat

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resound import store
from resound.errors import StoreError

SPEC = {"feature": "mfcc", "options": {"n_mfcc": 13, "htk": True}, "folds": [5]}
IDS = {"clips": ["b", "a", "c"]}
VALUES = np.arange(12, dtype=np.float32).reshape(3, 4)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def save(path, values=VALUES, spec=SPEC, ids=IDS, **options):
    with store.create_array(path, values.shape, values.dtype, spec=spec, ids=ids, **options) as out:
        out[:] = values
    return path


# Files that appear whole


def test_text_is_written_as_it_is(tmp_path):
    path = tmp_path / "deep" / "er" / "a.txt"
    store.write_text(path, "é\n1\r\n")
    assert path.read_bytes() == "é\n1\r\n".encode()
    store.write_text(str(path), "new")
    assert path.read_text() == "new"
    assert names(path.parent) == ["a.txt"]


def test_failure_keeps_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def interrupted():
        with store.replacing(path) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_temporaries_are_beside_the_file_hidden_and_never_the_same(tmp_path):
    with (
        store.replacing(tmp_path / "bank.npy") as one,
        store.replacing(tmp_path / "bank.npy") as two,
    ):
        assert one != two
        assert one.parent == tmp_path
        assert one.name.startswith(f".bank.npy.{os.getpid()}.")
        assert one.suffix == ".tmp"
        one.touch()
        two.touch()


def test_folder_appears_whole(tmp_path):
    def failing():
        with store.replacing(tmp_path / "set") as folder:
            (folder / "audio").mkdir(parents=True)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert names(tmp_path) == []
    (tmp_path / "set").mkdir()
    with store.replacing(tmp_path / "set") as folder:
        (folder / "audio").mkdir(parents=True)
        assert names(tmp_path / "set") == []
    assert names(tmp_path) == ["set"]
    assert names(tmp_path / "set") == ["audio"]


def test_files_get_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "plain").touch()
    store.write_text(tmp_path / "a.txt", "")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert len(modes) == 1


# Arrays


def test_array_comes_back_with_ids_and_spec(tmp_path):
    path = save(tmp_path / "bank.npy")
    stored = store.open_array(path, spec=SPEC)
    np.testing.assert_array_equal(stored.values, VALUES)
    assert stored.values.dtype == np.float32
    assert isinstance(stored.values, np.memmap)
    assert stored.ids == IDS
    assert stored.spec == SPEC
    assert names(tmp_path) == ["bank.npy", "spec.json"]
    with pytest.raises(ValueError, match="read-only"):
        stored.values[0, 0] = 1


def test_two_axes_keep_their_order(tmp_path):
    ids = {"queries": ["q1", "q2", "q3"], "gallery": ["g1", "g2", "g3", "g4"]}
    stored = store.open_array(save(tmp_path / "d.npy", ids=ids))
    assert list(stored.ids.items()) == list(ids.items())


@pytest.mark.parametrize(
    ("ids", "expected", "is_view"),
    [("ba", [0, 1], True), ("ac", [1, 2], True), ("ab", [1, 0], False), ("bc", [0, 2], False)],
)
def test_rows_are_found_by_id(tmp_path, ids, expected, is_view):
    stored = store.open_array(save(tmp_path / "bank.npy"))
    rows = stored.rows(list(ids))
    np.testing.assert_array_equal(rows, VALUES[expected])
    assert np.shares_memory(rows, stored.values) == is_view


def test_no_ids_are_no_rows(tmp_path):
    assert store.open_array(save(tmp_path / "bank.npy")).rows([]).shape == (0, 4)


def test_a_row_that_is_not_there_is_named(tmp_path):
    stored = store.open_array(save(tmp_path / "bank.npy"))
    for read in (stored.rows, lambda ids: list(stored.parts(ids, viewed=9, copied=2))):
        with pytest.raises(StoreError, match="holds no clips 'x'"):
            read(["a", "x"])


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        ("abcdefgh", [("abcdef", True), ("gh", True)]),
        ("fghabcd", [("fgh", True), ("abcd", True)]),
        ("hgabcde", [("hg", False), ("abcde", True)]),
        ("abcgfe", [("abc", True), ("gfe", False)]),
        ("hgfed", [("hgf", False), ("ed", False)]),
        ("ab", [("ab", True)]),
        ("", []),
    ],
)
def test_parts_are_views_where_ids_follow_each_other(tmp_path, ids, expected):
    values = np.arange(16.0).reshape(8, 2)
    stored = store.open_array(save(tmp_path / "bank.npy", values, ids={"clips": list("abcdefgh")}))
    parts = list(stored.parts(list(ids), viewed=6, copied=3))
    assert [(ids[rows], np.shares_memory(x, stored.values)) for rows, x in parts] == expected
    for rows, x in parts:
        np.testing.assert_array_equal(x, values[["abcdefgh".index(name) for name in ids[rows]]])


def test_same_array_same_bytes(tmp_path):
    one, two = save(tmp_path / "1" / "bank.npy"), save(tmp_path / "2" / "bank.npy")
    assert one.read_bytes() == two.read_bytes()
    record = [path.with_name("spec.json").read_bytes() for path in (one, two)]
    assert record[0] == record[1]


def test_record_elsewhere(tmp_path):
    save(tmp_path / "a.npy", spec_path=tmp_path / "a.json")
    store.open_array(tmp_path / "a.npy", spec=SPEC, spec_path=tmp_path / "a.json")
    assert names(tmp_path) == ["a.json", "a.npy"]


def test_failure_while_filling_keeps_the_old_array(tmp_path):
    path = save(tmp_path / "bank.npy")

    def failing():
        with store.create_array(path, (3, 4), "f4", spec={}, ids=IDS) as out:
            out[:] = 7
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    np.testing.assert_array_equal(store.open_array(path, spec=SPEC).values, VALUES)
    assert names(tmp_path) == ["bank.npy", "spec.json"]


@pytest.mark.parametrize("renames", [1, 2, 3])
def test_killed_between_any_two_steps_nothing_wrong_is_trusted(tmp_path, monkeypatch, renames):
    """The second version either is there as a whole or is refused, wherever the kill falls."""
    path = save(tmp_path / "bank.npy")
    done = []
    real = type(path).replace, type(path).unlink

    def step(index):
        def act(self, *args, **options):
            if "tmp" in self.name and index == 1:
                return real[1](self, *args, **options)
            done.append(index)
            if len(done) == renames:
                raise SystemExit
            return real[index](self, *args, **options)

        return act

    monkeypatch.setattr(type(path), "replace", step(0))
    monkeypatch.setattr(type(path), "unlink", step(1))
    with pytest.raises(SystemExit):
        save(path, VALUES + 1, {**SPEC, "feature": "mel"})
    monkeypatch.undo()
    with pytest.raises(StoreError, match=r"record .* is missing|made from another spec"):
        store.open_array(path, spec={**SPEC, "feature": "mel"})
    if renames > 1:
        with pytest.raises(StoreError, match=r"its record .*spec\.json is missing"):
            store.open_array(path)


def test_another_spec_is_refused_with_the_keys_that_differ(tmp_path):
    path = save(tmp_path / "bank.npy")
    asked = {"feature": "mel", "options": {"htk": True, "n_mels": 40}, "folds": (5,)}
    with pytest.raises(StoreError) as caught:
        store.open_array(path, spec=asked)
    assert str(caught.value).splitlines() == [
        f"{path}: was made from another spec:",
        "  feature: stored 'mfcc', asked for 'mel'",
        "  options.n_mels: not stored, asked for 40",
        "  options.n_mfcc: stored 13, not asked for",
        "delete it and run the workflow again",
    ]


def test_tuples_are_lists_and_key_order_does_not_matter(tmp_path):
    path = save(tmp_path / "bank.npy", spec={"b": (1, 2), "a": {"y": 1, "x": None}})
    store.open_array(path, spec={"a": {"x": None, "y": 1}, "b": [1, 2]})


def test_true_is_not_one(tmp_path):
    path = save(tmp_path / "bank.npy", spec={"htk": True})
    with pytest.raises(StoreError, match="htk: stored True, asked for 1"):
        store.open_array(path, spec={"htk": 1})


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (np.float64(1.0), "float64"),
        (np.int64(1), "int64"),
        (float("nan"), "float"),
        ({1: "x"}, "dict"),
        ({"s"}, "set"),
        (b"x", "bytes"),
    ],
)
def test_values_that_are_not_plain(tmp_path, value, kind):
    with pytest.raises(StoreError, match=rf"spec key a\.b\[0\]=.* \({kind}\) is not plain; use"):
        save(tmp_path / "bank.npy", spec={"a": {"b": [value]}})
    assert names(tmp_path) == []


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), PLAIN, max_size=4))
def test_plain_specs_survive_json(spec):
    store.check_spec("a", json.loads(json.dumps(store.plain_spec(spec))), spec)


@given(st.dictionaries(st.text(), PLAIN, max_size=4), st.text(), st.integers())
def test_a_changed_key_is_always_seen(spec, key, value):
    if spec.get(key) == value:
        value += 1
    with pytest.raises(StoreError, match="was made from another spec"):
        store.check_spec("a", store.plain_spec(spec), {**spec, key: value})


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ({"clips": ["a", "b"]}, r"ids of \[2\] positions do not name the axes of \(3, 4\)"),
        ({}, "do not name the axes"),
        ({"clips": ["a", "b", "a"]}, "the ids of axis 'clips' must be different strings"),
        ({"clips": [1, 2, 3]}, "must be different strings"),
    ],
)
def test_ids_that_do_not_fit(tmp_path, ids, message):
    with pytest.raises(StoreError, match=message):
        save(tmp_path / "bank.npy", ids=ids)
    assert names(tmp_path) == []


@pytest.mark.parametrize(("shape", "dtype"), [((0, 4), "f4"), ((3, 4), object)])
def test_arrays_that_cannot_be_mapped(tmp_path, shape, dtype):
    with (
        pytest.raises(StoreError, match="cannot be stored; give it numbers"),
        store.create_array(tmp_path / "a.npy", shape, dtype, spec={}, ids=IDS),
    ):
        pass


def test_full_disk_is_an_error_before_anything_is_written(tmp_path):
    with (
        pytest.raises(StoreError, match=r"no room for \d+ bytes \(.*\); free some space"),
        store.create_array(tmp_path / "a.npy", (3, 2**45), "f4", spec={}, ids=IDS),
    ):
        pass
    assert names(tmp_path) == []


def flip(path, at=-1):
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def test_one_flipped_bit_is_seen(tmp_path):
    path = save(tmp_path / "bank.npy")
    flip(path)
    with pytest.raises(StoreError, match=r"its bytes are not those that were written \(sha256\)"):
        store.open_array(path)
    assert store.open_array(path, verify=False).values.shape == (3, 4)


@pytest.mark.parametrize("keep", [0, 60, 150])
def test_truncated_array_is_seen_even_unverified(tmp_path, keep):
    path = save(tmp_path / "bank.npy")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(StoreError, match=r"is not a whole \.npy file"):
        store.open_array(path, verify=False)


def test_array_under_the_record_of_another_shape(tmp_path):
    path = save(tmp_path / "bank.npy")
    np.save(path, np.zeros((3, 5), np.float32))
    with pytest.raises(StoreError, match=r"holds <f4 \[3, 5\] where its record says <f4 \[3, 4\]"):
        store.open_array(path, verify=False)


def test_record_of_another_array_in_the_folder(tmp_path):
    save(tmp_path / "one.npy")
    save(tmp_path / "two.npy")
    with pytest.raises(StoreError, match=r"is the record of two\.npy, not of one\.npy"):
        store.open_array(tmp_path / "one.npy")


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"spec": {}}', b"\xff"])
def test_damaged_record(tmp_path, content):
    path = save(tmp_path / "bank.npy")
    path.with_name("spec.json").write_bytes(content)
    with pytest.raises(StoreError, match=r"spec\.json: is no record of bank\.npy"):
        store.open_array(path)


def test_missing_array(tmp_path):
    with pytest.raises(StoreError, match=r"a\.npy: there is no such file; run the workflow"):
        store.open_array(tmp_path / "a.npy")


# Tables


FRAME = pd.DataFrame(
    {
        "id": ["007", "NA", "nan", ""],
        "rank": [1, 2, 3, 4],
        "score": [0.1, 1 / 3, 1e-300, np.nan],
        "hit": [True, False, True, True],
    }
)
DTYPES = {"id": "str", "rank": "int64", "score": "float64", "hit": "bool"}


def test_table_comes_back(tmp_path):
    store.write_table(FRAME, tmp_path / "t.parquet", spec=SPEC)
    pd.testing.assert_frame_equal(store.read_table(tmp_path / "t.parquet", spec=SPEC), FRAME)
    pd.testing.assert_frame_equal(store.read_table(tmp_path / "t.parquet"), FRAME)


def test_same_table_same_bytes(tmp_path):
    for name in ("1", "2"):
        store.write_table(FRAME, tmp_path / name, spec=SPEC)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def test_table_of_another_spec(tmp_path):
    store.write_table(FRAME, tmp_path / "t", spec=SPEC)
    with pytest.raises(StoreError, match=r"folds: stored \[5\], asked for \[4\]"):
        store.read_table(tmp_path / "t", spec={**SPEC, "folds": [4]})
    store.write_table(FRAME, tmp_path / "t")
    with pytest.raises(StoreError, match="feature: not stored, asked for 'mfcc'"):
        store.read_table(tmp_path / "t", spec=SPEC)


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-9], lambda b: b"", lambda b: b[:40] + bytes(20) + b[60:]]
)
def test_damaged_table(tmp_path, damage):
    path = tmp_path / "t"
    store.write_table(FRAME, path, spec=SPEC)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(StoreError, match="is not a whole Parquet file"):
        store.read_table(path, spec=SPEC)


def test_one_flipped_bit_of_the_values_of_a_table_is_seen(tmp_path):
    path = tmp_path / "t"
    values = np.random.default_rng(0).random(100)
    store.write_table(pd.DataFrame({"score": values}), path)
    where = path.read_bytes().index(values[50].tobytes())
    flip(path, where)
    with pytest.raises(StoreError, match="is not a whole Parquet file"):
        store.read_table(path)


def test_missing_table(tmp_path):
    for read in (store.read_table, store.read_csv):
        with pytest.raises(StoreError, match="there is no such file"):
            read(tmp_path / "t")


def test_csv_comes_back_to_the_last_bit(tmp_path):
    path = tmp_path / "t.csv"
    store.write_csv(FRAME, path)
    assert path.read_text().splitlines()[1] == "007,1,0.1,True"
    pd.testing.assert_frame_equal(store.read_csv(path, dtypes=DTYPES), FRAME)
    assert names(tmp_path) == ["t.csv"]


@given(st.lists(st.floats(allow_infinity=False), min_size=1))
def test_csv_floats_are_exact(tmp_path_factory, values):
    path = tmp_path_factory.getbasetemp() / "floats.csv"
    store.write_csv(pd.DataFrame({"x": values, "n": 0}), path)
    np.testing.assert_array_equal(store.read_csv(path, dtypes={"x": "float64"})["x"], values)


def test_csv_with_a_spec(tmp_path):
    path = tmp_path / "t.csv"
    store.write_csv(FRAME, path, spec=SPEC)
    assert names(tmp_path) == ["t.csv", "t.csv.spec.json"]
    store.read_csv(path, spec=SPEC)
    with pytest.raises(StoreError, match="feature: stored 'mfcc', asked for 'mel'"):
        store.read_csv(path, spec={**SPEC, "feature": "mel"})
    flip(path, 30)
    with pytest.raises(StoreError, match="its bytes are not those"):
        store.read_csv(path, spec=SPEC)


@pytest.mark.parametrize("content", ["", "other\n1\n", "id,n\na,b,c\nd,e,f,g\n", "id,n\na,x\n"])
def test_csv_that_is_not_the_one_expected(tmp_path, content):
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(StoreError, match="is not the CSV file expected"):
        store.read_csv(tmp_path / "t.csv", dtypes={"id": "str", "n": "int64"})
