"""Put trained networks on the page for a reader to draw digits for: `show_explorer`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
from IPython.display import HTML, display
from numpy.typing import ArrayLike

from rnn_utils.backend import keras
from rnn_utils.data.reduce import SIDE, reduce_images
from rnn_utils.figures.heat_maps import reading
from rnn_utils.networks import cells
from rnn_utils.page.explorer import explorer_html

CLASSES = 10
SHOWN = (
    "the explorer shows keras.Sequential models that read a picture row by row: SimpleRNN, GRU and "
    "LSTM layers, the last of them perhaps Bidirectional, and a Dense layer with 10 logits"
)


def show_explorer(
    models: Mapping[str, keras.Model],
    images: ArrayLike,
    labels: ArrayLike,
    *,
    method: str = "area",
) -> None:
    """Display a pad to draw a digit on, and how networks read it row by row.

    The networks run in the reader's browser, on the weights that they have now: some 5.6 kB on the
    page for each 1,000 parameters. A network's answer after t rows is what it says of a picture
    that ends there; a layer that reads upwards begins at row t.

    Parameters
    ----------
    models : mapping of str to keras.Model
        Trained networks by the names that the page shows, such as those of `basic_rnn`,
        `bidirectional_rnn`, `deep_rnn` and `lstm`. Four stand side by side.
    images : uint8 array (n, 28, 28)
        Test digits for the reader to choose from; about 1 kB each.
    labels : int array (n,)
        What they are.
    method : {"area", "nearest"}
        How the networks' training images were reduced.

    Raises
    ------
    TypeError, ValueError
        If a model is of a kind that it cannot show, or the digits are not as described.
    """
    display(HTML(as_html(models, images, labels, method=method)))


def as_html(
    models: Mapping[str, keras.Model],
    images: ArrayLike,
    labels: ArrayLike,
    *,
    method: str = "area",
) -> str:
    """Return what `show_explorer` displays; parameters and errors are the same."""
    if not isinstance(models, Mapping) or not models:
        raise ValueError(f"models must map names to at least one trained model, got {models!r:.60}")
    images, labels = _checked_digits(images, labels)
    for label, model in models.items():
        _check(label, model)
    sizes = {label: model.input_shape[1] for label, model in models.items()}
    if len({*sizes.values()}) > 1:
        raise ValueError(f"the models must read pictures of one size, got {sizes} rows")
    size = next(iter(sizes.values()))
    first = reduce_images(images[0], size, method)
    chances = {
        label: cells.softmax(logits_by_row(model, first[np.newaxis]))[0]
        for label, model in models.items()
    }
    says = ", ".join(f"{label} {p[-1].argmax()}" for label, p in chances.items())
    return explorer_html(
        [_description(label, model) for label, model in models.items()],
        np.concatenate([w.ravel() for model in models.values() for w in model.get_weights()]),
        list(zip(images, labels.tolist(), strict=True)),
        (size, method),
        reading(first, chances),
        f"A handwritten {labels[0]} of {size} rows, and beside it the probability of each digit "
        f"after each row, one map for each network. After the last row they say: {says}.",
    )


def logits_by_row(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """Return what a model says after each row, (batch, steps, 10), by the equations in NumPy.

    Parameters
    ----------
    model : keras.Model
        One that `show_explorer` takes.
    x : array (batch, steps, n_input)
        The reduced pictures.
    """
    *layers, (W_y, b_y) = map(cells.weights_of, model.layers)
    logits = []
    for t in range(1, x.shape[1] + 1):
        h = x[:, :t]  # as if the picture ended here
        for w in layers:
            two = isinstance(w[0], tuple)
            h = cells.bidirectional(h, *w).last[:, np.newaxis] if two else cells.states(h, w)
        logits.append(cells.read_out(h[:, -1], W_y, b_y))
    return np.stack(logits, axis=1)


def _checked_digits(images: ArrayLike, labels: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    images, labels = np.asarray(images), np.asarray(labels)
    if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (SIDE, SIDE):
        raise ValueError(
            f"images must be test digits as load_mnist returns them, uint8 (n, {SIDE}, {SIDE}), "
            f"got {images.dtype} {images.shape}"
        )
    if not len(images) or labels.shape != images.shape[:1] or labels.dtype.kind not in "iu":
        raise ValueError(
            "labels must be one whole number for each image, and at least one, "
            f"got {labels.dtype} {labels.shape} for {len(images)} images"
        )
    return images, labels


def _check(label: str, model: Any) -> None:
    """Raise an error that says what the explorer shows if this is something else."""
    if not isinstance(model, keras.Sequential) or not (model.built and model.layers):
        raise TypeError(f"{label!r} is of type {type(model).__name__}; {SHOWN}")
    try:
        weights = [cells.weights_of(layer) for layer in model.layers]
    except (TypeError, ValueError) as error:
        raise type(error)(f"{label!r}: {error}; {SHOWN}") from None
    *recurrent, read_out = model.layers
    shape = model.input_shape
    wrong = ""
    if type(read_out).__name__ != "Dense" or len(weights[-1][1]) != CLASSES:
        wrong = f"its last layer {read_out.name!r} is no Dense layer of {CLASSES} units"
    elif len(shape) != 3 or shape[1] != shape[2] or not 1 <= (shape[1] or 0) <= SIDE:
        wrong = f"it reads {shape}, not pictures (None, size, size) of at most {SIDE} rows"
    for place, layer in enumerate(recurrent, start=1):
        last = place == len(recurrent)
        if type(layer).__name__ == "Dense":
            wrong = f"a Dense layer, {layer.name!r}, is not the last one"
        elif layer.return_sequences == last:
            wrong = f"the layer {layer.name!r} has return_sequences={layer.return_sequences}"
        elif type(layer).__name__ != "Bidirectional":
            wrong = f"the layer {layer.name!r} reads backwards" if layer.go_backwards else wrong
        elif not last or layer.merge_mode != "concat" or layer.forward_layer.go_backwards:
            wrong = (
                f"the Bidirectional layer {layer.name!r} is not the last one, or does not join "
                "both last states"
            )
    if not recurrent or wrong:
        raise ValueError(f"{label!r}: {wrong or 'it has no recurrent layer'}; {SHOWN}")


def _description(label: str, model: keras.Model) -> dict[str, Any]:
    """Describe a model to the script of the page."""
    *recurrent, read_out = model.layers
    layers = [_cells_of(layer) for layer in recurrent]
    kinds = Counter(cell["kind"] for layer in layers for cell in layer)
    return {
        "label": str(label),
        "about": " + ".join(f"{n} × {kind}" if n > 1 else kind for kind, n in kinds.items()),
        "outputs": int(read_out.kernel.shape[0]),
        "layers": layers,
    }


def _cells_of(layer: Any) -> list[dict[str, Any]]:
    if type(layer).__name__ == "Bidirectional":
        return [*_cells_of(layer.forward_layer), *_cells_of(layer.backward_layer)]
    kernel, recurrent_kernel, bias = layer.get_weights()
    return [
        {
            "kind": type(layer).__name__,
            "inputs": kernel.shape[0],
            "units": recurrent_kernel.shape[0],
            "columns": kernel.shape[1],
            "biases": bias.size,
        }
    ]
