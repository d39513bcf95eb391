"""Who works on which part of a batch: shards on a CPU, replicas on several devices or machines.

A batch is shared equally by the replicas of the `tf.distribute` strategy in whose scope training
runs; outside any scope there is one. On a CPU each share is cut into shards, and TensorFlow works
on them at the same time. How many is the recipe's number and not the machine's, so that sums are
taken in the same order however many cores there are.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rnn_utils.memory import aligned
from rnn_utils.recipe import Recipe
from rnn_utils.startup import tf

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


def has_gpu() -> bool:
    """Tell whether TensorFlow uses a GPU here."""
    return bool(tf.config.list_logical_devices("GPU"))


def check_replicas(recipe: Recipe, model: Any) -> None:
    """Raise ValueError if the replicas cannot share a batch equally, or do not have the model."""
    strategy = tf.distribute.get_strategy()
    replicas = strategy.num_replicas_in_sync
    mirrored = strategy.extended.variable_created_in_scope
    if replicas > 1 and not all(mirrored(weight.value) for weight in model.variables):
        raise ValueError(
            f"the model {model.name!r} was built outside the scope of the strategy that trains it: "
            "build it inside, too, after `with strategy.scope():`"
        )
    if recipe.batch_size % replicas:
        raise ValueError(
            f"a batch_size of {recipe.batch_size} cannot be shared equally by {replicas} replicas: "
            f"try {math.ceil(recipe.batch_size / replicas) * replicas}"
        )


def shards_of_replica(batch: Any, recipe: Recipe) -> list[Any]:
    """Return this replica's part of a batch (batch_size,), in shards; none of them is empty."""
    replica = tf.distribute.get_replica_context()
    size = recipe.batch_size // replica.num_replicas_in_sync
    mine = tf.reshape(batch, (-1, size))[replica.replica_id_in_sync_group]
    shards = 1 if has_gpu() else recipe.shards
    shards = min(max(shards // replica.num_replicas_in_sync, 1), size)
    return tf.split(mine, [len(shard) for shard in np.array_split(range(size), shards)])


def sum_of_parts(parts: list[Any]) -> Any:
    """Add up the shards' results, each a structure of tensors."""
    return tf.nest.map_structure(lambda *values: tf.add_n(values), *parts)


def sum_of_replicas(value: Any) -> Any:
    """Add up what each replica returned."""
    return tf.distribute.get_strategy().reduce(SUM, value, axis=None)


def over_replicas(gradients: list[Any]) -> list[Any]:
    """Return each gradient's sum over the replicas; to be called inside `strategy.run`."""
    return tf.distribute.get_replica_context().all_reduce(SUM, gradients)


def clip(gradients: list[Any], longest: float) -> list[Any]:
    """Scale all gradients by one factor so that their joint length is at most `longest`."""
    if longest == math.inf:
        return gradients
    return tf.clip_by_global_norm(gradients, longest)[0]
