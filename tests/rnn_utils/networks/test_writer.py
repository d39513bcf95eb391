"""Names that a network writes: seeds, temperatures, beginnings, and what is refused."""

import numpy as np
import pytest

from rnn_utils import write_names
from rnn_utils.backend import keras


def network(steps=None, classes=28, bias=None):
    """Return an untrained network that reads and writes letters."""
    keras.utils.set_random_seed(1)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((steps,), dtype="int32"),
            layers.Embedding(28, 4, mask_zero=True),
            layers.GRU(8, return_sequences=True),
            layers.Dense(classes, kernel_initializer="lecun_normal"),
        ]
    )
    if bias is not None:
        model.layers[-1].bias.assign(bias)
    return model


@pytest.fixture(scope="module")
def model():
    return network()


def never_ends():
    return network(bias=np.r_[np.zeros(27), -100.0])


def test_equal_seeds_give_equal_names(model):
    names = write_names(model, 20, seed=3)
    assert len(names) == 20
    assert write_names(model, 20, seed=3) == names != write_names(model, 20, seed=4)
    assert len(set(names)) > 10


def test_a_name_goes_on_as_it_begins(model):
    assert all(name.startswith("mac") for name in write_names(model, 10, beginning="Mac"))


def test_a_letter_is_drawn_as_often_as_it_is_expected(model):
    expected = np.exp(model(np.array([[27, 1]], np.int32)).numpy()[0, -1].astype(float) / 0.5)
    expected[0] = 0  # padding is never written
    expected /= expected.sum()
    names = write_names(model, 20_000, beginning="a", temperature=0.5, most=1)
    drawn = [ord(name[1]) - ord("a") + 1 if len(name) > 1 else 27 for name in names]
    assert np.bincount(drawn, minlength=28) / 20_000 == pytest.approx(expected, abs=0.015)


def test_without_temperature_each_letter_is_the_likeliest(model):
    (name,) = set(write_names(model, 5, beginning="b", temperature=0, most=8))
    assert write_names(model, beginning="b", temperature=1e-300, most=8, seed=5) == [name]
    numbers = [27, *(ord(letter) - ord("a") + 1 for letter in name)]
    best = 1 + model(np.array([numbers], np.int32)).numpy()[0, :, 1:].argmax(axis=-1)
    assert best[1 : len(name)].tolist() == numbers[2:]


def test_a_beginning_may_be_longer_than_any_name():
    (name,) = write_names(never_ends(), beginning="ab" * 20, most=4)
    assert len(name) == 44


def test_a_name_without_an_end_is_left_as_it_is():
    assert {len(name) for name in write_names(never_ends(), 5, most=7)} == {7}


def test_a_name_may_end_at_once():
    assert write_names(network(bias=np.r_[np.zeros(27), 100.0]), 2) == ["", ""]


def test_a_saved_network_writes_the_same(model, tmp_path):
    model.save(tmp_path / "writer.keras")
    loaded = keras.saving.load_model(tmp_path / "writer.keras")
    assert write_names(loaded, 3, beginning="mc") == write_names(model, 3, beginning="mc")


@pytest.mark.parametrize("beginning", ["o'", "é", "van "])
def test_other_letters_are_refused(model, beginning):
    with pytest.raises(ValueError, match="not in the alphabet"):
        write_names(model, beginning=beginning)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": -1.0}, "temperature must be 0 or more, got -1.0"),
        ({"temperature": float("nan")}, "temperature must be 0 or more, got nan"),
        ({"count": 0}, "count must be a whole number, 1 or more, got 0"),
        ({"most": 2.5}, "most must be a whole number, 1 or more, got 2.5"),
        ({"seed": -1}, "seed must be a whole number, 0 or more, got -1"),
    ],
)
def test_numbers_out_of_range_are_refused(model, options, message):
    with pytest.raises(ValueError, match=message):
        write_names(model, **options)


def test_a_model_of_fixed_length_is_refused():
    with pytest.raises(ValueError, match=r"build it with keras\.Input\(\(None,\)"):
        write_names(network(steps=14))


def test_a_model_of_other_symbols_is_refused():
    with pytest.raises(ValueError, match=r"puts out \(None, None, 10\)"):
        write_names(network(classes=10))
