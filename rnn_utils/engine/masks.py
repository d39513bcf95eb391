"""Which steps of a sequence are real, where sequences of different lengths are padded.

A mask (n, n_steps) is true at the real steps. They come first, and there is at least one, so how
many there are says the same: the lengths (n,). Masks are checked here, before anything is traced,
since cuDNN and the engine rely on that form.
"""

from __future__ import annotations

from inspect import signature
from typing import Any

import numpy as np

from rnn_utils.backend import keras
from rnn_utils.engine.model_checks import is_stock, reads_input

PARTS_OF = 10_000  # sequences whose mask a layer makes at once
# Layers that pass a mask on as it is, or end it, though they have a say in it.
PASSING = (
    keras.layers.RNN,
    keras.layers.Bidirectional,
    keras.layers.Add,
    keras.layers.Average,
    keras.layers.Multiply,
    keras.layers.GlobalAveragePooling1D,
)


def lengths_of(mask: Any, shape: tuple[int, ...], prefix: str = "") -> np.ndarray:
    """Return how many steps of each sequence a mask lets through.

    Parameters
    ----------
    mask : bool array (n, n_steps)
        True where a step is real.
    shape : tuple
        Of the sequences, (n, n_steps, ...).
    prefix : str
        Stands before "mask" in a message.

    Returns
    -------
    int32 array (n,)

    Raises
    ------
    ValueError
        If the mask has another shape or type, or a sequence has no step or a gap.
    """
    mask = np.asarray(mask)
    if mask.dtype != bool or mask.shape != shape[:2]:
        raise ValueError(
            f"{prefix}mask must be True or False for each step, shape {shape[:2]}, got "
            f"{mask.dtype} of shape {mask.shape}"
        )
    lengths = mask.sum(axis=1, dtype=np.int32)
    if not lengths.all():
        i = int(lengths.argmin())
        raise ValueError(f"{prefix}mask lets no step of sequence {i} through: leave it out")
    gaps = (mask[:, 1:] & ~mask[:, :-1]).any(axis=1)
    if gaps.any():
        i = int(gaps.argmax())
        gap = int(mask[i].argmin())
        raise ValueError(
            f"{prefix}mask leaves out step {gap} of sequence {i}, but lets a later one through: "
            "padding must stand at the end"
        )
    return lengths


def lengths_for(
    model: keras.Model, sequences: np.ndarray, given: np.ndarray | None, prefix: str = ""
) -> np.ndarray | None:
    """Return the lengths of sequences for a model: those given, or those by its own mask.

    Raises
    ------
    ValueError
        If both are there and differ, its own mask leaves a gap or nothing, or it takes no mask.
    """
    if given is not None and not is_stock(model) and "mask" not in signature(model.call).parameters:
        raise ValueError(
            f"the model {model.name!r} takes no mask: its call needs an argument of that name"
        )
    own = own_lengths(model, sequences, prefix)
    if own is None or given is None:
        return given if own is None else own
    if (own != given).any():
        i = int((own != given).argmax())
        raise ValueError(
            f"the {prefix}mask lets {given[i]} steps of sequence {i} through, the model "
            f"{model.name!r} by itself {own[i]}: leave the mask to the model, or its layer "
            f"{mask_maker(model).name!r} out"
        )
    return given


def own_lengths(model: keras.Model, sequences: np.ndarray, prefix: str = "") -> np.ndarray | None:
    """Return the lengths of sequences by the mask that a model makes of them, None without one."""
    maker = mask_maker(model)
    if maker is None:
        return None
    parts = [sequences[i : i + PARTS_OF] for i in range(0, len(sequences), PARTS_OF)]
    mask = np.concatenate([np.asarray(maker.compute_mask(part)) for part in parts])
    return lengths_of(mask, sequences.shape, f"the layer {maker.name!r}: its {prefix}")


def mask_maker(model: keras.Model) -> keras.Layer | None:
    """Return the layer that makes a model's mask of its very input; None if there is no such layer.

    A mask that is made elsewhere depends on weights, or is one of several.
    """
    if not is_stock(model):
        return None
    makers = [layer for layer in model._flatten_layers() if makes_mask(layer)]
    is_only = len(makers) == 1 and makers[0] in model.layers
    return makers[0] if is_only and reads_input(makers[0], model) else None


def knows_masks(model: keras.Model) -> bool:
    """Tell whether every mask in a stock model is the one that was checked.

    Where another is made or one is changed on the way, layers that read it are left to Keras.
    """
    layers = model._flatten_layers()
    others = [layer for layer in layers if not (makes_mask(layer) or isinstance(layer, PASSING))]
    if any(type(layer).compute_mask is not keras.Layer.compute_mask for layer in others):
        return False
    return not any(map(makes_mask, layers)) or mask_maker(model) is not None


def makes_mask(layer: keras.Layer) -> bool:
    """Tell whether a layer makes a mask, rather than pass on that of its input."""
    is_embedding = isinstance(layer, keras.layers.Embedding) and layer.mask_zero
    return is_embedding or isinstance(layer, keras.layers.Masking)
