"""What the chapters import: digits, the four networks, their training, figures for the page.

All of it is one line::

    load_mnist -> reduce_images -> a Keras model -> train -> History -> plots

The folders follow it: `data`, `networks`, `training` with the `engine` that makes it fast,
`figures`, and `page` for what a run leaves behind. The names below are loaded when they are first
used, so reading digits starts no TensorFlow.
"""

from importlib import import_module

_HOMES = {
    "Recipe": "recipe",
    "BETTER": "recipe",
    "Mnist": "data.mnist",
    "DataError": "data.errors",
    "load_mnist": "data.mnist",
    "reduce_images": "data.reduce",
    "basic_rnn": "networks.models",
    "bidirectional_rnn": "networks.models",
    "deep_rnn": "networks.models",
    "lstm": "networks.models",
    "train": "training.loop",
    "train_seeds": "training.loop",
    "draw_batches": "training.batches",
    "evaluate": "training.evaluate",
    "predict_logits": "training.evaluate",
    "Evaluation": "training.evaluate",
    "History": "training.history",
    "Run": "training.history",
    "TrainingDiverged": "training.history",
    "kernels": "engine.kernels",
    "show": "page.show",
    "show_animation": "page.show",
    "record": "page.record",
    "provenance": "page.provenance",
}

_MODULES = {
    "cells": "networks.cells",
    "comparison": "training.comparison",
    "plots": "figures.plots",
    "diagrams": "figures.diagrams",
}

__all__ = [*_HOMES, *_MODULES]


def __getattr__(name: str) -> object:
    """Load a public name from the module that holds it, or a public module."""
    if name in _MODULES:
        return import_module(f"{__name__}.{_MODULES[name]}")
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
