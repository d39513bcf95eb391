"""Reduction of digits: the recipe's rule, the exact average, and every refusal."""

import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from rnn_utils.data.reduce import reduce_images

RECIPE_PIXELS = [0, 1, 3, 5, 7, 8, 10, 12, 14, 15, 17, 19, 21, 22, 24, 26]
METHODS = ["nearest", "area"]
SIZES = range(1, 29)


@pytest.fixture
def digits():
    return np.random.default_rng(5).integers(0, 256, (7, 28, 28), dtype=np.uint8)


def exact_area_weights(size):
    """Which share of output pixel i each source pixel k makes up, from intervals of fractions."""
    width = Fraction(28, size)
    weights = np.zeros((size, 28))
    for i in range(size):
        left, right = i * width, (i + 1) * width
        for k in range(28):
            shared = min(right, Fraction(k + 1)) - max(left, Fraction(k))
            weights[i, k] = max(shared, Fraction(0)) / width
    return weights


def exact_area(images, size):
    weights = exact_area_weights(size)
    return weights @ images.astype(np.float64) @ weights.T


def test_nearest_keeps_the_pixels_of_the_recipe(digits):
    expected = digits[:, RECIPE_PIXELS][:, :, RECIPE_PIXELS] / np.float32(255)
    np.testing.assert_array_equal(reduce_images(digits, 16, "nearest"), expected)


def test_nearest_keeps_the_pixels_of_the_recipe_on_all_of_mnist(full_mnist):
    for images in (full_mnist.train_images, full_mnist.test_images):
        kept = reduce_images(images, 16, "nearest") * 255
        np.testing.assert_array_equal(kept, images[:, RECIPE_PIXELS][:, :, RECIPE_PIXELS])


@pytest.mark.parametrize("size", SIZES)
def test_nearest_is_the_floor_rule_at_every_size(digits, size):
    reduced = reduce_images(digits, size, "nearest")
    for i in range(size):
        for j in range(size):
            expected = digits[:, i * 28 // size, j * 28 // size] / np.float32(255)
            np.testing.assert_array_equal(reduced[:, i, j], expected)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_area_is_the_exact_average_at_every_size(digits, size, dtype):
    images = digits if dtype == np.uint8 else (digits / 255).astype(dtype)
    scale = 255 if dtype == np.uint8 else 1
    error = reduce_images(images, size, "area") - exact_area(images, size) / scale
    assert np.abs(error).max() < 1e-6


def test_area_is_the_exact_average_on_all_of_mnist(full_mnist):
    for images in (full_mnist.train_images, full_mnist.test_images):
        reduced = reduce_images(images, 16, "area")
        for start in range(0, len(images), 10_000):
            part = slice(start, start + 10_000)
            error = reduced[part] - exact_area(images[part], 16) / 255
            assert np.abs(error).max() < 1e-6


bytes_of_digits = arrays(np.uint8, st.tuples(st.integers(0, 2), st.just(28), st.just(28)))
inks = arrays(np.float64, (28, 28), elements=st.floats(0, 1))
sizes, methods = st.integers(1, 28), st.sampled_from(METHODS)


@given(bytes_of_digits, sizes, methods)
def test_every_value_is_the_exact_one_rounded_once(images, size, method):
    if method == "area":
        edges = [range(i * 28, (i + 1) * 28) for i in range(size)]  # in size-ths of a pixel
        counts = np.array(
            [[sum(at // size == k for at in edge) for k in range(28)] for edge in edges]
        )
        inks, whole = counts @ images.astype(np.int64) @ counts.T, 255 * 28**2
    else:
        kept = [i * 28 // size for i in range(size)]
        inks, whole = images[:, kept][:, :, kept], 255
    reduced = reduce_images(images, size, method)
    assert reduced.shape == inks.shape
    for value, ink in zip(reduced.ravel(), inks.ravel(), strict=True):
        error = abs(Fraction(float(value)) - Fraction(int(ink), whole))
        assert error <= Fraction(float(np.spacing(value))) / 2


@given(st.integers(0, 255), sizes, methods)
def test_a_constant_stays_what_it_is(ink, size, method):
    for images, slack in (
        (np.full((28, 28), ink, np.uint8), 0),
        (np.full((28, 28), ink / 255, np.float32), np.spacing(np.float32(ink / 255))),
    ):
        reduced = reduce_images(images, size, method)
        assert (np.abs(reduced - np.float32(ink / 255)) <= slack).all()


@given(inks, inks, st.floats(0, 1), sizes)
def test_area_of_a_mixture_is_the_mixture_of_areas(one, other, share, size):
    mixed = reduce_images(share * one + (1 - share) * other, size, "area")
    parts = [reduce_images(images, size, "area") for images in (one, other)]
    np.testing.assert_allclose(mixed, share * parts[0] + (1 - share) * parts[1], atol=1e-6)


whole_images = st.sampled_from([(28, 28), (1, 28, 28), (2, 28, 28)])
other_shapes = array_shapes(min_dims=0, max_dims=4, min_side=0) | st.just((28, 27))
ink_types, other_types = st.sampled_from(["u1", "f4", "f8"]), st.sampled_from(["i8", "?", "c8"])


@given(
    arrays(ink_types, whole_images) | arrays(ink_types | other_types, whole_images | other_shapes),
    st.integers(0, 29) | st.sampled_from([16.0, "16", None, True]),
    st.sampled_from([*METHODS, *METHODS, "bilinear", None]),
)
@example(np.full((28, 28), 1.5), 16, "area")
def test_whatever_is_given_becomes_ink_or_is_refused(images, size, method):
    try:
        reduced = reduce_images(images, size, method)
    except (TypeError, ValueError) as refusal:
        assert str(refusal).startswith(
            ("images must", "float images must", "size must", "method must")
        )
    else:
        assert 1 <= size <= 28
        assert reduced.dtype == np.float32
        assert reduced.shape == (*images.shape[:-2], size, size)
        assert ((reduced >= 0) & (reduced <= 1)).all()


def test_area_in_one_corner_worked_by_hand():
    image = np.zeros((28, 28))
    image[0, 1] = 1  # three quarters of this pixel lie in the first output pixel, 1.75 wide
    reduced = reduce_images(image, 16, "area")
    assert reduced[0, 0] == pytest.approx(0.75 / 1.75**2)
    assert reduced[0, 1] == pytest.approx(0.25 / 1.75**2)
    assert np.count_nonzero(reduced) == 2


def test_area_keeps_the_mean(digits):
    for size in SIZES:
        means = reduce_images(digits, size, "area").mean(axis=(1, 2))
        np.testing.assert_allclose(means, digits.mean(axis=(1, 2)) / 255, atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", SIZES)
def test_white_and_black_stay_so_exactly(method, size):
    for dtype, white in [(np.uint8, 255), (np.float32, 1)]:
        images = np.full((2, 28, 28), white, dtype)
        images[1] = 0
        reduced = reduce_images(images, size, method)
        assert (reduced[0] == 1).all() and (reduced[1] == 0).all()


@pytest.mark.parametrize("method", METHODS)
def test_result_is_float32_of_the_asked_shape(digits, method):
    for size in (1, 16, np.int64(9), 28):
        reduced = reduce_images(digits, size, method)
        assert reduced.dtype == np.float32
        assert reduced.shape == (7, size, size)


@pytest.mark.parametrize("method", METHODS)
def test_full_size_changes_nothing_but_the_scale(digits, method):
    np.testing.assert_array_equal(reduce_images(digits, 28, method), digits / np.float32(255))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", [np.uint8, np.float16, np.float32, ">f8"])
def test_one_image_is_reduced_as_in_a_batch(digits, method, dtype):
    images = digits if dtype == np.uint8 else (digits / 255).astype(dtype)
    one = reduce_images(images[3], 16, method)
    assert one.shape == (16, 16)
    np.testing.assert_array_equal(one, reduce_images(images, 16, method)[3])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_empty_batch(method, dtype):
    assert reduce_images(np.empty((0, 28, 28), dtype), 16, method).shape == (0, 16, 16)


@pytest.mark.parametrize("method", METHODS)
def test_float_and_uint8_agree(digits, method):
    floats = reduce_images((digits / 255).astype(np.float32), 16, method)
    np.testing.assert_allclose(floats, reduce_images(digits, 16, method), atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_layout_in_memory_does_not_matter(digits, method):
    many = np.repeat(digits, 200, axis=0)
    expected = reduce_images(many, 16, method)
    np.testing.assert_array_equal(reduce_images(np.asfortranarray(many), 16, method), expected)
    np.testing.assert_array_equal(reduce_images(many[::-1], 16, method), expected[::-1])


def test_input_is_left_alone(digits):
    before = digits.copy()
    digits.flags.writeable = False
    reduce_images(digits, 28, "nearest")[:] = 0.5
    np.testing.assert_array_equal(digits, before)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_extra_memory_stays_small(method, dtype):
    images = np.zeros((20_000, 28, 28), dtype)
    tracemalloc.start()
    result = reduce_images(images, 16, method)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak - result.nbytes < 30 * 2**20


@pytest.mark.parametrize("shape", [(28,), (2, 28, 28, 1), (5, 28, 27), (5, 784), (16, 16), ()])
def test_wrong_shape_is_named(shape):
    with pytest.raises(ValueError, match="images must have shape") as refusal:
        reduce_images(np.zeros(shape, np.uint8))
    assert str(shape) in str(refusal.value)


@pytest.mark.parametrize("dtype", ["int64", "int8", "uint16", "bool", "complex64", "object"])
def test_other_types_are_not_guessed_at(dtype):
    with pytest.raises(TypeError, match=f"not {dtype}"):
        reduce_images(np.zeros((1, 28, 28), dtype))


@pytest.mark.parametrize("size", [0, -1, 29, 1000])
def test_size_out_of_range_is_named(digits, size):
    with pytest.raises(ValueError, match=f"between 1 and 28, not {size}"):
        reduce_images(digits, size)


@pytest.mark.parametrize("size", [16.0, "16", None, True, (16, 16)])
def test_size_that_is_no_integer_is_named(digits, size):
    with pytest.raises(TypeError, match="size must be an integer") as refusal:
        reduce_images(digits, size)
    assert repr(size) in str(refusal.value)


@pytest.mark.parametrize("method", ["bilinear", "", None, ["area"]])
def test_unknown_method_is_named(digits, method):
    with pytest.raises(ValueError, match="method must be one of") as refusal:
        reduce_images(digits, 16, method)
    assert repr(method) in str(refusal.value)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("value", "named"),
    [(np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf"), (-0.25, "-0.25"), (255, "255.0")],
)
def test_float_out_of_range_is_named_wherever_it_is(method, value, named):
    images = np.zeros((1200, 28, 28))
    images[1100, 27, 27] = value  # in a later chunk, and no pixel that "nearest" would keep
    with pytest.raises(ValueError, match=f"one holds {named}:"):
        reduce_images(images, 16, method)
