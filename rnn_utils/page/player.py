"""Matplotlib's HTML player, made fit for a page of the book.

As it comes, the player loads its icons from another host, names its parts at random and has no
alt text. Here it has its own icons, the same names on every run, a description, and the last
frame for a reader without JavaScript.
"""

from __future__ import annotations

import hashlib
import html
import re

from matplotlib.animation import Animation

_ICONS = {
    "minus": "−",
    "fast-backward": "«",
    "step-backward": "‹",
    "play fa-flip-horizontal": "◂",
    "pause": "‖",
    "play": "▸",
    "step-forward": "›",
    "fast-forward": "»",
    "plus": "+",
}
_CARD = (
    "background: white; color: black; padding: 8px; border-radius: 6px; text-align: center; "
    "overflow-x: auto"
)


def player_html(animation: Animation, alt: str) -> str:
    """Return an animation as HTML with buttons to play it; it starts at rest.

    Parameters
    ----------
    animation : matplotlib.animation.Animation
        Each frame adds some 45 kB to the page.
    alt : str
        What the animation shows.
    """
    alt = html.escape(alt)
    page = re.sub(r"<link\b[^>]*>", "", animation.to_jshtml(default_mode="once"))
    page = re.sub(r'<i class="fa fa-([^"]+)"></i>', lambda icon: _ICONS[icon[1]], page)
    random_name = re.search(r'id="_anim_img(\w+)"', page)[1]
    page = page.replace(random_name, "_" + hashlib.sha256(alt.encode()).hexdigest()[:12])
    last_frame = re.findall(r'"(data:image/png[^"]+)"', page)[-1].replace("\\\n", "")
    page = page.replace(
        "<img ",
        f'<img alt="{alt}" src="{last_frame}" style="min-width: 30rem; background: white" ',
    )
    page = page.replace("display: inline-block;", "max-width: 100%;")  # no wider than the page
    page = page.replace('type="range"', 'type="range" aria-label="frame"')
    return f'<div role="group" aria-label="Animation: {alt}" style="{_CARD}">{page}</div>'
