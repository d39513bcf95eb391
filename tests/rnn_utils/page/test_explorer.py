"""The explorer: what it says in a browser is what NumPy says, however a digit comes to it."""

import base64
import hashlib
import json
import re
from contextlib import contextmanager

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup

from rnn_utils import (
    Recipe,
    basic_rnn,
    bidirectional_rnn,
    deep_rnn,
    load_mnist,
    lstm,
    predict_logits,
    reduce_images,
    show_explorer,
)
from rnn_utils.backend import keras
from rnn_utils.networks.explorer import as_html, logits_by_row

NETWORKS = {"basic": basic_rnn, "bidirectional": bidirectional_rnn, "deep": deep_rnn, "LSTM": lstm}
DESK, PHONE = 1440, 390
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
CELLS = keras.layers


def lively(model, seed=0):
    """Give a model weights and biases with which its answers differ from digit to digit."""
    rng = np.random.default_rng(seed)
    model.set_weights([0.3 * rng.normal(size=w.shape) for w in model.get_weights()])
    return model


@pytest.fixture(scope="module")
def models():
    return {name: lively(build(Recipe())) for name, build in NETWORKS.items()}


@pytest.fixture(scope="module")
def digits():
    mnist = load_mnist("mnist-5k")
    return mnist.test_images[:10], mnist.test_labels[:10]


@pytest.fixture(scope="module")
def html(models, digits):
    return as_html(models, *digits)


def one(*layers, shape=(16, 16)):
    return lively(keras.Sequential([keras.Input(shape), *layers]))


# --- what is put on the page ------------------------------------------------------------------


def test_the_same_models_give_the_same_bytes(html, models, digits):
    assert as_html(models, *digits) == html
    other = as_html(models, *digits, method="nearest")
    found = [BeautifulSoup(text, "html.parser").div["id"] for text in (html, other)]
    assert found[0] != found[1]
    assert all(re.fullmatch("rnn-explorer-[0-9a-f]{12}", each) for each in found)


def test_it_stays_small_and_loads_nothing(html):
    assert len(html) < 1_000_000  # of the 1.5 MB that a page may give to it
    page = BeautifulSoup(html, "html.parser")
    assert page.img["src"].startswith("data:image/svg+xml;base64,")
    assert "A handwritten 0 of 16 rows" in page.img["alt"]
    code = [page.style.text, page.find_all("script")[1].text, str(page.template)]
    for text in code:
        assert "://" not in text
        assert "eval" not in text
    assert not any(name.startswith("on") for tag in page.find_all(True) for name in tag.attrs)


def test_a_label_cannot_end_the_script(models, digits):
    page = BeautifulSoup(as_html({"</script><b>": models["basic"]}, *digits), "html.parser")
    data, _ = page.find_all("script")
    assert json.loads(data.text)["networks"][0]["label"] == "</script><b>"


def test_it_is_displayed(models, digits, monkeypatch):
    shown = []
    monkeypatch.setattr("rnn_utils.networks.explorer.display", shown.append)
    show_explorer(models, *digits)
    assert shown[0].data == as_html(models, *digits)


def test_numpy_reads_as_keras_does(models, digits):
    x = reduce_images(digits[0], method="area")
    for model in models.values():
        last = logits_by_row(model, x)[:, -1]
        np.testing.assert_allclose(last, predict_logits(model, x), atol=1e-4)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: "an RNN", "of type str"),
        (lambda: one(CELLS.Flatten(), CELLS.Dense(10)), "type Flatten"),
        (lambda: one(CELLS.SimpleRNN(4, activation="relu"), CELLS.Dense(10)), "'relu'"),
        (lambda: one(CELLS.SimpleRNN(4), CELLS.Dense(9)), "no Dense layer of 10 units"),
        (lambda: one(CELLS.Dense(10)), "it has no recurrent layer"),
        (lambda: one(CELLS.SimpleRNN(4, return_sequences=True), CELLS.Dense(10)), "=True"),
        (lambda: one(CELLS.SimpleRNN(4, go_backwards=True), CELLS.Dense(10)), "reads backwards"),
        (
            lambda: one(CELLS.Bidirectional(CELLS.LSTM(4), merge_mode="sum"), CELLS.Dense(10)),
            "does not join",
        ),
        (lambda: one(CELLS.LSTM(4), CELLS.Dense(10), shape=(16, 14)), "it reads"),
        (lambda: one(CELLS.LSTM(4), CELLS.Dense(10), shape=(None, 16)), "it reads"),
    ],
)
def test_a_model_that_it_cannot_show_is_named(build, said, digits):
    with pytest.raises((TypeError, ValueError), match=f"'mine'.*{said}.*the explorer shows"):
        as_html({"mine": build()}, *digits)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda models, x, y: ({}, x, y), "at least one trained model"),
        (lambda models, x, y: ([*models.values()], x, y), "models must map names"),
        (lambda models, x, y: (models, x / 255, y), "got float64"),
        (lambda models, x, y: (models, x[0], y), r"got uint8 \(28, 28\)"),
        (lambda models, x, y: (models, x, y[1:]), "for 10 images"),
        (lambda models, x, y: (models, x[:0], y[:0]), "for 0 images"),
    ],
)
def test_bad_digits_and_no_models_are_refused(change, said, models, digits):
    with pytest.raises(ValueError, match=said):
        as_html(*change(models, *digits))


def test_models_of_two_sizes_are_refused(models, digits):
    small = basic_rnn(Recipe(n_steps=14, n_input=14))
    with pytest.raises(ValueError, match="of one size"):
        as_html({**models, "small": small}, *digits)


# --- what it does in a browser ------------------------------------------------------------------


@pytest.fixture
def visit(browser, tmp_path):
    """Open HTML as a page that allows nothing but the scripts it has now, and fails on an error."""

    @contextmanager
    def opened(html, width=DESK, **options):
        code = BeautifulSoup(html, "html.parser").find_all("script")[1].text
        digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
        policy = f"{POLICY}; script-src 'sha256-{digest}'"
        path = tmp_path / "page.html"
        path.write_text(
            f'<!doctype html><html lang="en"><title>Page</title><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
            f'<meta name="viewport" content="width=device-width"><main><h1>Page</h1>{html}</main>'
        )
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        tab = context.new_page()
        tab.wrong = []
        tab.on("console", lambda m: m.type == "error" and tab.wrong.append(m.text))
        tab.on("pageerror", lambda error: tab.wrong.append(str(error)))
        tab.on("request", lambda r: r.url.startswith(("file:", "data:")) or tab.wrong.append(r.url))
        tab.goto(path.as_uri())
        yield tab
        assert tab.wrong == []
        context.close()

    return opened


EXPLORER = "document.querySelector('.rnn-explorer').explorer"


def read(tab, images):
    """Return what each network says of each image after each row, (images, networks, 16, 10)."""
    script = f"all => all.map(one => {EXPLORER}.read(one).map(net => net.map(row => [...row])))"
    return np.array(tab.evaluate(script, [image.ravel().tolist() for image in images]))


def pixels(tab):
    return np.array(tab.evaluate(f"() => [...{EXPLORER}.pixels()]")).reshape(28, 28)


def by_numpy(models, images):
    size = next(iter(models.values())).input_shape[1]
    x = reduce_images(np.asarray(images, np.uint8), size, "area").astype(float)
    return np.stack([logits_by_row(model, x) for model in models.values()], axis=1)


def test_it_reads_as_numpy_does_after_every_row(visit, html, models, digits):
    with visit(html) as tab:
        np.testing.assert_allclose(read(tab, digits[0]), by_numpy(models, digits[0]), atol=1e-6)


@pytest.mark.parametrize("method", ["area", "nearest"])
def test_it_reduces_as_the_book_does(method, visit, models, digits):
    with visit(as_html({"basic": models["basic"]}, *digits, method=method)) as tab:
        script = f"all => all.map(one => {EXPLORER}.rowsOf(one).map(row => [...row]))"
        reduced = tab.evaluate(script, [image.ravel().tolist() for image in digits[0]])
        np.testing.assert_allclose(
            reduced, reduce_images(digits[0], method=method), atol=1e-7, rtol=0
        )


def test_it_reads_other_stacks(visit, digits):
    models = {
        "before": deep_rnn(Recipe(n_hidden=5, n_steps=14, n_input=14), reset_after=False),
        "mixed": one(
            CELLS.LSTM(3, return_sequences=True),
            CELLS.Bidirectional(CELLS.GRU(4)),
            CELLS.Dense(10),
            shape=(14, 14),
        ),
    }
    models = {name: lively(model) for name, model in models.items()}
    with visit(as_html(models, *digits)) as tab:
        np.testing.assert_allclose(read(tab, digits[0]), by_numpy(models, digits[0]), atol=1e-6)


def test_a_test_digit_is_chosen_and_read_row_by_row(visit, html, models, digits):
    expected = by_numpy(models, digits[0]).argmax(axis=-1)
    with visit(html) as tab:
        said = f"() => {EXPLORER}.answers()"
        assert tab.evaluate(said) == expected[0, :, -1].tolist()
        tab.get_by_label("next test digit").click()
        tab.get_by_label("one row back").click()
        assert tab.get_by_text("row 15 of 16", exact=True).is_visible()
        assert tab.evaluate(said) == expected[1, :, 14].tolist()
        tab.get_by_label("rows read").fill("4")
        assert tab.evaluate(said) == expected[1, :, 3].tolist()
        tab.get_by_label("test digit", exact=True).select_option("3")
        assert tab.locator(".explorer-digit").all_inner_texts() == [*map(str, expected[3, :, -1])]
        tab.get_by_label("third map").select_option("output gate o")


def test_it_plays_to_the_last_row_and_speaks_once(visit, html):
    with visit(html, reduced_motion="reduce") as tab:
        tab.clock.install(time=0)
        tab.clock.pause_at(60)
        assert tab.get_by_text("row 16 of 16", exact=True).is_visible()  # nothing plays by itself
        tab.get_by_role("button", name="Read row by row").click()
        tab.clock.run_for(2100)
        assert tab.get_by_text("row 6 of 16", exact=True).is_visible()
        assert tab.get_by_role("status").inner_text() == ""
        tab.get_by_role("button", name="Pause").click()
        tab.clock.run_for(2100)
        assert tab.get_by_text("row 6 of 16", exact=True).is_visible()
        assert tab.get_by_role("status").inner_text().startswith("After row 6 of 16: ")
        tab.get_by_role("button", name="Read row by row").click()
        tab.clock.run_for(9000)
        assert tab.get_by_role("status").inner_text().startswith("All 16 rows are read: ")
        bar = "() => getComputedStyle(document.querySelector('.explorer-bars span')).transition"
        assert tab.evaluate(bar).startswith(("none", "all 0s"))


def mouse(tab, points):
    tab.mouse.move(*points[0])
    tab.mouse.down()
    for point in points[1:]:
        tab.mouse.move(*point, steps=5)
    tab.mouse.up()


def finger(tab, points):
    session = tab.context.new_cdp_session(tab)
    kinds = ["touchStart", *["touchMove"] * (len(points) - 1)]
    for kind, (x, y) in zip(kinds, points, strict=True):
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


@pytest.mark.parametrize(("draw", "width"), [(mouse, DESK), (finger, PHONE)])
def test_a_drawing_is_brought_into_the_form_of_mnist_and_read(draw, width, visit, html, models):
    with visit(html, width, has_touch=draw is finger) as tab:
        box = tab.locator(".explorer-pad").bounding_box()
        x, y, side = box["x"], box["y"], box["width"]
        down = [(x + 0.2 * side, y + share * side) for share in (0.1, 0.3, 0.5, 0.6)]
        draw(tab, down)
        tab.wait_for_function(f"() => {EXPLORER}.pixels()[14 * 28 + 14] > 0")
        drawn = pixels(tab)
        rows, columns = np.nonzero(drawn.max(axis=1) > 40)[0], np.nonzero(drawn.max(axis=0) > 40)[0]
        assert (rows[0], rows[-1]) == (4, 23)  # 20 rows, in the middle
        assert abs(columns.mean() - 13.5) <= 0.5
        assert len(columns) <= 5
        expected = by_numpy(models, drawn[np.newaxis])[0, :, -1].argmax(axis=-1)
        assert tab.evaluate(f"() => {EXPLORER}.answers()") == expected.tolist()
        assert tab.get_by_label("test digit", exact=True).input_value() == ""
        tab.get_by_role("button", name="Clear").click()
        assert not pixels(tab).any()
        assert tab.get_by_text("The picture is empty.").is_visible()


def test_the_eraser_changes_a_test_digit_and_the_pen_begins_anew(visit, html, digits):
    with visit(html) as tab:
        box = tab.locator(".explorer-pad").bounding_box()
        middle = [(box["x"] + share * box["width"], box["y"] + 128) for share in (0.1, 0.9)]
        tab.get_by_role("button", name="Eraser").click()
        mouse(tab, middle)
        tab.wait_for_function("() => document.querySelector('.explorer-digits').value === ''")
        changed = pixels(tab)
        assert changed[:10].any() and changed[18:].any() and not changed[13:15].any()
        tab.get_by_label("next test digit").click()
        np.testing.assert_array_equal(pixels(tab), digits[0][0])
        tab.get_by_role("button", name="Eraser").click()
        mouse(tab, middle)
        tab.wait_for_function("() => document.querySelector('.explorer-digits').value === ''")
        assert not pixels(tab)[:10].any()


def test_all_of_it_can_be_done_with_keys(visit, html, models):
    with visit(html) as tab:
        tab.keyboard.press("Tab")
        assert tab.evaluate("() => document.activeElement.className") == "explorer-pad"
        assert tab.locator(".explorer-cursor").is_visible()
        tab.keyboard.press("Space")
        for _ in range(4):
            tab.keyboard.press("Shift+ArrowDown")
        tab.keyboard.press("Space")
        tab.keyboard.press("Shift+ArrowRight")
        tab.wait_for_function(f"() => {EXPLORER}.pixels()[20 * 28 + 14] > 0")
        drawn = pixels(tab)
        assert np.nonzero(drawn.max(axis=1) > 40)[0].tolist() == [*range(4, 24)]
        expected = by_numpy(models, drawn[np.newaxis])[0, :, -1].argmax(axis=-1)
        assert tab.evaluate(f"() => {EXPLORER}.answers()") == expected.tolist()
        for key in ("e", "Space", "Shift+ArrowLeft"):
            tab.keyboard.press(key)
        assert tab.get_by_role("button", name="Eraser").get_attribute("aria-pressed") == "true"
        shown = f"before => before.join() !== {EXPLORER}.pixels().join()"
        tab.wait_for_function(shown, arg=drawn.ravel().tolist())
        tab.keyboard.press("Delete")
        assert not pixels(tab).any()
        reached = set()
        for _ in range(20):
            tab.keyboard.press("Tab")
            reached.add(tab.evaluate("() => document.activeElement.className"))
        wanted = {"clear", "rubber", "previous", "digits", "next", "play", "slider", "back", "view"}
        assert {f"explorer-{name}" for name in wanted} <= reached


@pytest.mark.parametrize(("width", "theme"), [(DESK, "dark"), (PHONE, "light")])
def test_nothing_shuts_a_reader_out(visit, html, width, theme):
    with visit(html, width) as tab:
        if theme == "dark":
            tab.evaluate("() => { document.documentElement.dataset.theme = 'dark'; }")
        found = Axe().run(tab).response["violations"]
        assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []
        assert tab.evaluate("() => document.documentElement.scrollWidth") <= width
        sizes = tab.locator(".rnn-explorer :is(button, select, input, summary)").evaluate_all(
            "all => all.map(e => e.getBoundingClientRect()).map(box => [box.width, box.height])"
        )
        assert min(min(size) for size in sizes) >= 24


def test_several_explorers_stand_on_a_page(visit, html):
    with visit(html + html) as tab:
        ids = tab.locator("[id]").evaluate_all("all => all.map(e => e.id)")
        assert len(ids) == len(set(ids)) == 2
        tab.get_by_role("button", name="Clear").first.click()
        texts = tab.locator(".explorer-summary").all_inner_texts()
        assert texts[0].startswith("The picture is empty") and texts[1].startswith("All 16 rows")


def test_without_scripts_a_picture_stands_there(visit, html):
    with visit(html, java_script_enabled=False) as tab:
        assert tab.locator("img").is_visible()
        assert tab.locator("button").count() == 0
