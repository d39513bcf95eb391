"""Which kernel runs each recurrent layer of a model, and why not a faster one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rnn_utils.backend import has_gpu, keras, tf
from rnn_utils.engine.fast_model import (
    MOST_STEPS,
    FastRecurrent,
    calls_cudnn,
    fast_model,
    parts_of,
)
from rnn_utils.engine.model_checks import is_stock

WRITTEN_OUT, CUDNN, LOOP = "written out", "cuDNN", "Keras's loop"
SOME_STEPS = 16  # stand for any number of steps that is written out


class Kernel(NamedTuple):
    """What runs one recurrent layer in training.

    Attributes
    ----------
    layer : str
        Its name.
    kind : str
        Its class, such as LSTM.
    runs : {"written out", "cuDNN", "Keras's loop"}
        The recurrence of this package, NVIDIA's kernel, or Keras's loop over the steps.
    why : str
        Why not the faster one; empty where nothing is faster.
    """

    layer: str
    kind: str
    runs: str
    why: str


class Kernels(tuple):
    """A `Kernel` for each recurrent layer; printed or displayed it is a table."""

    def __str__(self) -> str:
        rows = [Kernel._fields, *self]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        rows = [Kernel._fields, ["---"] * len(Kernel._fields), *self]
        return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def kernels(model: keras.Model, n_steps: int | None = None) -> Kernels:
    """Say for each recurrent layer of a model what runs it when `train` trains it here.

    The model is traced as `train` traces it: the answer is that of this machine and this Keras.

    Parameters
    ----------
    model : keras.Model
        Built: with a keras.Input, or called before.
    n_steps : int, optional
        Steps of a sequence; needed only where the model's input leaves them open.

    Returns
    -------
    Kernels
        In the order of the layers, tuples (layer, kind, runs, why).

    Raises
    ------
    TypeError
        If `model` is not a Keras model.
    ValueError
        If it is not built, or does not read so many steps.
    """
    if not isinstance(model, keras.Model):
        raise TypeError(f"model must be a Keras model, got {model!r}")
    if not model.built:
        raise ValueError(f"the model {model.name!r} is not built: give it a keras.Input")
    fast = fast_model(model)
    if fast is not model:
        _trace(fast, [_spec_of(tensor, n_steps, model.name) for tensor in fast.inputs])
    stand_ins = {each.layer: each for each in fast._flatten_layers() if type(each) is FastRecurrent}
    is_any_length = n_steps is None and fast is not model and fast.inputs[0].shape[1] is None

    def runs_and_why(layer, outermost, why_kept):
        stand_in = stand_ins.get(outermost)
        if stand_in is None:
            return (CUDNN, "") if _is_on_cudnn(layer, n_steps) else (LOOP, why_kept)
        if stand_in.on_cudnn:
            return CUDNN, ""
        if stand_in.obstacles:
            return LOOP, ", ".join(stand_in.obstacles)
        if is_any_length:
            return WRITTEN_OUT, f"for {MOST_STEPS} steps at most"
        return WRITTEN_OUT, _why_not_cudnn(layer)

    return Kernels(
        Kernel(layer.name, type(layer).__name__, *runs_and_why(layer, *place))
        for layer, *place in _recurrent_layers(model)
    )


def _recurrent_layers(
    model: keras.Model, why_kept: str = ""
) -> Iterator[tuple[keras.layers.RNN, keras.Layer, str]]:
    """Yield the recurrent layers of a model in its order, each with two things.

    The first is the layer of the model in which it is: itself, or Bidirectional for instance. The
    second says why that is left as it is; empty where a `FastRecurrent` stands for it.
    """
    if not why_kept and not is_stock(model):
        why_kept = f"{type(model).__name__} is a subclass of keras.Model, which runs as it is"
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _recurrent_layers(layer, why_kept)
            continue
        inside = [each for each in layer._flatten_layers() if isinstance(each, keras.layers.RNN)]
        for each in sorted(inside, key=lambda each: getattr(each, "go_backwards", False)):
            yield each, layer, why_kept or _why_kept(each, layer)


def _why_kept(layer: keras.Layer, outermost: keras.Layer) -> str:
    if parts_of(outermost):
        return ""
    if layer is outermost or type(outermost) is keras.layers.Bidirectional:
        return "only Keras's own SimpleRNN, GRU and LSTM are written out"
    return f"inside {type(outermost).__name__}"


def _why_not_cudnn(layer: keras.Layer) -> str:
    if not has_gpu():
        return ""
    return "unroll=True" if layer.unroll else "use_cudnn=False"


def _spec_of(tensor: keras.KerasTensor, n_steps: int | None, name: str) -> tf.TensorSpec:
    """Return what is traced for an input of a model, its steps on the second axis."""
    batch, steps, *rest = tensor.shape
    if n_steps is not None and steps not in (None, n_steps):
        raise ValueError(f"the model {name!r} reads {steps} steps, not {n_steps}")
    return tf.TensorSpec([batch, n_steps or steps or SOME_STEPS, *rest], tensor.dtype)


def _trace(call: keras.Layer, specs: list[tf.TensorSpec]) -> tf.Graph:
    """Return the graph of a model or layer in training."""

    @tf.function(autograph=False)
    def forward(*inputs):
        return call([*inputs] if len(inputs) > 1 else inputs[0], training=True)

    return forward.get_concrete_function(*specs).graph


def _is_on_cudnn(layer: keras.layers.RNN, n_steps: int | None) -> bool:
    """Tell whether Keras gives a layer that it runs itself to cuDNN, if it reads vectors."""
    kernel = getattr(layer.cell, "kernel", None)
    if kernel is None or len(kernel.shape) != 2 or not has_gpu():
        return False
    spec = tf.TensorSpec([None, n_steps or SOME_STEPS, kernel.shape[0]], layer.compute_dtype)
    return calls_cudnn(_trace(layer, [spec]).get_operations())
