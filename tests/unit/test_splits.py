import pytest

from resound.data.splits import split_positions
from resound.errors import DataError


def test_query_folds_ask_and_the_others_answer():
    queries, gallery = split_positions([1, 2, 3, 2, 1], [2, 3])
    assert queries.tolist() == [1, 2, 3]
    assert gallery.tolist() == [0, 4]


def test_without_query_folds_all_ask_all():
    queries, gallery = split_positions([0, 0, 0], [])
    assert queries.tolist() == gallery.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("folds", "query_folds", "message"),
    [
        ([1, 2, 3], [5], r"no clip lies in fold 5; the data set has the folds 1, 2, 3"),
        ([0, 0], [5], r"the CSV has no folds; set retrieval\.protocol: leave_one_out"),
        ([1, 2], [1, 2], r"none is left to answer"),
    ],
)
def test_folds_that_do_not_fit_the_data_are_named(folds, query_folds, message):
    with pytest.raises(DataError, match=message):
        split_positions(folds, query_folds)
