import json
import subprocess
import sys

import numpy as np
import pytest
import scipy.fft
from hypothesis import assume, given
from hypothesis import strategies as st

from resound.dsp import matrix
from resound.dsp.decibels import power_to_db
from resound.dsp.dft import windowed_dft
from resound.dsp.filterbanks import mel_filters
from resound.dsp.matrix import apply, per_frame, reconstruct, spectrogram_operator
from resound.dsp.stft import stft
from resound.dsp.transforms import dct_matrix, dst_matrix
from resound.dsp.windows import cosine_window
from resound.errors import ParameterError
from resound.features import extract

TOLERANCE = {"complex64": 1e-5, "complex128": 1e-12}
LENGTHS = st.tuples(st.integers(1, 12), st.integers(0, 60))
OPTIONS = st.fixed_dictionaries(
    {
        "hop_length": st.integers(1, 15),
        "window": st.sampled_from(["hann", "hamming"]),
        "periodic": st.booleans(),
        "onesided": st.booleans(),
        "center": st.booleans(),
        "pad_end": st.booleans(),
        "dtype": st.sampled_from(list(TOLERANCE)),
    }
)


def naive_rows(n_samples, n_fft, *, hop_length, window, periodic, onesided, center, pad_end, **_):
    """Return A, entry by entry, frame by frame, as the definition has it."""
    weights = cosine_window(window, n_fft, periodic=periodic)
    start, end = (-(n_fft // 2), n_samples + n_fft // 2) if center else (0, n_samples)
    n_bins = n_fft // 2 + 1 if onesided else n_fft
    rows = []
    while start + n_fft <= end or (pad_end and start + n_fft < end + hop_length):
        for k in range(n_bins):
            row = np.zeros(n_samples, complex)
            for n in range(n_fft):
                if 0 <= start + n < n_samples:
                    row[start + n] = weights[n] * np.exp(-2j * np.pi * k * n / n_fft)
            rows.append(row)
        start += hop_length
    return np.array(rows)


def assert_close(ours, expected, dtype):
    peak = np.abs(expected).max(initial=0)
    assert ours.dtype == dtype
    np.testing.assert_allclose(ours, expected, rtol=0, atol=TOLERANCE[dtype] * max(peak, 1e-3))


@given(lengths=LENGTHS, options=OPTIONS)
def test_the_matrix_is_its_definition_in_every_form(lengths, options):
    n_fft, more = lengths
    expected = naive_rows(n_fft + more, n_fft, **options)
    sparse = spectrogram_operator(n_fft + more, n_fft, **options)
    assert_close(sparse.toarray(), expected, options["dtype"])
    assert sparse.has_canonical_format
    assert sparse.nnz == np.count_nonzero(sparse.toarray())
    dense = spectrogram_operator(n_fft + more, n_fft, dense=True, **options)
    np.testing.assert_array_equal(dense, sparse.toarray())
    free = spectrogram_operator(n_fft + more, n_fft, as_linear_operator=True, **options)
    assert free.shape == sparse.shape
    assert_close(free @ np.eye(n_fft + more), expected, options["dtype"])


@given(
    n_fft=st.sampled_from([1, 2, 7, 16, 63, 64]),
    more=st.integers(0, 200),
    clips=st.integers(1, 3),
    options=OPTIONS,
    seed=st.integers(0, 999),
)
def test_the_product_is_the_transform_of_each_frame(n_fft, more, clips, options, seed):
    """Frame by frame with numpy's FFT, for a batch of clips, by the matrix and without it."""
    x = np.random.default_rng(seed).standard_normal((n_fft + more, clips))
    weights = cosine_window(options["window"], n_fft, periodic=options["periodic"])
    margin = n_fft // 2 if options["center"] else 0
    padded = np.pad(x, [(margin, margin + n_fft + options["hop_length"]), (0, 0)])
    A = spectrogram_operator(len(x), n_fft, **options)
    free = spectrogram_operator(len(x), n_fft, as_linear_operator=True, **options)
    n_bins = n_fft // 2 + 1 if options["onesided"] else n_fft
    n_frames = A.shape[0] // n_bins
    expected = np.concatenate(
        [
            np.fft.fft(padded[start : start + n_fft] * weights[:, np.newaxis], axis=0)[:n_bins]
            for start in options["hop_length"] * np.arange(n_frames)
        ]
    )
    assert_close(apply(A, x), expected, options["dtype"])
    assert_close(apply(free, x), expected, options["dtype"])
    assert_close(apply(free, x[:, 0]), expected[:, 0], options["dtype"])


@given(lengths=LENGTHS, options=OPTIONS, seed=st.integers(0, 999))
def test_forward_and_adjoint_pass_the_dot_product_test(lengths, options, seed):
    """<A x, y> = <x, A^H y> for complex x and y, and both agree with the stored matrix."""
    n_fft, more = lengths
    options = options | {"dtype": "complex128"}
    free = spectrogram_operator(n_fft + more, n_fft, as_linear_operator=True, **options)
    rng = np.random.default_rng(seed)
    x, y = (
        rng.standard_normal((n, 2)) + 1j * rng.standard_normal((n, 2)) for n in free.shape[::-1]
    )
    for i in range(2):
        assert np.vdot(free @ x[:, i], y[:, i]) == pytest.approx(
            np.vdot(x[:, i], free.H @ y[:, i]), abs=1e-11
        )
    A = spectrogram_operator(n_fft + more, n_fft, **options)
    np.testing.assert_allclose(free.rmatmat(y), A.conj().T @ y, atol=1e-11)
    np.testing.assert_allclose(free @ x, A @ x, atol=1e-11)


@pytest.mark.parametrize("m", [0, 1, 6, 100])
@pytest.mark.parametrize("pad_end", [False, True])
def test_the_study_s_matrix_has_2n_minus_64_rows(m, pad_end):
    n = 64 + 32 * m
    assert spectrogram_operator(n, pad_end=pad_end).shape == (2 * n - 64, n)


@pytest.mark.parametrize(("more", "floor", "ceiling"), [(1, 1, 2), (31, 1, 2), (32, 2, 2)])
def test_padding_the_end_adds_a_frame_where_samples_are_left(more, floor, ceiling):
    assert spectrogram_operator(64 + more).shape[0] == 64 * floor
    assert spectrogram_operator(64 + more, pad_end=True).shape[0] == 64 * ceiling


@pytest.mark.parametrize("n_fft", [16, 15])
@pytest.mark.parametrize("dtype", list(TOLERANCE))
def test_rows_k_and_n_minus_k_of_a_frame_are_conjugates(n_fft, dtype):
    """Bit for bit, as well as the rows of bin 0 and, for an even n_fft, n_fft / 2 are real."""
    A = spectrogram_operator(50, n_fft, 5, center=True, dtype=dtype, dense=True)
    blocks = A.reshape(-1, n_fft, 50)
    np.testing.assert_array_equal(blocks[:, 1:], blocks[:, :0:-1].conj())
    assert not blocks[:, 0].imag.any()
    assert n_fft % 2 or not blocks[:, n_fft // 2].imag.any()


def test_every_frame_has_the_same_block_moved_by_a_hop():
    A = spectrogram_operator(256, dense=True).reshape(7, 64, 256)
    for t in range(7):
        np.testing.assert_array_equal(A[t, :, 32 * t : 32 * t + 64], A[0, :, :64])
        assert np.count_nonzero(A[t]) == 64 * 62


def turned(entries: np.ndarray) -> np.ndarray:
    """Return a matrix turned round by half a turn about the middle of all but row and column 0.

    Of N rows and columns it takes (k, n) to (N - k, N - n), which leaves 0 without a partner.
    """
    return entries[1:, 1:][::-1, ::-1]


@given(
    n_fft=st.integers(3, 70), window=st.sampled_from(["hann", "hamming"]), periodic=st.booleans()
)
def test_half_a_turn_about_its_middle_leaves_a_frame_s_block_as_it_is(n_fft, window, periodic):
    """Exactly with the periodic window; else by as much as neighbours in the window differ."""
    B = spectrogram_operator(n_fft, n_fft, n_fft, window, periodic, dtype="complex128", dense=True)
    depth = {"hann": 0.5, "hamming": 0.46}[window]
    angle = np.pi / (n_fft - 1)
    steps = 2 * depth * np.sin(angle) * np.sin(angle * (2 * np.arange(1, n_fft) - 1))
    expected = 0.0 if periodic else abs(steps).max()
    assert abs(B[1:, 1:] - turned(B)).max() == pytest.approx(expected, abs=1e-13)


@pytest.mark.parametrize(("periodic", "largest"), [(True, 0.0), (False, 0.05)])
def test_half_a_turn_about_the_middle_of_the_whole_fails_at_bin_0_alone(periodic, largest):
    """The numbers of docs/matrix.md, for the figure's seven frames of 64 samples."""
    A = spectrogram_operator(256, periodic=periodic, dtype="complex128", dense=True)
    bins = np.arange(1, len(A)) % 64
    differences = abs(A[1:, 1:] - turned(A)).max(axis=1)
    assert differences[bins > 0].max() == pytest.approx(largest, abs=2e-4)
    assert (differences[bins == 0] > 0.99).all()
    # About the middle of the array, half a bin and half a sample off, nothing is left of it.
    assert round(abs(A - A[::-1, ::-1]).max(), 1) == 2.0
    assert round(abs(A[:64, :64] - A[:64, :64][::-1, ::-1]).max(), 1) == 2.0


def test_the_rows_of_the_fourier_matrix_are_orthogonal():
    F = windowed_dft(np.ones(48), 48, np.dtype("complex128"))
    np.testing.assert_allclose(F, scipy.fft.fft(np.eye(48)), atol=1e-14)
    np.testing.assert_allclose(F @ F.conj().T, 48 * np.eye(48), atol=1e-12)


def test_the_centred_one_sided_matrix_is_the_features_transform():
    clip = np.random.default_rng(0).standard_normal(1000)
    A = spectrogram_operator(
        1000, 60, 17, periodic=True, onesided=True, center=True, dtype="complex128"
    )
    expected = stft(clip, n_fft=60, hop_length=17)
    np.testing.assert_allclose((A @ clip).reshape(expected.shape), expected, atol=1e-12)


# The inverse


@given(
    n_fft=st.integers(2, 16),
    more=st.integers(0, 60),
    share=st.floats(0.01, 0.5),
    options=OPTIONS,
    seed=st.integers(0, 999),
)
def test_a_sound_comes_back_from_its_spectrogram(n_fft, more, share, options, seed):
    options = options | {"hop_length": max(1, int(share * n_fft)), "dtype": "complex128"}
    free = spectrogram_operator(n_fft + more, n_fft, as_linear_operator=True, **options)
    sums = free.layout.squared_window_sum
    A = abs(spectrogram_operator(n_fft + more, n_fft, **options))
    columns = (A.power(2).sum(axis=0)) / free.layout.n_bins
    np.testing.assert_allclose(sums, columns, atol=1e-12)
    assume(sums.min() > 1e-6)
    x = np.random.default_rng(seed).standard_normal((n_fft + more, 2))
    np.testing.assert_allclose(reconstruct(free, free @ x), x, atol=1e-8)
    np.testing.assert_allclose(reconstruct(free, free @ x[:, 0]), x[:, 0], atol=1e-8)


@pytest.mark.parametrize("n_fft", [12, 13])
def test_it_is_the_least_squares_solution_for_any_spectrogram(n_fft):
    """For one that no sound has: against numpy's solver on the two-sided matrix."""
    shared = {"hop_length": 4, "center": True, "pad_end": True, "dtype": "complex128"}
    A = spectrogram_operator(50, n_fft, dense=True, **shared)
    rng = np.random.default_rng(0)
    half = rng.standard_normal((len(A) // n_fft, n_fft // 2 + 1, 2)) @ [1, 1j]
    # Real sounds have a real bin 0 and n_fft / 2: what else stands there can only be left out.
    mirror = half[:, 1 : (n_fft + 1) // 2][:, ::-1].conj()
    full = np.concatenate([half, mirror], axis=1).ravel()
    stacked = np.concatenate([A.real, A.imag])
    expected = np.linalg.lstsq(stacked, np.concatenate([full.real, full.imag]))[0]
    for onesided, spectrogram in ((False, full), (True, half.ravel())):
        free = spectrogram_operator(50, n_fft, onesided=onesided, as_linear_operator=True, **shared)
        np.testing.assert_allclose(reconstruct(free, spectrogram), expected, atol=1e-12)


@pytest.mark.parametrize("window", ["hann", "hamming"])
@pytest.mark.parametrize(("n_fft", "hop_length"), [(16, 8), (16, 5), (9, 4)])
def test_the_normal_equations_are_diagonal(window, n_fft, hop_length):
    A = spectrogram_operator(60, n_fft, hop_length, window, dtype="complex128")
    free = spectrogram_operator(60, n_fft, hop_length, window, as_linear_operator=True)
    expected = np.diag(n_fft * free.layout.squared_window_sum)
    np.testing.assert_allclose((A.conj().T @ A).toarray(), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("n_samples", "options", "first"),
    [
        (256, {}, 0),
        (256, {"center": True, "hop_length": 63}, 31),
        (100, {"window": "hamming", "hop_length": 64}, 64),
        (200, {"window": "hamming", "hop_length": 70}, 64),
        (100, {"center": True, "hop_length": 60}, 91),
    ],
)
def test_a_sample_that_no_window_reaches_is_named(n_samples, options, first):
    free = spectrogram_operator(n_samples, as_linear_operator=True, **options)
    message = rf"sample {first} of {n_samples} lies in no frame .* n_fft=64, hop_length=\d+"
    with pytest.raises(ParameterError, match=message):
        reconstruct(free, np.ones(free.shape[0]))


@pytest.mark.parametrize(
    "options",
    [{"center": True}, {"window": "hamming"}, {"center": True, "hop_length": 62, "pad_end": True}],
)
def test_the_next_step_of_that_error_mends_it(options):
    free = spectrogram_operator(256, as_linear_operator=True, dtype="complex128", **options)
    x = np.random.default_rng(0).standard_normal(256)
    np.testing.assert_allclose(reconstruct(free, free @ x), x, atol=1e-8)


# The rest of the chain


@pytest.mark.parametrize("transform", [dct_matrix, dst_matrix])
def test_two_products_and_a_logarithm_are_the_feature_code_s(transform):
    clip = np.random.default_rng(0).standard_normal(2000) * np.geomspace(1, 1e-6, 2000)
    setting = {"sample_rate": 8000, "n_fft": 256, "hop_length": 100}
    A = spectrogram_operator(
        2000, 256, 100, "hamming", True, onesided=True, center=True, dtype="complex128"
    )
    n_frames = A.shape[0] // 129
    H = per_frame(mel_filters(sample_rate=8000, n_fft=256, n_mels=20), n_frames)
    power = H @ np.abs(apply(A, clip)) ** 2
    mel = power_to_db(power.reshape(n_frames, 20))
    np.testing.assert_allclose(mel, extract("mel", clip, n_mels=20, **setting), atol=1e-9)
    C = per_frame(transform(20, 13), n_frames)
    name = {dct_matrix: "mfcc", dst_matrix: "mfcc_dst"}[transform]
    expected = extract(name, clip, n_mels=20, **setting)
    np.testing.assert_allclose((C @ mel.ravel()).reshape(expected.shape), expected, atol=1e-9)


def test_a_matrix_per_frame_is_block_diagonal():
    M = np.arange(6.0).reshape(2, 3)
    expected = np.zeros((4, 6))
    expected[:2, :3] = expected[2:, 3:] = M
    np.testing.assert_array_equal(per_frame(M, 2).toarray(), expected)
    assert per_frame(M, 2).nnz == 10


# Memory


def test_five_seconds_fit_into_a_gigabyte():
    """The peak of a process of its own, with all that it imports; the entries alone are 328 MB."""
    code = (
        "import json; from pathlib import Path;"
        "from resound.dsp.matrix import spectrogram_operator;"
        "A = spectrogram_operator(220500, n_fft=64, hop_length=32);"
        "status = Path('/proc/self/status').read_text();"
        "peak = int(status.partition('VmHWM:')[2].split()[0]) * 1024;"
        "print(json.dumps([A.shape, A.nnz, str(A.indices.dtype), peak]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    shape, nnz, index, peak = json.loads(done.stdout)
    assert shape == [6889 * 64, 220500]
    assert nnz == 6889 * 64 * 62
    assert index == "int32"
    assert peak < 1e9


def test_indices_take_64_bits_where_32_do_not_suffice(monkeypatch):
    monkeypatch.setattr(matrix, "INDEX_LIMIT", 20_000)
    wide, narrow = spectrogram_operator(256), spectrogram_operator(128)
    assert wide.indices.dtype == wide.indptr.dtype == np.int64
    assert narrow.indices.dtype == narrow.indptr.dtype == np.int32


def test_a_dense_matrix_has_a_bound():
    assert spectrogram_operator(4096, dense=True).nbytes < matrix.DENSE_BYTES
    with pytest.raises(ParameterError, match=r"dense 32704 x 16384 .* 4\.0 GiB, above .* 1 GiB"):
        spectrogram_operator(16384, dense=True)
    with pytest.raises(ParameterError, match=r"16320 x 8192 matrix of complex128 takes 2\.0 GiB"):
        spectrogram_operator(8192, dense=True, dtype=complex)


# Errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_samples": 63}, "n_samples=63 must be at least n_fft=64: no frame fits"),
        ({"n_samples": 63, "center": True}, "n_samples=63 must be at least n_fft=64"),
        ({"n_samples": 0}, "n_samples=0 must be a positive integer"),
        ({"n_samples": 2.5}, r"n_samples=2\.5 must be a positive integer"),
        ({"hop_length": 0}, "hop_length=0 must be a positive integer of samples"),
        ({"hop_length": -32}, "hop_length=-32 must be a positive integer of samples"),
        ({"n_fft": 0}, "n_fft=0 must be a positive integer of samples"),
        ({"window": "han"}, "window='han' is not known; did you mean 'hann'"),
        ({"dtype": "float32"}, "dtype='float32' is not known; .* complex64, complex128"),
        ({"dtype": "complex"}, None),
        ({"dtype": "compl"}, "dtype='compl' is not known"),
        ({"dense": True, "as_linear_operator": True}, "two forms of one matrix; choose one"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    arguments = {"n_samples": 256} | arguments
    if message is None:
        assert spectrogram_operator(**arguments).dtype == np.complex128
        return
    with pytest.raises(ParameterError, match=message):
        spectrogram_operator(**arguments)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.ones(255), r"x of shape \(255,\) must be \(256,\), or \(256, clips\)"),
        (np.ones((2, 256)), r"x of shape \(2, 256\) must be .* or transpose a batch"),
        (np.ones((256, 1, 1)), r"x of shape \(256, 1, 1\) must be"),
        (np.array(["a"] * 256), "x of dtype <U1 must hold numbers"),
        (np.where(np.arange(256) == 77, np.nan, 0), r"x holds a value .* first in row 77"),
        (np.where(np.eye(256)[:, [3, 9]], np.inf, 0), r"x holds a value .* first in row 3"),
    ],
)
def test_bad_sounds_are_refused_in_every_form(x, message):
    for form in ({}, {"dense": True}, {"as_linear_operator": True}):
        operator = spectrogram_operator(256, **form)
        with pytest.raises(ParameterError, match=message):
            apply(operator, x)
    if x.ndim < 3:
        with pytest.raises(ParameterError, match=message):
            operator @ x


def test_bad_spectrograms_are_refused():
    free = spectrogram_operator(256, center=True, as_linear_operator=True)
    with pytest.raises(ParameterError, match=r"spectrogram of shape \(5,\) must be \(576,\)"):
        reconstruct(free, np.ones(5))
    with pytest.raises(ParameterError, match="spectrogram holds a value that is not finite"):
        reconstruct(free, np.full(576, np.nan))
    with pytest.raises(ParameterError, match=r"y of shape \(5,\) must be \(576,\)"):
        free.rmatvec(np.ones(5))
    with pytest.raises(ParameterError, match=r"y of shape \(5, 2\) must be \(576,\)"):
        free.rmatmat(np.ones((5, 2)))
    with pytest.raises(ParameterError, match=r"csr_array must be the matrix-free one; make it"):
        reconstruct(spectrogram_operator(256), np.ones(448))


def test_what_is_repeated_per_frame_must_be_a_matrix():
    with pytest.raises(ParameterError, match=r"matrix of shape \(3,\) must be \(rows, n_bins\)"):
        per_frame(np.ones(3), 2)
    with pytest.raises(ParameterError, match="n_frames=0 must be a positive integer"):
        per_frame(np.eye(2), 0)
