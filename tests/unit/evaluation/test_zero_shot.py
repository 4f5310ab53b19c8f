import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from resound import store
from resound.data.audioset import class_names
from resound.data.index import CLIP_DTYPES
from resound.errors import DataError
from resound.evaluation.zero_shot import class_probabilities, zero_shot_logits
from resound.evaluation.zero_shot_by_tags import class_logits, zero_shot_by_tags

N_TAGS = 6
TAGS = npst.arrays(
    np.float32,
    st.tuples(st.integers(1, 4), st.just(N_TAGS)),
    elements=st.floats(-30, 30, width=32),
)
MEMBERS = st.lists(
    st.lists(st.integers(0, N_TAGS - 1), min_size=1, max_size=N_TAGS, unique=True),
    min_size=1,
    max_size=4,
)


def test_a_logit_is_the_scaled_cosine_whatever_the_length_of_the_clip_s_embedding():
    clips = np.array([[3.0, 0.0], [0.0, 0.5], [1.0, 1.0]], np.float32)
    classes = 10 * np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)
    expected = [[10, 0], [0, 10], [50**0.5, 50**0.5]]
    np.testing.assert_allclose(zero_shot_logits(clips, classes), expected, rtol=1e-6)


def test_probabilities_sum_to_one_and_keep_the_order_of_large_logits():
    probabilities = class_probabilities(np.array([[500.0, 499.0, 0.0]], np.float32))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    assert probabilities[0, 0] == pytest.approx(1 / (1 + np.exp(-1)), rel=1e-5)


def test_an_embedding_without_direction_is_named():
    with pytest.raises(DataError, match="clip at row 1 is all 0"):
        zero_shot_logits(np.array([[1.0, 0], [0, 0]], np.float32), np.eye(2, dtype=np.float32))


@given(tags=TAGS, members=MEMBERS)
def test_a_class_has_the_mean_of_the_logits_of_its_tags(tags, members):
    expected = [
        [sum(float(clip[tag]) for tag in own) / len(own) for own in members] for clip in tags
    ]
    logits = class_logits(tags, members)
    assert logits.dtype == np.float32
    np.testing.assert_allclose(logits, expected, rtol=1e-5, atol=1e-4)


def scored_by_tags(folder, categories, heard):
    """Score clips of some categories, in each of which one class of AudioSet is heard."""
    training = {"network": "mine", "split": {"query_folds": []}, "tags": {"made": "up"}}
    ids = [f"clip{i}" for i in range(len(categories))]
    clips = pd.DataFrame({"id": ids, "category": categories, "fold": 1})
    clips = clips.reindex(columns=list(CLIP_DTYPES)).fillna(0).astype(CLIP_DTYPES)
    store.write_csv(clips, folder / "clips.csv")
    shape = (len(ids), 1, len(class_names()))
    with store.create_array(
        folder / "tags/bank.npy", shape, "float32", spec=training["tags"], ids={"clips": ids[::-1]}
    ) as tags:
        tags[:] = -9
        for row, name in enumerate(heard[::-1]):
            tags[row, 0, class_names().index(name)] = 9
    names = {"model": "model.json", "predictions": "predictions.csv", "bank": "bank.npy"}
    zero_shot_by_tags(
        {"training": training, "vector": "zero_shot"},
        clips=folder / "clips.csv",
        tags=folder / "tags/bank.npy",
        files={name: folder / file for name, file in names.items()},
    )
    return pd.read_csv(folder / "predictions.csv").set_index("id")["predicted"].to_dict()


def test_a_clip_is_of_the_class_whose_tag_is_heard_in_it(tmp_path):
    categories, heard = ["rain", "dog", "hen"], ["Cluck", "Rain", "Bark"]
    found = scored_by_tags(tmp_path, categories, heard)
    assert found == {"clip0": "hen", "clip1": "rain", "clip2": "dog"}
    bank = store.open_array(tmp_path / "bank.npy")
    assert bank.values.shape == (3, 1, 3)
    np.testing.assert_allclose(bank.values.sum(axis=2), 1, rtol=1e-6)


def test_a_data_set_of_other_categories_stops_with_their_names(tmp_path):
    with pytest.raises(DataError, match=r"for the categories purring, yodel; write them into"):
        scored_by_tags(tmp_path, ["yodel", "dog", "purring"], ["Yodeling", "Dog", "Purr"])
