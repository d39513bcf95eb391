"""The page's side of the explorer: one piece of HTML in which a reader draws digits.

Script, style and skeleton lie beside this module as files. The script is the same in every
explorer, loads nothing, and defines no name outside itself; what differs is data in JSON. Without
scripts, and in print, a still picture stands there instead.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.colors import Colormap, to_hex
from matplotlib.figure import Figure

from rnn_utils.figures.style import (
    GATE_SCALE,
    INK,
    OUTPUT_SCALE,
    PAPER,
    QUIET,
    RULE,
    STATE_SCALE,
)
from rnn_utils.page.show import figure_html

_SCRIPTS = ("networks.js", "picture.js", "explorer.js")


def explorer_html(
    networks: Sequence[Mapping[str, object]],
    weights: np.ndarray,
    digits: Sequence[tuple[np.ndarray, int]],
    reduction: tuple[int, str],
    still: Figure,
    alt: str,
) -> str:
    """Return an explorer as HTML: the same bytes for the same arguments.

    Parameters
    ----------
    networks : sequence of mappings
        As `networks.js` reads them: ``label``, ``about``, ``outputs`` (inputs of the read-out)
        and ``layers``, a list with one cell in each, or two that read in opposite directions. A
        cell has ``kind``, ``inputs``, ``units``, ``columns`` (of its matrices) and ``biases``.
    weights : float array (n,)
        All weights in the order of the networks, kept as float32.
    digits : sequence of (uint8 array (28, 28), int)
        Test digits to choose from, each with its label.
    reduction : (int, str)
        Pixels of a row, and the method of `rnn_utils.reduce_images`.
    still : matplotlib.figure.Figure
        What is shown without scripts.
    alt : str
        What `still` shows.
    """
    size, method = reduction
    data = json.dumps(
        {
            "size": size,
            "method": method,
            "networks": networks,
            "digits": [{"label": label, "pixels": _base64(image)} for image, label in digits],
            "weights": _base64(np.asarray(weights, "<f4")),
        }
    ).replace("<", "\\u003c")  # no end of a script may stand in a label
    name = "rnn-explorer-" + hashlib.sha256(data.encode()).hexdigest()[:12]
    return (
        f'<div class="rnn-explorer" id="{name}">\n'
        f"<style>\n{_colours()}{_file('explorer.css')}</style>\n"
        f'<div class="explorer-still">{figure_html(still, alt)}</div>\n'
        f"<template>\n{_file('explorer.html')}</template>\n"
        f'<script type="application/json">{data}</script>\n'
        f"<script>{script()}</script>\n</div>"
    )


def script() -> str:
    """Return the script of every explorer, in a scope of its own."""
    return '(() => {\n"use strict";\n' + "\n".join(map(_file, _SCRIPTS)) + "})();\n"


def _file(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")


def _base64(array: np.ndarray) -> str:
    return base64.b64encode(array.tobytes()).decode()


def _colours() -> str:
    """Return the book's colours as custom properties of CSS; a scale is a list of colours."""
    colours = {
        "text": INK,
        "quiet": QUIET,
        "rule": RULE,
        "ink": f"{PAPER}, {INK}",
        "chance": _stops(OUTPUT_SCALE),
        "gate": _stops(GATE_SCALE),
        "state": _stops(STATE_SCALE),
    }
    lines = "".join(f"  --explorer-{name}: {value};\n" for name, value in colours.items())
    return f".rnn-explorer {{\n{lines}}}\n\n"


def _stops(scale: Colormap) -> str:
    return ", ".join(to_hex(scale(share)) for share in np.linspace(0, 1, 5))
