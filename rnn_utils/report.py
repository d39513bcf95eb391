"""What a run leaves on the page: figures with alt text, recorded numbers, where it ran.

`show` puts a figure on the page as a vector image with its description, `show_animation` a player
with one. `record` notes a number under a name, invisibly, in the form that MyST-NB's glue and
papermill's readers know, so that the page, the status page and the checks can read it back.
"""

from __future__ import annotations

import base64
import html
import importlib
import io
import json
import math
import platform
import re
from collections.abc import Sequence
from typing import Any

import matplotlib
from IPython.display import HTML, display
from matplotlib.animation import Animation
from matplotlib.figure import Figure

from rnn_utils.player import player_html

RECORD_PREFIX = "application/papermill.record/"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_CARD = (
    "max-width: 100%; min-width: min({width}px, 30rem); height: auto; box-sizing: border-box; "
    "display: block; margin: 0 auto; padding: 8px; border-radius: 6px; background: white"
)


def show(figure: Figure, alt: str) -> None:
    """Display a figure on the page as SVG, with its alt text.

    It takes the width it was made for, or that of the page. On a screen so narrow that its text
    would be too small to read, it scrolls sideways instead.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Any size; it is shown at 96 pixels to the inch.
    alt : str
        What the figure shows, for those who cannot see it: a sentence, not a file name.

    Raises
    ------
    TypeError
        If `figure` is not a figure.
    ValueError
        If the alt text is empty.
    """
    if not isinstance(figure, Figure):
        raise TypeError(f"show needs a matplotlib Figure, got {type(figure).__name__}")
    alt = html.escape(_one_line(alt))
    source = base64.b64encode(_svg(figure)).decode()
    width = round(figure.get_figwidth() * 96)
    display(
        HTML(
            '<div style="overflow-x: auto" tabindex="0">'
            f'<img alt="{alt}" width="{width}" '
            f'style="{_CARD.format(width=width)}" src="data:image/svg+xml;base64,{source}"></div>'
        )
    )


def show_animation(animation: Animation, alt: str) -> None:
    """Display an animation on the page with buttons to play it, with its alt text.

    Parameters
    ----------
    animation : matplotlib.animation.Animation
        For instance of `plots.animate_convergence`.
    alt : str
        What the animation shows, start to end.

    Raises
    ------
    TypeError
        If `animation` is not an animation.
    ValueError
        If the alt text is empty.
    """
    if not isinstance(animation, Animation):
        raise TypeError(f"show_animation needs an Animation, got {type(animation).__name__}")
    display(HTML(player_html(animation, _one_line(alt))))


def _one_line(alt: str) -> str:
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError("alt is empty: say in a sentence what the figure shows")
    return " ".join(alt.split())


def _svg(figure: Figure) -> bytes:
    """Draw a figure as SVG, the same bytes for the same figure."""
    image = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "rnn_utils", "svg.fonttype": "path"}):
        figure.savefig(image, format="svg", metadata={"Date": None, "Creator": None})
    return image.getvalue()


def record(name: str, value: float | int | str | bool) -> None:
    """Note a number (or a short text) under a name in the notebook, without showing it.

    Parameters
    ----------
    name : str
        Lower-case letters, digits and underscores, unique on its page.
    value : float, int, str or bool
        NumPy scalars are fine. The exact value is kept.

    Raises
    ------
    TypeError, ValueError
        If the name has another form, or the value cannot be kept exactly.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(f"a recorded name is like 'test_accuracy', got {name!r}")
    value = value.item() if hasattr(value, "item") and getattr(value, "size", 1) == 1 else value
    if not isinstance(value, (float, int, str, bool)):
        raise TypeError(f"{name} must be one number or text, got {type(value).__name__}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{name} is {value}: only finite numbers can be compared later")
    display(
        {RECORD_PREFIX + "text/plain": json.dumps(value)},
        raw=True,
        metadata={"scrapbook": {"name": name, "mime_prefix": RECORD_PREFIX}},
    )


def provenance() -> dict[str, str]:
    """Return what a run depended on: versions of Python and the libraries, and the device.

    On a GPU the versions of CUDA and cuDNN that TensorFlow was built for are among them.
    """
    from rnn_utils.startup import tf

    versions = {
        name: importlib.import_module(name).__version__
        for name in ("tensorflow", "keras", "numpy", "matplotlib")
    }
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        build = tf.sysconfig.get_build_info()
        versions |= {name: build.get(f"{name}_version", "unknown") for name in ("cuda", "cudnn")}
    return {"python": platform.python_version(), **versions, "device": _device(tf, gpus)}


def _device(tf: Any, gpus: Sequence[Any]) -> str:
    """Name the GPUs that TensorFlow sees, or the processor."""
    if gpus:
        details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
        return "GPU, " + ", ".join(d.get("device_name", "unknown") for d in details)
    return f"CPU, {platform.machine()}"
