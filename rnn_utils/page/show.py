"""Put figures on a page, each with a description for those who cannot see it."""

from __future__ import annotations

import base64
import html

from IPython.display import HTML, display
from matplotlib.animation import Animation
from matplotlib.figure import Figure

from rnn_utils.figures.svg import smallest_letters, svg
from rnn_utils.page.player import player_html

LEGIBLE = 10  # pixels, the size of the smallest letters
_PADDING = 8  # pixels
_CARD = (
    "max-width: 100%; min-width: {least}px; height: auto; box-sizing: border-box; display: block; "
    f"margin: 0 auto; padding: {_PADDING}px; border-radius: 6px; background: white"
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
    display(HTML(figure_html(figure, _one_line(alt))))


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


def figure_html(figure: Figure, alt: str) -> str:
    """Return a figure as HTML, as wide as it was made for, and legible on a narrow screen."""
    image = svg(figure)
    source = base64.b64encode(image).decode()
    width = round(figure.get_figwidth() * 96)
    legible = LEGIBLE / smallest_letters(image) * figure.get_figwidth() * 72 + 2 * _PADDING
    card = _CARD.format(least=min(width, round(legible)))
    return (
        '<div style="overflow-x: auto" tabindex="0">'
        f'<img alt="{html.escape(alt)}" width="{width}" '
        f'style="{card}" src="data:image/svg+xml;base64,{source}"></div>'
    )


def _one_line(alt: str) -> str:
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError("alt is empty: say in a sentence what the figure shows")
    return " ".join(alt.split())
