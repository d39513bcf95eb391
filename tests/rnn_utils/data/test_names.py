"""The surnames: which they are, how they are parted, and the numbers of their letters."""

import importlib.resources
from pathlib import Path

import numpy as np
import pytest

from rnn_utils import DataError, load_names
from rnn_utils.data.names import ALPHABET, EDGE, LONGEST, decode, encode, numbers_of


@pytest.fixture(scope="module")
def names():
    return load_names()


def test_each_name_is_in_one_set(names):
    everyone = names.train + names.validation + names.test
    assert len(everyone) == len(set(everyone)) == 88_799
    assert (len(names.train), len(names.validation), len(names.test)) == (71_039, 8_880, 8_880)
    assert {len(name) for name in everyone} == set(range(2, LONGEST + 1))
    assert set("".join(everyone)) == set(ALPHABET)


def test_the_sets_are_the_same_on_every_machine(names):
    assert names.train[:3] == ("gibler", "kaea", "biby")
    assert names.validation[:3] == ("masher", "cibulskas", "tuzzo")
    assert names.test[:3] == ("holleman", "winchell", "bleichner")


def test_they_are_named_in_the_error_if_they_are_others(monkeypatch, tmp_path):
    (tmp_path / "dist.all.last").write_text("SMITH 1.006 1.006 1\n")
    monkeypatch.setattr(importlib.resources, "files", lambda package: tmp_path)
    with pytest.raises(DataError, match=r"found others, SHA-256 .*names==0\.3\.0"):
        load_names()


def test_a_missing_package_is_named_with_the_remedy(monkeypatch):
    monkeypatch.setattr(importlib.resources, "files", lambda package: Path("nowhere"))
    with pytest.raises(DataError, match=r"FileNotFoundError.* pip install .*names==0\.3\.0"):
        load_names()


def test_letters_are_numbered_and_the_end_counts():
    letters, mask = encode(["ada", "Bo", ""], n_steps=5)
    assert letters.dtype == np.int32
    assert letters.tolist() == [[1, 4, 1, 27, 0], [2, 15, 27, 0, 0], [27, 0, 0, 0, 0]]
    assert mask.sum(axis=1).tolist() == [4, 3, 1]
    assert (letters == EDGE).sum(axis=1).tolist() == [1, 1, 1]


def test_names_come_back(names):
    letters, mask = encode(names.test)
    assert letters.shape == (8_880, LONGEST + 1)
    assert decode(letters) == list(names.test)
    assert mask.sum() == sum(len(name) + 1 for name in names.test)


@pytest.mark.parametrize("name", ["o'neil", "müller", "de la cruz", "smith\n", "ﬁsher"])
def test_other_characters_are_refused(name):
    with pytest.raises(ValueError, match="is not in the alphabet: names are spelled with the 26"):
        numbers_of(name)


def test_a_name_needs_room_for_its_end():
    with pytest.raises(ValueError, match="'smith' has 5 letters and needs 6 steps"):
        encode(["smith"], n_steps=5)


def test_a_single_text_is_no_list_of_names():
    with pytest.raises(TypeError, match=r"write \['smith'\]"):
        encode("smith")


def test_there_must_be_names():
    with pytest.raises(ValueError, match="no names to encode"):
        encode([])
