import numpy as np
import pytest

from resound.errors import DataError
from resound.evaluation.zero_shot import class_probabilities, zero_shot_logits


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
