"""What a run leaves on the page: figures with alt text, recorded numbers, provenance."""

import base64
import json
import math
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


def test_a_figure_is_no_narrower_than_its_smallest_letters_allow(shown):
    for label, points in (("plain", 10), ("$h_t$", 7), ("", None)):
        drawn = Figure(figsize=(7, 3))
        drawn.text(0.5, 0.5, label, size=10)
        show.show(drawn, "A text.")
        least = int(re.search(r"min-width: (\d+)px", shown[-1][0].data)[1])
        letters = show.LEGIBLE / points * 7 * 72 if points else 0
        assert least == min(672, round(letters + 16))


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
        ("loss", np.zeros((2, 3)), TypeError, "a number, a text or several numbers, got list"),
        ("loss", [], TypeError, "a number, a text or several numbers, got list"),
        ("loss", [1.0, float("nan")], ValueError, "loss is nan"),
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


def within(shown):
    """Return value, tolerance and reason of each recorded number, by name."""
    return {
        options["metadata"]["scrapbook"]["name"]: (
            json.loads(next(iter(data.values()))),
            *options["metadata"]["rnn_utils"].values(),
        )
        for data, options in shown
    }


def test_a_tolerance_comes_with_its_reason(shown):
    record.record("steps", 3)
    record.record("gap", 1e-6, 2e-5, "rounding in single precision")
    assert within(shown) == {
        "steps": (3,),
        "gap": (1e-6, 2e-5, "rounding in single precision"),
    }


@pytest.mark.parametrize(("tolerance", "reason"), [(-1, "so"), (0.1, ""), (float("nan"), "so")])
def test_a_tolerance_without_reason_or_sense_is_refused(tolerance, reason, shown):
    with pytest.raises(ValueError, match="gap has the tolerance"):
        record.record("gap", 1e-6, tolerance, reason)
    assert not shown


def test_a_tolerance_without_limit_is_kept_as_json(shown):
    record.record("seconds", 1.5, math.inf, "seconds of this machine")
    assert within(shown) == {"seconds": (1.5, "inf", "seconds of this machine")}
    assert "Infinity" not in json.dumps([options for _, options in shown])


def test_a_mean_may_be_off_by_four_standard_errors(shown):
    seeds = [0.90, 0.91, 0.92, 0.93, 0.94]
    record.record_mean("mean_accuracy", seeds)
    value, tolerance, reason = within(shown)["mean_accuracy"]
    assert value == pytest.approx(0.92)
    assert tolerance == pytest.approx(4 * np.std(seeds, ddof=1) / np.sqrt(5))
    assert reason == "4 standard errors over 5 seeds"


def test_a_single_run_may_be_off_by_four_standard_deviations(shown):
    seeds = [0.90, 0.91, 0.92, 0.93, 0.94]
    record.record_run("test_accuracy", 0.9, seeds)
    value, tolerance, reason = within(shown)["test_accuracy"]
    assert value == 0.9
    assert tolerance == pytest.approx(4 * np.std(seeds, ddof=1))
    assert reason == "4 standard deviations of 5 seeds"


def test_losses_are_noted_after_one_two_and_five_updates(shown):
    losses = np.array([[9.0, 8.0, 7.0, 6.0, 5.0, 4.0], [9.5, 8.5, 7.5, 6.5, 5.5, 4.5]])
    record.record_losses("lstm", losses)
    noted = within(shown)
    assert set(noted) == {f"lstm_loss_after_{updates}" for updates in (1, 2, 5)}
    assert noted["lstm_loss_after_2"][0] == [7.0, 7.5]
    assert noted["lstm_loss_after_2"][1] == pytest.approx(7e-4)


def test_a_network_that_makes_much_of_rounding_may_be_further_off(shown):
    record.record_losses("wait", np.array([3.0, 2.0]), share=1e-3)
    assert within(shown)["wait_loss_after_1"] == (2.0, 2e-3, "rounding: 0.001 of the smallest")


def test_of_a_short_training_there_are_fewer_losses(shown):
    record.record_losses("lstm", np.array([3.0, 2.0, 1.0]))
    assert set(within(shown)) == {"lstm_loss_after_1", "lstm_loss_after_2"}
