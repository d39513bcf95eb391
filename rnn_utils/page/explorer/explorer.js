// The explorer: draw a digit and watch the networks read it. One per element `.rnn-explorer`.

const PEN = 1.2; // pixels of MNIST's, radius
const RUBBER = 2.2;
const PACE = 400; // milliseconds at a row while playing
const SETTLED = 700; // milliseconds without a change until the answers are spoken
const MOST_MAPS = 3; // of a network; the last one offers a choice where there are more

/** What can be seen of each kind of cell: its name before the letter, the letter, its colours. */
const VIEWS = {
  SimpleRNN: [["state", "h", "state"]],
  GRU: [["state", "h", "state"]],
  LSTM: [
    ["state", "h", "state"],
    ["memory", "c", "state"],
    ["forget gate", "f", "gate"],
    ["input gate", "i", "gate"],
    ["output gate", "o", "gate"],
  ],
};

const LEGEND = [
  ["ink", "pixel", "0", "1"],
  ["chance", "probability", "0", "1"],
  ["state", "state, memory", "≤ −1", "≥ 1"],
  ["gate", "gate", "shut", "open"],
];

/** List the heat maps of a network: which cell, which of its values, its name and colours. */
function viewsOf({ layers }) {
  const views = [];
  let cell = 0;
  layers.forEach((cells, layer) => {
    cells.forEach(({ kind, units }, direction) => {
      const where = [];
      if (layers.length > 1) where.push(`layer ${layer + 1}`);
      if (cells.length === 2) where.push(["forward", "backward"][direction]);
      VIEWS[kind].forEach(([what, key, colours]) => {
        const named = key === "h" && where.length ? where : [...where, what];
        views.push({ cell, key, name: `${named.join(" ")} ${key}`, colours, units });
      });
      cell += 1;
    });
  });
  return views;
}

/** Return 256 colours between those that a custom property of CSS lists, as `paint` takes them. */
function palette(style, name) {
  const listed = style.getPropertyValue(`--explorer-${name}`).trim().split(/[\s,]+/);
  const stops = listed.map((hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));
  return Uint32Array.from({ length: 256 }, (_, i) => {
    const place = (i / 255) * (stops.length - 1);
    const from = Math.min(Math.floor(place), stops.length - 2);
    const mix = (low, c) => Math.round(low + (place - from) * (stops[from + 1][c] - low));
    const [r, g, b] = stops[from].map(mix);
    return (255 << 24) | (b << 16) | (g << 8) | r;
  });
}

const css = (colour) => `rgb(${colour & 255} ${(colour >> 8) & 255} ${(colour >> 16) & 255})`;

/** Paint one colour per pixel of a canvas; `colourOf(x, y)` is one of a palette, or 0 for none. */
function paint(canvas, width, height, colourOf) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) pixels[at] = colourOf(x, y);
  }
  context.putImageData(image, 0, 0);
}

const between = (low, value, high) => Math.max(low, Math.min(high, value));
const percent = (p) => `${p > 0.995 ? "> 99" : Math.round(100 * p)} %`;

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Make the column of one network, and return what of it changes. */
function makeCard(network, template) {
  const column = template.content.firstElementChild.cloneNode(true);
  const part = (name) => column.querySelector(`.explorer-${name}`);
  column.setAttribute("aria-label", network.label);
  part("name").textContent = network.label;
  part("about").textContent = network.about;
  const numbers = Array.from({ length: CLASSES }, (_, j) => j);
  part("bars").append(...numbers.map(() => make("span")));
  part("classes").append(...numbers.map((j) => make("span", { textContent: j })));
  const views = viewsOf(network);
  const maps = views.slice(0, MOST_MAPS).map((view, place) => {
    const map = { view, canvas: make("canvas") };
    map.canvas.setAttribute("role", "img");
    const choice = place === MOST_MAPS - 1 ? views.slice(place) : [];
    if (choice.length > 1) {
      map.select = make("select", { className: "explorer-view" });
      map.select.append(...choice.map(({ name }) => make("option", { textContent: name })));
      map.select.setAttribute("aria-label", `${network.label}: third map`);
      map.choice = choice;
    }
    const name = map.select ?? make("span", { textContent: view.name });
    const units = make("span", { className: "explorer-units" }, `${view.units} units`);
    const frame = make("div", { className: "explorer-map" }, map.canvas);
    column.append(make("div", { className: "explorer-view-name" }, name, units), frame);
    return map;
  });
  const tile = make("span", { className: "explorer-tile" }, make("b"), network.label);
  return { column, part, maps, tile };
}

function startExplorer(root) {
  while (document.getElementById(root.id) !== root) root.id += "-2"; // the same one stands above
  const page = JSON.parse(root.querySelector("script[type='application/json']").textContent);
  const { size, method, digits } = page;
  const networks = withWeights(page.networks, page.weights);
  const app = make("div", { className: "explorer-app" });
  app.append(root.querySelector("template").content.cloneNode(true));
  const part = (name) => app.querySelector(`.explorer-${name}`);
  const cards = networks.map((network) => makeCard(network, app.querySelector("template")));
  part("grid").append(...cards.map(({ column }) => column));
  part("tiles").append(...cards.map(({ tile }) => tile));
  app.querySelector("template").remove();

  // What is shown now.
  let ink = new Float64Array(WIDTH * WIDTH); // (WIDTH, WIDTH) from 0 to 1
  let digit = null; // the place of a test digit, or null for a drawing
  let pixels; // (28, 28) from 0 to 255, in MNIST's form
  let rows; // (size, size) from 0 to 1
  let answers; // of each network: logits, chances and states
  let t = size; // rows read
  let colours;

  const rowsOf = (image) => {
    const reduced = reduce(image, size, method).map(Math.fround);
    return Array.from({ length: size }, (_, row) => reduced.subarray(row * size, (row + 1) * size));
  };

  // --- from the ink to the answers -------------------------------------------------------------

  function readInk() {
    pixels = digit === null ? fit(ink) : bytesOf(digits[digit].pixels);
    rows = rowsOf(pixels);
    answers = networks.map((network) => {
      const found = read(network, rows);
      return { ...found, chances: found.logits.map(softmax) };
    });
    part("digits").value = digit === null ? "" : String(digit);
    drawPad();
    draw();
    speakLater(summary());
  }

  let waiting = false; // for the next frame, in which all changes until then are shown
  function readSoon() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      readInk();
    });
  }

  function takeDigit(place) {
    digit = (place + digits.length) % digits.length;
    const image = bytesOf(digits[digit].pixels);
    ink = Float64Array.from(ink, (_, at) => image[pixelOfCell(at)] / 255);
    t = size;
    readInk();
  }

  function drawing() {
    if (digit !== null && !rubbing) ink.fill(0); // a pen begins on new paper
    digit = null;
    stop();
    t = size;
  }

  function clear() {
    rub(false);
    drawing();
    ink.fill(0);
    readInk();
  }

  // --- show ------------------------------------------------------------------------------------

  const shade = (name, share) => colours[name][Math.round(255 * between(0, share, 1))];

  function drawPad() {
    const empty = !ink.some((amount) => amount > 0);
    app.classList.toggle("explorer-empty", empty);
    paint(part("pad"), WIDTH, WIDTH, (x, y) => shade("ink", ink[y * WIDTH + x]));
    paint(part("fitted"), SIDE, SIDE, (x, y) => shade("ink", pixels[y * SIDE + x] / 255));
  }

  function draw() {
    app.style.setProperty("--explorer-row", t - 1);
    part("slider").value = t;
    part("slider").setAttribute("aria-valuetext", `row ${t} of ${size}`);
    part("count").textContent = `row ${t} of ${size}`;
    part("back").disabled = t === 1;
    part("forth").disabled = t === size;
    paint(part("rows"), size, size, (x, y) => (y < t ? shade("ink", rows[y][x]) : 0));
    part("rows").setAttribute("aria-label", `Rows 1 to ${t} of the digit.`);
    cards.forEach((card, place) => drawCard(card, answers[place]));
    part("summary").textContent = summary();
  }

  function drawCard({ part: of, maps, tile }, { chances, states }) {
    const now = chances[t - 1];
    const best = likeliest(now);
    const label = digit !== null && t === size ? digits[digit].label : null;
    of("digit").textContent = best;
    tile.firstChild.textContent = best;
    of("sure").textContent = percent(now[best]);
    of("mark").textContent = label === null ? "" : best === label ? "✓ right" : "✗ wrong";
    of("answer").classList.toggle("explorer-wrong", label !== null && best !== label);
    [...of("bars").children].forEach((bar, j) => {
      bar.style.transform = `scaleY(${Math.max(0.02, now[j])})`;
      bar.classList.toggle("explorer-best", j === best);
      of("classes").children[j].classList.toggle("explorer-best", j === best);
    });
    const listed = now.map((p, j) => `${j}: ${Math.round(100 * p)} %`).join(", ");
    of("bars").setAttribute("aria-label", `Probabilities after row ${t}: ${listed}.`);
    drawChances(of("chances"), chances);
    of("chances").setAttribute(
      "aria-label",
      `Likeliest digit after each row: ${chances.slice(0, t).map(likeliest).join(", ")}.`,
    );
    maps.forEach(({ view, canvas }) => {
      const values = states[view.cell](t).map((state) => state[view.key]);
      const share = view.colours === "gate" ? (value) => value : (value) => (value + 1) / 2;
      const colourOf = (x, y) => (y < t ? shade(view.colours, share(values[y][x])) : 0);
      paint(canvas, view.units, size, colourOf);
      canvas.setAttribute("aria-label", `${view.name}: ${view.units} units after each row.`);
    });
  }

  const small = make("canvas"); // one pixel per probability

  /** Draw the probabilities, (rows, classes), with a dot in the likeliest class of each row. */
  function drawChances(canvas, chances) {
    const cell = 24; // pixels of the canvas, down and across
    const dot = cell / 6; // round where the canvas is shown as a square
    const [width, height] = [CLASSES * cell, size * cell];
    if (canvas.width !== width) Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.clearRect(0, 0, width, height);
    paint(small, CLASSES, size, (x, y) => (y < t ? shade("chance", chances[y][x]) : 0));
    context.drawImage(small, 0, 0, width, height);
    chances.slice(0, t).forEach((row, y) => {
      const best = likeliest(row);
      context.fillStyle = css(shade("chance", row[best] > 0.55 ? 0 : 1));
      context.beginPath();
      context.ellipse((best + 0.5) * cell, (y + 0.5) * cell, dot, (dot * size) / CLASSES, 0, 0, 7);
      context.fill();
    });
  }

  function summary() {
    if (app.classList.contains("explorer-empty")) {
      return "The picture is empty. The networks answer all the same.";
    }
    const said = answers.map(({ chances }) => likeliest(chances[t - 1]));
    const read = t === size ? `All ${size} rows are read` : `After row ${t} of ${size}`;
    const each = said.every((best) => best === said[0])
      ? `every network says ${said[0]}`
      : said.map((best, place) => `${networks[place].label} says ${best}`).join(", ");
    return `${read}: ${each}.${digit === null ? "" : ` The label is ${digits[digit].label}.`}`;
  }

  let speaking = 0;
  function speakLater(text) {
    clearTimeout(speaking);
    if (!playing) speaking = setTimeout(() => (part("spoken").textContent = text), SETTLED);
  }

  function readColours() {
    const style = getComputedStyle(root);
    colours = Object.fromEntries(LEGEND.map(([name]) => [name, palette(style, name)]));
  }

  // --- read row by row -------------------------------------------------------------------------

  let playing = 0;

  function go(row) {
    t = between(1, row, size);
    draw();
    speakLater(summary());
  }

  function stop() {
    clearInterval(playing);
    playing = 0;
    part("play").textContent = "▶ Read row by row";
  }

  function play() {
    playing = setInterval(() => {
      if (!root.isConnected) return stop();
      if (t + 1 >= size) stop();
      return go(t + 1);
    }, PACE);
    part("play").textContent = "❚❚ Pause";
    go(t === size ? 1 : t);
  }

  part("slider").max = size;
  app.style.setProperty("--explorer-rows", size);
  part("play").addEventListener("click", () => (playing ? (stop(), go(t)) : play()));
  const steps = { back: () => t - 1, forth: () => t + 1, slider: () => Number(part("slider").value) };
  for (const [name, row] of Object.entries(steps)) {
    part(name).addEventListener(name === "slider" ? "input" : "click", () => {
      stop();
      go(row());
    });
  }
  part("grid").addEventListener("pointerdown", (event) => {
    const map = event.target.closest(".explorer-map");
    if (!map) return;
    const { top, height } = map.getBoundingClientRect();
    stop();
    go(1 + Math.floor(((event.clientY - top) / height) * size));
  });
  for (const card of cards) {
    for (const map of card.maps.filter(({ select }) => select)) {
      map.select.addEventListener("change", () => {
        map.view = map.choice[map.select.selectedIndex];
        draw();
      });
    }
  }

  // --- take a digit ----------------------------------------------------------------------------

  part("digits").append(
    make("option", { value: "", textContent: "your drawing" }),
    ...digits.map(({ label }, place) =>
      make("option", { value: place, textContent: `test digit ${place + 1}: ${label}` }),
    ),
  );
  part("digits").addEventListener("change", () => {
    stop();
    if (part("digits").value === "") clear();
    else takeDigit(Number(part("digits").value));
  });
  const turn = (by) => () => {
    stop();
    takeDigit(digit === null ? Math.min(by, 0) : digit + by);
  };
  part("previous").addEventListener("click", turn(-1));
  part("next").addEventListener("click", turn(1));

  // --- draw with mouse or finger ---------------------------------------------------------------

  let rubbing = false;
  let last = null; // where the pen was, in pixels
  const pad = part("pad");

  function rub(on) {
    rubbing = on;
    part("rubber").setAttribute("aria-pressed", on);
    app.classList.toggle("explorer-rubbing", on);
  }

  function line(from, to) {
    stroke(ink, from, to, rubbing ? RUBBER : PEN, rubbing);
    readSoon();
  }

  const placeOf = (event) => {
    const { left, top, width, height } = pad.getBoundingClientRect();
    return [((event.clientX - left) / width) * SIDE, ((event.clientY - top) / height) * SIDE];
  };

  part("rubber").addEventListener("click", () => rub(!rubbing));
  part("clear").addEventListener("click", clear);
  pad.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || last) return;
    pad.setPointerCapture(event.pointerId);
    hideCursor();
    drawing();
    last = placeOf(event);
    line(last, last);
  });
  pad.addEventListener("pointermove", (event) => {
    if (!last || !pad.hasPointerCapture(event.pointerId)) return;
    for (const each of event.getCoalescedEvents?.() ?? [event]) {
      const place = placeOf(each);
      line(last, place);
      last = place;
    }
  });
  for (const end of ["pointerup", "pointercancel"]) {
    pad.addEventListener(end, () => (last = null));
  }

  // --- draw with keys --------------------------------------------------------------------------

  let cursor = [SIDE / 2 - 0.5, 5.5]; // in pixels
  let down = false;
  const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  function showCursor() {
    const mark = part("cursor");
    mark.hidden = false;
    mark.classList.toggle("explorer-down", down);
    [mark.style.left, mark.style.top] = cursor.map((place) => `${(100 * place) / SIDE}%`);
  }

  function hideCursor() {
    down = false;
    part("cursor").hidden = true;
  }

  function press(key, far) {
    if (key in MOVES) {
      const by = far ? 4 : 1;
      const to = cursor.map((place, axis) => between(0.5, place + by * MOVES[key][axis], SIDE - 0.5));
      if (down) line(cursor, to);
      cursor = to;
    } else if (key === " ") {
      down = !down;
      if (down) {
        drawing();
        line(cursor, cursor);
      }
    } else if (key === "e") {
      rub(!rubbing);
    } else if (key === "delete" || key === "backspace") {
      clear();
    } else {
      return false;
    }
    showCursor();
    const tool = rubbing ? "eraser" : "pen";
    const place = `row ${Math.ceil(cursor[1])}, column ${Math.ceil(cursor[0])}`;
    speakLater(`${place}, ${tool} ${down ? "down" : "lifted"}. ${summary()}`);
    return true;
  }

  pad.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const key = event.key.startsWith("Arrow") ? event.key : event.key.toLowerCase();
    if (press(key, event.shiftKey)) {
      event.preventDefault();
      event.stopPropagation();
    }
  });
  pad.addEventListener("focus", () => pad.matches(":focus-visible") && showCursor());
  pad.addEventListener("blur", hideCursor);

  // --- begin -----------------------------------------------------------------------------------

  part("size").textContent = `${size} rows of ${size} pixels`;
  const places = [1, ...[1, 2, 3, 4].map((quarter) => Math.round((quarter * size) / 4))];
  part("numbers").append(
    ...places.map((row) => {
      const number = make("span", { textContent: row });
      number.style.top = `${(100 * (row - 0.5)) / size}%`;
      return number;
    }),
  );
  part("legend").append(
    ...LEGEND.map(([name, meaning, low, high]) => {
      const bar = make("span", { className: `explorer-scale explorer-scale-${name}` });
      const ends = make("span", { className: "explorer-ends" }, make("span", {}, low));
      ends.append(meaning, make("span", {}, high));
      return make("li", {}, bar, ends);
    }),
  );
  for (const control of app.querySelectorAll("button, canvas, input, select, summary")) {
    control.dataset.lmSuppressShortcuts = "true"; // JupyterLab leaves their keys alone
  }
  readColours();
  const repaint = new MutationObserver(() => {
    if (!root.isConnected) return repaint.disconnect(); // the cell was run again
    readColours();
    drawPad();
    draw();
  });
  const attributeFilter = ["data-theme", "theme", "class", "data-jp-theme-light"];
  for (const element of [document.documentElement, document.body]) {
    repaint.observe(element, { attributes: true, attributeFilter });
  }
  takeDigit(0);
  clearTimeout(speaking); // a page that opens says nothing
  root.append(app);
  root.classList.add("explorer-ready");

  /** For tests, and for whoever looks: the pure functions, and what is read now. */
  root.explorer = {
    fit,
    rowsOf,
    read: (image) => networks.map((network) => read(network, rowsOf(image)).logits),
    pixels: () => pixels,
    answers: () => answers.map(({ chances }) => likeliest(chances[t - 1])),
  };
}

for (const root of document.querySelectorAll(".rnn-explorer:not(.explorer-ready)")) {
  startExplorer(root);
}
