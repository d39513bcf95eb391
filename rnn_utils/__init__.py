"""What the chapters import: digits, the four networks, their training, figures for the page.

All of it is one line::

    load_mnist -> reduce_images -> a Keras model -> train -> History -> plots

The folders follow it: `data`, `networks`, `training` with the `engine` that makes it fast,
`figures`, and `page` for what a run leaves behind. The names below are loaded when they are first
used, so reading digits starts no TensorFlow.
"""

from importlib import import_module

_NAMES = {  # by the module that holds them
    "recipe": "Recipe BETTER",
    "data.errors": "DataError",
    "data.mnist": "Mnist load_mnist",
    "data.names": "Names load_names",
    "data.reduce": "reduce_images",
    "networks.models": "basic_rnn bidirectional_rnn deep_rnn lstm",
    "networks.explorer": "show_explorer",
    "networks.writer": "write_names",
    "engine.kernels": "kernels",
    "training.batches": "draw_batches",
    "training.evaluate": "Evaluation evaluate predict_logits",
    "training.history": "History Run TrainingDiverged",
    "training.loop": "train train_seeds",
    "training.comparison": "Lead Scores how_to_read lead score_seeds table_of_scores",
    "page.show": "show show_animation",
    "page.record": "record record_losses record_mean record_run",
    "page.text": "scientific table",
    "page.exercise": "check_answer",
    "page.provenance": "provenance",
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names.split()}
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
