import numpy as np
import pytest
from mapped import mapped_bytes, told

from resound.pages import give_back

SIZE = 2**24


@pytest.fixture
def path(tmp_path):
    np.save(tmp_path / "bank.npy", np.arange(SIZE // 4, dtype=np.float32).reshape(-1, 4))
    return tmp_path / "bank.npy"


@told
@pytest.mark.parametrize("mode", ["r", "r+"])
@pytest.mark.parametrize(
    "view",
    [lambda a: a, lambda a: np.asarray(a)[5:9, 1:], lambda a: a.reshape(2, -1)[1]],
    ids=["array", "slice", "reshaped"],
)
def test_pages_that_were_touched_go_back(path, mode, view):
    array = np.load(path, mmap_mode=mode)
    total = float(array.sum())
    assert mapped_bytes(path) >= SIZE
    give_back(view(array))
    assert mapped_bytes(path) == 0
    assert float(array.sum()) == total


def test_what_was_written_stays(path):
    array = np.load(path, mmap_mode="r+")
    array[7] = -1.0
    give_back(array)
    assert (array[7] == -1.0).all()
    assert (np.load(path)[7] == -1.0).all()


def test_a_private_copy_keeps_what_was_written(path):
    array = np.load(path, mmap_mode="c")
    array[7] = -1.0
    give_back(array)
    assert (array[7] == -1.0).all()


@pytest.mark.parametrize("other", [np.ones(3), np.ones((3, 2))[1:], [1.0, 2.0], None])
def test_other_arrays_have_no_pages(other):
    give_back(other)
