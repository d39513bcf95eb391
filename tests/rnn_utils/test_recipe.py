"""The recipe: its numbers, and what it refuses."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from rnn_utils.recipe import Recipe


def test_defaults_are_the_recipe_of_the_book():
    assert Recipe() == Recipe(16, 16, 64, 10, 3, 0.01, 500, 100, 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("iterations", 0),
        ("iterations", -1),
        ("batch_size", 0),
        ("n_hidden", -8),
        ("n_layers", 0),
        ("seed", -1),
        ("seed", 2**31),
        ("learning_rate", 0.0),
        ("learning_rate", -0.01),
        ("learning_rate", float("nan")),
        ("learning_rate", float("inf")),
        ("warm_up", -1),
        ("clip_norm", 0),
        ("clip_norm", -1),
        ("clip_norm", float("nan")),
        ("recurrent_rate", 0),
        ("recurrent_rate", float("inf")),
        ("weight_decay", -0.01),
        ("weight_decay", float("nan")),
        ("weight_decay", float("inf")),
        ("shards", 0),
    ],
)
def test_nonsense_is_refused_by_name_and_value(name, value):
    with pytest.raises(ValueError, match=rf"{name} must be .*got {value}"):
        Recipe(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("iterations", 10.0),
        ("iterations", "10"),
        ("batch_size", None),
        ("n_hidden", True),
        ("learning_rate", "fast"),
        ("learning_rate", "0.1"),
        ("learning_rate", None),
        ("learning_rate", False),
        ("learning_rate", 10**400),
        ("warm_up", 0.5),
        ("decay", "yes"),
        ("decay", 1),
        ("decay", None),
        ("clip_norm", "none"),
        ("clip_norm", None),
        ("recurrent_rate", "half"),
        ("weight_decay", None),
        ("shards", 2.0),
    ],
)
def test_other_types_are_refused_by_name_and_value(name, value):
    with pytest.raises(TypeError, match=rf"{name} must be .*got {value!r}"):
        Recipe(**{name: value})


def test_a_warm_up_longer_than_the_training_is_refused():
    with pytest.raises(ValueError, match="warm_up is 11, but there are only 10 iterations"):
        Recipe(iterations=10, warm_up=11)
    assert Recipe(iterations=10, warm_up=10).warm_up == 10


def test_a_gradient_may_be_of_any_length_unless_the_recipe_says_otherwise():
    assert Recipe().clip_norm == Recipe(clip_norm=float("inf")).clip_norm == float("inf")
    assert Recipe(clip_norm=1).clip_norm == 1.0


def test_numpy_numbers_become_python_numbers():
    recipe = Recipe(n_hidden=np.int64(8), learning_rate=np.float32(0.5))
    assert type(recipe.n_hidden) is int
    assert type(recipe.learning_rate) is float


def test_a_recipe_cannot_be_changed_only_replaced():
    recipe = Recipe()
    with pytest.raises(FrozenInstanceError):
        recipe.seed = 1
    assert replace(recipe, seed=1).seed == 1
    with pytest.raises(ValueError, match="seed must be from 0"):
        replace(recipe, seed=-5)
