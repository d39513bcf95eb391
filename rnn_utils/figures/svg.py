"""Draw figures as SVG, the same bytes for the same figure."""

import io
import re

import matplotlib
from matplotlib.figure import Figure

_TEXT = re.compile(rb"<g [^>]*scale\(([\d.]+) -[\d.]+\)[^>]*>(.*?)</g>", re.S)
_INDEX = re.compile(rb"<use [^>]*scale\(([\d.]+)\)")
_EM = 100  # units of matplotlib's glyphs


def svg(figure: Figure, salt: str = "rnn_utils") -> bytes:
    """Return a figure as an SVG image, its text as paths.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What to draw.
    salt : str
        Goes into the identifiers inside the image; images on one page need different ones.
    """
    image = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": salt, "svg.fonttype": "path"}):
        figure.savefig(image, format="svg", metadata={"Date": None, "Creator": None})
    return image.getvalue()


def smallest_letters(image: bytes) -> float:
    """Return the size of the smallest letters in an image that `svg` made, indices included.

    Returns
    -------
    float
        In points; infinite where there is no text.
    """
    sizes = [
        float(scale) * min([1.0, *map(float, _INDEX.findall(glyphs))])
        for scale, glyphs in _TEXT.findall(image)
        if b"<use" in glyphs
    ]
    return _EM * min(sizes, default=float("inf"))
