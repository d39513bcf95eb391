"""What a run leaves on the page: figures with alt text, recorded numbers, provenance."""

import base64
import json
import re

import numpy as np
import pytest
from bs4 import BeautifulSoup
from matplotlib.figure import Figure

from rnn_utils import plots
from rnn_utils.page import progress, provenance, record, show


@pytest.fixture
def shown(monkeypatch):
    """Collect what is displayed instead of showing it."""
    collected = []
    for module in (show, record):
        monkeypatch.setattr(
            module, "display", lambda data, **options: collected.append((data, options))
        )
    return collected


def figure():
    drawn = Figure(figsize=(7, 3))
    drawn.subplots().plot([1, 2, 3])
    return drawn


def test_a_figure_is_shown_as_svg_with_its_alt_text(shown):
    show.show(figure(), 'A line, "rising"\n   from 1 to 3 & on')
    (image, _), *others = shown
    assert not others
    assert 'alt="A line, &quot;rising&quot; from 1 to 3 &amp; on"' in image.data
    assert 'width="672"' in image.data
    source = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', image.data)[1]
    assert b"<svg" in base64.b64decode(source)


def test_the_same_figure_gives_the_same_bytes(shown):
    show.show(figure(), "A line.")
    show.show(figure(), "A line.")
    assert shown[0][0].data == shown[1][0].data


@pytest.mark.parametrize("alt", ["", "  \n ", None])
def test_a_figure_without_alt_text_is_refused(alt, shown):
    with pytest.raises(ValueError, match="alt is empty"):
        show.show(figure(), alt)
    assert not shown


def test_something_else_than_a_figure_is_refused():
    with pytest.raises(TypeError, match="matplotlib Figure, got list"):
        show.show([1, 2], "A list.")


def animation():
    return plots.animate_convergence({"loss": np.array([2.0, 1.0, 0.5])}, frames=3)


def test_an_animation_is_shown_with_its_alt_text_and_nothing_from_elsewhere(shown):
    show.show_animation(animation(), 'The loss "falls".')
    ((player, _),) = shown
    image = BeautifulSoup(player.data, "html.parser").find("img")
    assert image["alt"] == 'The loss "falls".'
    assert image["src"].startswith("data:image/png;base64,")
    assert "://" not in re.sub(r"data:image/png[^\"]+", "", player.data)
    assert "fa-" not in player.data


def test_the_same_animation_gives_the_same_bytes(shown):
    show.show_animation(animation(), "The loss.")
    show.show_animation(animation(), "The loss.")
    assert shown[0][0].data == shown[1][0].data


def test_something_else_than_an_animation_is_refused(shown):
    with pytest.raises(TypeError, match="Animation, got Figure"):
        show.show_animation(figure(), "A line.")
    assert not shown


@pytest.mark.parametrize("value", [0.1 + 0.2, 7, "mnist", True, np.float32(0.1), np.int64(3)])
def test_a_record_can_be_read_back_exactly(value, shown):
    record.record("test_accuracy", value)
    ((data, options),) = shown
    ((mime, text),) = data.items()
    assert mime == "application/papermill.record/text/plain"
    assert json.loads(text) == value
    assert options["metadata"]["scrapbook"]["name"] == "test_accuracy"
    assert mime.startswith(options["metadata"]["scrapbook"]["mime_prefix"])


@pytest.mark.parametrize(
    ("name", "value", "error", "message"),
    [
        ("Test accuracy", 1.0, ValueError, "got 'Test accuracy'"),
        ("", 1.0, ValueError, "got ''"),
        ("loss", float("nan"), ValueError, "loss is nan"),
        ("loss", np.float32("inf"), ValueError, "loss is inf"),
        ("loss", np.zeros(3), TypeError, "loss must be one number or text, got ndarray"),
        ("loss", None, TypeError, "got NoneType"),
    ],
)
def test_what_cannot_be_read_back_is_refused(name, value, error, message, shown):
    with pytest.raises(error, match=message):
        record.record(name, value)
    assert not shown


def test_provenance_names_versions_and_device():
    found = provenance.provenance()
    assert re.match(r"3\.\d+", found["python"])
    assert {"tensorflow", "keras", "numpy", "matplotlib", "device"} < set(found)
    assert found["numpy"] == np.__version__


def test_a_bar_rewrites_its_one_line(monkeypatch):
    lines = []

    class Handle:
        def update(self, data, raw):
            lines.append(data["text/plain"])

    def display(data, raw, display_id):
        lines.append(data["text/plain"])
        return Handle()

    monkeypatch.setattr(progress, "display", display)
    page = progress.PageStream()
    for text in ("\r  0%", "", "\r 50%", "\n", "\r100%"):
        page.write(text)
        page.flush()
    assert [line.strip() for line in lines] == ["0%", "50%", "100%"]
