"""What the chapters import: data reduction, the four networks, one training loop, plots.

The way of the data is one line::

    load_mnist -> reduce_images -> a Keras model -> train -> History -> plots

The names below are loaded when they are first used, so reading digits starts no TensorFlow.
"""

from importlib import import_module

_HOMES = {
    "Recipe": "recipe",
    "BETTER": "recipe",
    "Mnist": "data",
    "load_mnist": "data",
    "reduce_images": "data",
    "basic_rnn": "models",
    "bidirectional_rnn": "models",
    "deep_rnn": "models",
    "lstm": "models",
    "train": "training",
    "train_seeds": "training",
    "Run": "training",
    "evaluate": "training",
    "predict_logits": "training",
    "History": "training",
    "Evaluation": "training",
    "TrainingDiverged": "training",
    "show": "report",
    "show_animation": "report",
    "record": "report",
    "provenance": "report",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> object:
    """Load a public name from the module that holds it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
