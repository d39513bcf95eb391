"""Graphs that run as they were traced, and the setting that is put back afterwards."""

import pytest

from rnn_utils.backend import tf
from rnn_utils.engine import grappler
from rnn_utils.engine.grappler import OFF, without_grappler


def is_off():
    return tf.config.optimizer.get_experimental_options().get(OFF, False)


@pytest.fixture(params=[False, True])
def before(request):
    tf.config.optimizer.set_experimental_options({OFF: request.param})
    yield request.param
    tf.config.optimizer.set_experimental_options({OFF: False})


def test_the_search_is_off_inside_the_block_and_as_before_after_it(before):
    with without_grappler():
        assert is_off()
    assert is_off() == before


def test_it_stays_off_until_the_last_of_several_trainings_is_done(before):
    first, second = without_grappler(), without_grappler()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert is_off()
    second.__exit__(None, None, None)
    assert is_off() == before


def test_the_setting_is_put_back_after_an_error(before):
    with pytest.raises(ZeroDivisionError), without_grappler():
        raise ZeroDivisionError
    assert is_off() == before


def test_with_a_gpu_the_setting_is_left_alone(before, monkeypatch):
    monkeypatch.setattr(grappler, "has_gpu", lambda: True)
    with without_grappler():
        assert is_off() == before
    assert is_off() == before


def test_other_options_are_left_alone():
    tf.config.optimizer.set_experimental_options({"constant_folding": False})
    try:
        with without_grappler():
            pass
        assert tf.config.optimizer.get_experimental_options()["constant_folding"] is False
    finally:
        tf.config.optimizer.set_experimental_options({"constant_folding": True})
