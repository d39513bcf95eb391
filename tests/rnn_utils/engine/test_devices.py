"""Shards and replicas: who works on which part of a batch changes no more than rounding."""

import json
from dataclasses import replace

import numpy as np
import pytest

from rnn_utils import train
from rnn_utils.backend import tf
from rnn_utils.engine import devices
from rnn_utils.networks import models
from tests.rnn_utils.helpers import SMALL, fit, python, toy


@pytest.mark.parametrize("batch_size", [1, 2, 7, 20])
@pytest.mark.parametrize("shards", [1, 2, 4])
def test_shards_share_out_every_index_and_none_is_empty(batch_size, shards):
    batch = np.arange(batch_size, dtype=np.int32) + 100
    parts = devices.shards_of_replica(
        tf.constant(batch), replace(SMALL, batch_size=batch_size, shards=shards)
    )
    sizes = [len(part) for part in parts]
    assert len(parts) == min(shards, batch_size)
    assert max(sizes) - min(sizes) <= 1
    assert np.concatenate(parts).tolist() == batch.tolist()


@pytest.mark.parametrize(
    ("build", "batch_size"),
    [(models.basic_rnn, 20), (models.basic_rnn, 7), (models.basic_rnn, 1), (models.lstm, 18)],
)
def test_shards_change_no_more_than_the_last_digits(build, batch_size):
    losses = []
    for shards in (1, 2, 4):
        recipe = replace(SMALL, batch_size=batch_size, shards=shards)
        losses.append(train(build(recipe), *toy(), recipe, progress=False).loss)
    assert losses[1] == pytest.approx(losses[0], abs=1e-5)
    assert losses[2] == pytest.approx(losses[0], abs=1e-5)


def test_two_replicas_make_the_same_updates_as_one_device():
    program = """
import json
from dataclasses import replace
from rnn_utils import train
from rnn_utils.backend import tf
from rnn_utils.networks import models
from tests.rnn_utils.helpers import SMALL, fit, python, toy

cpu = tf.config.list_physical_devices("CPU")[0]
halves = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(cpu, halves)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
losses = []
schedule = {"clip_norm": 0.5, "warm_up": 5, "decay": True}
shares = {"recurrent_rate": 0.3, "weight_decay": 1.0}
outside = models.basic_rnn(SMALL)
for options in ({}, schedule | shares, {"batch_size": 19}, None):
    recipe = replace(SMALL, **(options or {}))
    with strategy.scope():
        model = outside if options is None else models.basic_rnn(recipe)
        try:
            losses.append(train(model, *toy(), recipe, progress=False).loss.tolist())
        except ValueError as error:
            losses.append(str(error))
print(json.dumps(losses))
"""
    plain, clipped, refused, outside = json.loads(python(program))
    assert plain == pytest.approx(fit()[1].loss.tolist(), rel=1e-4)
    schedule = {"clip_norm": 0.5, "warm_up": 5, "decay": True}
    shares = {"recurrent_rate": 0.3, "weight_decay": 1.0}
    alone = fit(replace(SMALL, **schedule, **shares))[1].loss
    assert clipped == pytest.approx(alone.tolist(), rel=1e-4)
    assert refused == "a batch_size of 19 cannot be shared equally by 2 replicas: try 20"
    assert outside.startswith("the model 'basic_rnn' was built outside the scope of the strategy")
