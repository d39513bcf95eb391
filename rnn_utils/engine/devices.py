"""Who works on which part of a batch: shards on a CPU, replicas on several devices or machines.

A batch is shared equally by the replicas of the `tf.distribute` strategy in whose scope training
runs; outside any scope there is one. On a CPU each share is cut into shards, and TensorFlow works
on them at the same time. How many is the recipe's number and not the machine's, so that sums are
taken in the same order however many cores there are.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rnn_utils.backend import has_gpu, tf
from rnn_utils.data.aligned import aligned
from rnn_utils.recipe import Recipe

SUM = tf.distribute.ReduceOp.SUM


def resident(values: np.ndarray) -> Any:
    """Put the same values on the device of each replica.

    Where that is this machine's CPU alone, the tensor shares the array's memory, if it lies as
    TensorFlow needs it: the array is not to change meanwhile.
    """
    strategy = tf.distribute.get_strategy()
    if strategy.num_replicas_in_sync > 1 or has_gpu():
        return strategy.experimental_distribute_values_from_function(lambda _: tf.constant(values))
    return tf.experimental.dlpack.from_dlpack(aligned(values).__dlpack__())


def shard_sizes(recipe: Recipe) -> list[int]:
    """Return how many sequences each shard of a replica has; none of them is empty."""
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    size = recipe.batch_size // replicas
    # The recipe's shards are those of all replicas together. Each has at least one.
    shards = 1 if has_gpu() else max(recipe.shards // replicas, 1)
    shards = min(shards, size)
    return [len(shard) for shard in np.array_split(range(size), shards)]


def shards_of_replica(batch: Any, recipe: Recipe) -> list[Any]:
    """Return this replica's part of a batch (batch_size,), in shards."""
    replica = tf.distribute.get_replica_context()
    sizes = shard_sizes(recipe)
    mine = tf.reshape(batch, (-1, sum(sizes)))[replica.replica_id_in_sync_group]
    return tf.split(mine, sizes)


def sum_of_shards(parts: list[Any]) -> Any:
    """Add up the shards' results, each a structure of tensors."""
    return tf.nest.map_structure(lambda *values: tf.add_n(values), *parts)


def sum_of_replicas(value: Any) -> Any:
    """Add up what each replica returned: outside `strategy.run`."""
    return tf.distribute.get_strategy().reduce(SUM, value, axis=None)


def all_reduced(gradients: list[Any]) -> list[Any]:
    """Return each gradient's sum over the replicas, to each of them: inside `strategy.run`."""
    return tf.distribute.get_replica_context().all_reduce(SUM, gradients)
