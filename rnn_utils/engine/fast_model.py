"""A faster model on the same variables: its recurrent layers in another form, all else as it is.

On a CPU a layer is written out: its steps stand in the graph one after the other, with a gradient
of their own (`recurrence`), in place of Keras's loop. On a GPU it is one operation of cuDNN
(`cudnn`). In the faster model a `FastRecurrent` stands for each SimpleRNN, GRU and LSTM, and for
each Bidirectional around two of them. At each call it decides what runs, Keras's own code among
them, where the others would compute something else. What is saved and exported is the model itself,
which knows nothing of this.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from rnn_utils.backend import has_gpu, keras, tf
from rnn_utils.engine import cudnn, padded, recurrence
from rnn_utils.engine.masks import knows_masks
from rnn_utils.engine.model_checks import is_stock

MOST_STEPS = 256  # a longer sequence would make a graph that takes too long to build

WRITTEN_OUT = {
    keras.layers.SimpleRNN: recurrence.RNN,
    keras.layers.GRU: recurrence.GRU,
    keras.layers.LSTM: recurrence.LSTM,
}
ON_CUDNN = {
    keras.layers.SimpleRNN: cudnn.RNN,
    keras.layers.GRU: cudnn.GRU,
    keras.layers.LSTM: cudnn.LSTM,
}
MERGED = {  # by Bidirectional's merge_mode: what becomes of the outputs of both directions
    "concat": lambda forward, backward: tf.concat([forward, backward], axis=-1),
    "sum": lambda forward, backward: forward + backward,
    "mul": lambda forward, backward: forward * backward,
    "ave": lambda forward, backward: (forward + backward) / 2,
    None: lambda forward, backward: (forward, backward),
}

# For each model its layers and its clone, while the model lives. There is one clone and no more:
# each adds a node to the layers that it keeps, which would hold it, and pile up in them.
_clones: WeakKeyDictionary[Any, tuple[list[Any], Any]] = WeakKeyDictionary()
_lock = Lock()


def fast_model(model: keras.Model) -> keras.Model:
    """Return a model that computes what `model` does, on the same variables, but faster.

    Parameters
    ----------
    model : keras.Model
        Sequential or Functional, built. Any other is returned as it is, since a subclass computes
        whatever its `call` says.
    """
    if not is_stock(model):
        return model
    with _lock:
        layers, clone = _clones.get(model, ([], None))
        if [*map(id, layers)] != [*map(id, model.layers)]:  # none yet, or Sequential.add since
            clone = _clone(model, knows_masks(model))
            clone.supports_masking = True  # it does, but Keras would warn that it does not
            _clones[model] = [*model.layers], clone
    return clone


def _clone(model: keras.Model, knows_mask: bool) -> keras.Model:
    def stand_in(layer):
        if is_stock(layer):
            return _clone(layer, knows_mask)
        return FastRecurrent(layer, knows_mask) if parts_of(layer) else layer

    # clone_model would compile the clone as the model is. A twin of its graph is not compiled.
    is_sequential = type(model) is keras.Sequential
    ends = (model.inputs[0], model.outputs[0]) if is_sequential else (model.input, model.output)
    twin = keras.Model(*ends, name=model.name)
    return keras.models.clone_model(twin, clone_function=stand_in)


def parts_of(layer: keras.Layer) -> list[keras.Layer]:
    """Return the recurrent layers in a layer if the engine can run all of them, else none.

    A subclass cannot: it may compute something else.
    """
    is_pair = type(layer) is keras.layers.Bidirectional
    parts = [layer.forward_layer, layer.backward_layer] if is_pair else [layer]
    return parts if all(type(part) in WRITTEN_OUT for part in parts) else []


class FastRecurrent(keras.layers.Layer):
    """Stands in the place of a recurrent layer, and decides at each call what runs.

    Parameters
    ----------
    layer : SimpleRNN, GRU, LSTM or Bidirectional
        The layer itself, with its variables.
    knows_mask : bool
        Whether every mask that it is given was checked: true steps first, one at least.

    Attributes
    ----------
    obstacles : list of str
        Why the latest call was left to Keras; empty if it was not.
    had_mask : bool
        Whether the latest call was given a mask.
    on_cudnn : bool
        Whether cuDNN ran in the latest call, if that was a trace.
    """

    def __init__(self, layer: keras.Layer, knows_mask: bool = False):
        super().__init__(name=layer.name, dtype=layer.dtype_policy)
        self.layer = layer
        self.knows_mask = knows_mask
        self.obstacles: list[str] = []
        self.had_mask = False
        self.on_cudnn = False
        self.supports_masking = True
        self.built = True

    def call(self, sequences, initial_state=None, mask=None, training=False) -> Any:
        """Run the layer over sequences (batch, n_steps, n_input)."""
        context = {"initial_state": initial_state, "mask": mask, "training": training}
        self.had_mask = mask is not None
        is_unknown = self.had_mask and not self.knows_mask
        self.obstacles = obstacles_of(self.layer, sequences, initial_state, is_unknown, training)
        earlier = len(operations_of_trace())
        if self.obstacles:
            outputs = self.layer(sequences, **context)
        else:
            outputs = run_plain(self.layer, sequences, mask)
        self.on_cudnn = calls_cudnn(operations_of_trace()[earlier:])
        return outputs

    def compute_output_spec(self, *inputs, **context) -> Any:
        """Ask the layer, which knows without computing."""
        return self.layer.compute_output_spec(*inputs, **context)

    def compute_mask(self, sequences, mask=None) -> Any:
        """Return the mask that the layer passes on."""
        return self.layer.compute_mask(sequences, mask)


def check_mask_arrives(model: keras.Model) -> None:
    """Raise ValueError if the latest call of a fast model had a mask that no layer was given."""
    stand_ins = [each for each in model._flatten_layers() if isinstance(each, FastRecurrent)]
    if stand_ins and not any(each.had_mask for each in stand_ins):
        raise ValueError(
            f"the mask does not reach the layer {stand_ins[0].name!r} of the model {model.name!r}: "
            "a layer before it does not pass it on, such as an Embedding without mask_zero=True"
        )


def run_plain(layer: keras.Layer, sequences: Any, mask: Any = None) -> Any:
    """Compute what a layer without obstacles does with sequences (batch, n_steps, n_input).

    The mask (batch, n_steps) is as `masks` wants it.
    """
    parts = parts_of(layer)
    run, cells = (cudnn.run, ON_CUDNN) if is_for_cudnn(layer) else (recurrence.run, WRITTEN_OUT)
    outputs = []
    for part in parts:
        weights = part.cell.kernel, part.cell.recurrent_kernel, part.cell.bias
        weights = [tf.convert_to_tensor(weight) for weight in weights]
        options = {
            "return_sequences": part.return_sequences,
            "last_step_first": part.go_backwards,
        }
        if mask is None:
            outputs.append(run(cells[type(part)], sequences, weights, **options))
        else:
            run_cell = partial(run, cells[type(part)], weights=weights)
            options["zero_output_for_mask"] = part.zero_output_for_mask
            outputs.append(padded.run(run_cell, sequences, mask, **options))
    if len(outputs) == 1:
        return outputs[0]
    forward, backward = outputs
    if layer.return_sequences:  # the backward states too in the order of the steps
        backward = tf.reverse(backward, axis=[1])
    return MERGED[layer.merge_mode](forward, backward)


def is_for_cudnn(layer: keras.Layer) -> bool:
    """Tell whether a layer without obstacles goes to cuDNN: on a GPU, unless it asks not to."""
    parts = parts_of(layer)
    return has_gpu() and all(getattr(part, "use_cudnn", True) and not part.unroll for part in parts)


def operations_of_trace() -> list[tf.Operation]:
    """Return what is in the graph that is traced for a GPU; nothing anywhere else."""
    if tf.executing_eagerly() or not has_gpu():
        return []
    return tf.compat.v1.get_default_graph().get_operations()


def calls_cudnn(operations: list[tf.Operation]) -> bool:
    """Look for cuDNN's kernel among operations."""
    return any(operation.type.startswith("CudnnRNN") for operation in operations)


def obstacles_of(
    layer: keras.Layer, sequences: Any, initial_state: Any, has_unknown_mask: bool, training: Any
) -> list[str]:
    """Say what a layer is asked for that the engine does not compute."""
    steps = sequences.shape[1]
    is_limited = not is_for_cudnn(layer)  # by the graph that writing out makes
    of_call = {
        "an initial state": initial_state is not None,
        "a mask that is made inside the model": has_unknown_mask,
        "an unknown number of steps": is_limited and steps is None,
        f"{steps} steps, more than {MOST_STEPS}": is_limited and (steps or 0) > MOST_STEPS,
        f"sequences of {sequences.dtype.name}": sequences.dtype != tf.float32,
    }
    options = [option for each in (layer, *parts_of(layer)) for option in _options(each, training)]
    return [*(what for what, is_so in of_call.items() if is_so), *dict.fromkeys(options)]


def _options(layer: keras.Layer, training: Any) -> Iterator[str]:
    """Yield the options of a layer that the engine does not know."""
    plain = {
        "stateful": False,
        "return_state": False,
        "activity_regularizer": None,
        "compute_dtype": "float32",
        "activation": keras.activations.tanh,
        "recurrent_activation": keras.activations.sigmoid,
        "use_bias": True,
        "reset_after": True,
        "recurrent_dropout": 0,
    }
    for option, expected in plain.items():
        value = getattr(layer, option, expected)  # Bidirectional has the first four alone
        if value != expected:
            yield f"{option}={getattr(value, '__name__', value)!r}"
    if training and getattr(layer, "dropout", 0):
        yield f"dropout={layer.dropout!r} in training"
