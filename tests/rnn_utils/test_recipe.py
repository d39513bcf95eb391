"""The recipe: its numbers, and what it refuses."""

import math
import re
from dataclasses import FrozenInstanceError, asdict, fields, replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
        ("learning_rate", 1e39),
        ("warm_up", -1),
        ("clip_norm", 0),
        ("clip_norm", -1),
        ("clip_norm", float("nan")),
        ("clip_norm", 1e300),
        ("recurrent_rate", 0),
        ("recurrent_rate", float("inf")),
        ("weight_decay", -0.01),
        ("weight_decay", float("nan")),
        ("weight_decay", float("inf")),
        ("shards", 0),
    ],
)
def test_nonsense_is_refused_by_name_and_value(name, value):
    with pytest.raises(ValueError, match=rf"{name} must be .*got {re.escape(str(value))}"):
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


sensible = {
    "int": st.integers(1, 1000),
    "float": st.floats(0, 1, exclude_min=True),
    "bool": st.booleans(),
}
odd = [
    *(0, -1, 2**31, 10**400, 0.0, -0.5, 1.5, float("inf"), float("nan"), True, None, "1", "x"),
    *([1], {}, 1j, np.int64(3), np.float32(0.5), np.bool_(True), Decimal("0.1"), Fraction(1, 3)),
]
may_be_zero = ("seed", "warm_up", "weight_decay", "decay")
names = {field.name: sensible[field.type] for field in fields(Recipe)}


@settings(max_examples=10 * settings().max_examples)
@given(
    st.fixed_dictionaries({}, optional=names),
    st.dictionaries(st.sampled_from([*names]), st.sampled_from(odd), max_size=2),
)
def test_any_combination_is_a_recipe_or_refused_by_name_and_value(numbers, others):
    numbers |= others
    try:
        recipe = Recipe(**numbers)
    except (TypeError, ValueError) as refusal:
        name = str(refusal).split()[0]
        value = numbers.get(name, Recipe().warm_up)
        assert f"got {value!r}" in str(refusal) or f"{name} is {value!r}, but" in str(refusal)
        assert name in {field.name for field in fields(Recipe)}
        return
    written = asdict(recipe)
    assert recipe == Recipe(**written) == eval(repr(recipe), {"Recipe": Recipe, "inf": math.inf})
    for field in fields(recipe):
        given, kept = numbers.get(field.name, field.default), written[field.name]
        assert type(kept).__name__ == field.type
        assert kept == type(kept)(given)
        assert isinstance(given, (bool, np.bool_)) == (field.type == "bool")
        assert kept > 0 or (kept == 0 and field.name in may_be_zero)
        assert kept < math.inf or field.name == "clip_norm"
    assert recipe.seed < 2**31
    assert recipe.warm_up <= recipe.iterations
