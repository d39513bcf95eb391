"""Draw figures as SVG, the same bytes for the same figure."""

import io

import matplotlib
from matplotlib.figure import Figure


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
