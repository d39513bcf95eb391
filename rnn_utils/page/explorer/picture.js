// The picture: from what was drawn to what the networks read.

const SIDE = 28; // pixels of an MNIST digit, down and across
const BOX = 20; // an MNIST digit fits into a square of so many
const FINE = 4; // cells of the drawing to a pixel, down and across
const WIDTH = SIDE * FINE;

/** Return for `count` intervals, each `step` long from `start` on, the share of each cell. */
function overlaps(count, start, step, cells) {
  return Array.from({ length: count }, (_, i) => {
    const left = start + i * step;
    const shares = [];
    for (let k = Math.max(0, Math.floor(left)); k < Math.min(cells, left + step); k++) {
      shares.push([k, (Math.min(left + step, k + 1) - Math.max(left, k)) / step]);
    }
    return shares;
  });
}

/** Return the mean of `image`, `width` cells wide, over each pixel of a grid of squares. */
function means(image, width, down, across) {
  return Float64Array.from({ length: down.length * across.length }, (_, place) => {
    let sum = 0;
    for (const [y, height] of down[Math.floor(place / across.length)]) {
      let row = 0;
      for (const [x, share] of across[place % across.length]) row += share * image[y * width + x];
      sum += height * row;
    }
    return sum;
  });
}

/** Reduce 28 x 28 grey values, 0 to 255, to size x size from 0 to 1, as reduce_images does. */
function reduce(pixels, size, method) {
  if (method === "area") {
    const parts = overlaps(size, 0, SIDE / size, SIDE);
    return means(pixels, SIDE, parts, parts).map((mean) => mean / 255);
  }
  const source = (i) => Math.floor((i * SIDE) / size);
  return Float64Array.from(
    { length: size * size },
    (_, at) => pixels[source(Math.floor(at / size)) * SIDE + source(at % size)] / 255,
  );
}

/**
 * Bring a drawing to MNIST's form: fitted into 20 x 20, its centre of mass in the middle of
 * 28 x 28, each pixel the mean of the ink under it.
 */
function fit(ink) {
  let [top, bottom, left, right, mass, y, x] = [WIDTH, -1, WIDTH, -1, 0, 0, 0];
  ink.forEach((amount, at) => {
    if (amount <= 0) return;
    const [row, column] = [Math.floor(at / WIDTH), at % WIDTH];
    [top, bottom] = [Math.min(top, row), Math.max(bottom, row)];
    [left, right] = [Math.min(left, column), Math.max(right, column)];
    mass += amount;
    y += amount * (row + 0.5);
    x += amount * (column + 0.5);
  });
  if (mass === 0) return new Uint8Array(SIDE * SIDE);
  const step = Math.max(bottom - top + 1, right - left + 1) / BOX; // cells to a pixel
  // All of the ink stays inside, however far its mass lies from the middle of its box.
  const start = (centre, low, high) =>
    Math.min(low, Math.max(high + 1 - SIDE * step, centre - (SIDE / 2) * step));
  const down = overlaps(SIDE, start(y / mass, top, bottom), step, WIDTH);
  const across = overlaps(SIDE, start(x / mass, left, right), step, WIDTH);
  return Uint8Array.from(means(ink, WIDTH, down, across), (mean) => Math.round(255 * mean));
}

/** Draw a line with a round pen into ink, or rub it out; the ends are in pixels. */
function stroke(ink, [x0, y0], [x1, y1], radius, rub) {
  const inside = (value) => Math.max(0, Math.min(WIDTH - 1, Math.floor(value * FINE)));
  const square = (x1 - x0) ** 2 + (y1 - y0) ** 2;
  for (let j = inside(Math.min(y0, y1) - radius); j <= inside(Math.max(y0, y1) + radius); j++) {
    for (let i = inside(Math.min(x0, x1) - radius); i <= inside(Math.max(x0, x1) + radius); i++) {
      const [x, y] = [(i + 0.5) / FINE, (j + 0.5) / FINE];
      const along = square ? ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / square : 0;
      const share = Math.max(0, Math.min(1, along));
      const distance = Math.hypot(x - x0 - share * (x1 - x0), y - y0 - share * (y1 - y0));
      const covered = Math.max(0, Math.min(1, (radius - distance) * FINE + 0.5));
      const at = j * WIDTH + i;
      ink[at] = rub ? Math.min(ink[at], 1 - covered) : Math.max(ink[at], covered);
    }
  }
}

/** Return the place in a digit, (28, 28), of a cell of the drawing. */
const pixelOfCell = (at) =>
  Math.floor(at / WIDTH / FINE) * SIDE + Math.floor((at % WIDTH) / FINE);
