"""Numbers as a page's text shows them: tables, and powers of ten."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def table(rows: Sequence[Mapping[str, object]]) -> str:
    """Return a Markdown table; the keys of the first row are its head.

    A column is aligned to the right if all that stands in it is a number, as such or in a text
    that starts like one.

    Raises
    ------
    ValueError
        If there are no rows, or a row has other keys than the first.
    """
    if not rows:
        raise ValueError("a table needs at least one row")
    head = list(rows[0])
    for row in rows:
        if list(row) != head:
            raise ValueError(f"a row has the columns {list(row)}, the first has {head}")
    sides = ["---:" if all(_is_number(row[key]) for row in rows) else "---" for key in head]
    lines = [head, sides, *([_text(row[key]) for key in head] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def scientific(value: float, digits: int = 2) -> str:
    """Return a number with so many significant digits, such as ``1.4 · 10⁻⁵`` for 1.4e-05.

    Numbers from 0.01 to below 10,000 stand without a power of ten.
    """
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    power = int(exponent)
    if -2 <= power < 4:
        return f"{float(f'{mantissa}e{power}'):,.{max(digits - 1 - power, 0)}f}"
    return f"{mantissa} · 10{str(power).translate(_SUPERSCRIPTS)}"


def _is_number(entry: object) -> bool:
    return not isinstance(entry, str) or entry.lstrip("*+-−± ")[:1].isdigit() or not entry


def _text(entry: object) -> str:
    return f"{entry:,}" if isinstance(entry, int) and not isinstance(entry, bool) else str(entry)
