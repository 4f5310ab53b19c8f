"""The classes of AudioSet, and the map from them to ESC-50's categories."""

import csv
from importlib import resources

import pytest

from resound.data import audioset
from resound.data.layout import CATEGORIES
from resound.encoders.encoder import N_TAGS
from resound.errors import DataError


def rows() -> list[dict[str, str]]:
    text = resources.files("resound.data").joinpath("audioset.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def test_the_file_has_each_class_once_in_the_order_of_its_number():
    assert list(rows()[0]) == ["index", "name", "category"]
    assert [row["index"] for row in rows()] == [str(i) for i in range(N_TAGS)]
    names = [row["name"] for row in rows()]
    assert len(set(names)) == N_TAGS
    assert all(name == name.strip() != "" for name in names)
    assert audioset.class_names() == tuple(names)
    assert (names[0], names[-1]) == ("Speech", "Field recording")


def test_every_category_of_esc50_has_a_class_and_no_other_name_stands_there():
    assert set(audioset.classes_by_category()) == set(CATEGORIES)
    asked = audioset.classes_of(CATEGORIES)
    assert all(asked)
    every = [position for own in asked for position in own]
    assert len(set(every)) == len(every), "a class stands for one category"
    stands = {int(row["index"]): row["category"] for row in rows() if row["category"]}
    assert stands == {p: name for name, own in zip(CATEGORIES, asked, strict=True) for p in own}


def test_the_classes_of_categories_come_in_the_order_asked():
    dog, rain = audioset.classes_of(["dog", "rain"])
    assert audioset.classes_of(["rain", "dog"]) == [rain, dog]
    assert "Bark" in [audioset.class_names()[position] for position in dog]


def test_a_category_that_no_class_stands_for_is_named_with_the_way_out():
    message = r"the categories purring, yodel; write them into .*audioset\.csv, or leave encoders"
    with pytest.raises(DataError, match=message):
        audioset.classes_of(["dog", "purring", "yodel"])
