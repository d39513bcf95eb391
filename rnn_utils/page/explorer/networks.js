// The networks: the equations of the book, with Keras's order of the gates.
//
// "After t rows" is what a network would say if these t rows were the whole picture; a layer that
// reads from the end begins at row t.

const CLASSES = 10;

const sigmoid = (a) => 1 / (1 + Math.exp(-a));

/** Add x W to out, or the columns [from, to) of it; W has out.length columns. */
function addProduct(out, x, W, from = 0, to = out.length) {
  for (let i = 0, row = 0; i < x.length; i++, row += out.length) {
    const factor = x[i];
    if (factor !== 0) for (let j = from; j < to; j++) out[j] += factor * W[row + j];
  }
  return out;
}

/** One step of each cell: from the input x and what it was before to what it is now. */
const STEPS = {
  SimpleRNN({ W, U, b }, x, before) {
    const a = addProduct(addProduct(Float64Array.from(b), x, W), before.h, U);
    return { h: a.map(Math.tanh) };
  },

  GRU({ W, U, b, units: n }, x, before) {
    const a = addProduct(Float64Array.from(b.subarray(0, 3 * n)), x, W);
    const resetAfter = b.length > 3 * n;
    const u = resetAfter ? Float64Array.from(b.subarray(3 * n)) : new Float64Array(3 * n);
    addProduct(u, before.h, U, 0, resetAfter ? 3 * n : 2 * n);
    const z = before.h.map((_, j) => sigmoid(a[j] + u[j]));
    const r = before.h.map((_, j) => sigmoid(a[n + j] + u[n + j]));
    if (!resetAfter) addProduct(u, before.h.map((h, j) => r[j] * h), U, 2 * n);
    const seen = (j) => (resetAfter ? r[j] : 1) * u[2 * n + j];
    const candidate = r.map((_, j) => Math.tanh(a[2 * n + j] + seen(j)));
    return { h: z.map((share, j) => share * before.h[j] + (1 - share) * candidate[j]) };
  },

  LSTM({ W, U, b, units: n }, x, before) {
    const a = addProduct(addProduct(Float64Array.from(b), x, W), before.h, U);
    const i = a.slice(0, n).map(sigmoid);
    const f = a.slice(n, 2 * n).map(sigmoid);
    const candidate = a.slice(2 * n, 3 * n).map(Math.tanh);
    const o = a.slice(3 * n).map(sigmoid);
    const c = f.map((share, j) => share * before.c[j] + i[j] * candidate[j]);
    return { h: o.map((share, j) => share * Math.tanh(c[j])), c, f, i, o };
  },
};

/** Read inputs one after the other; return what the cell is after each. */
function scan(cell, inputs) {
  const zeros = new Float64Array(cell.units);
  let now = { h: zeros, c: zeros };
  return inputs.map((x) => (now = STEPS[cell.kind](cell, x, now)));
}

/**
 * Read a picture row by row.
 *
 * Returns `logits`, ten after each row, and `states`: for each cell a function from the number
 * of rows read to what the cell was after each of them, in the order of the rows.
 */
function read(network, rows) {
  let inputs = rows;
  const states = [];
  for (const layer of network.layers) {
    const forward = scan(layer[0], inputs);
    states.push((t) => forward.slice(0, t));
    let outputs = forward.map((now) => now.h);
    if (layer.length === 2) {
      const below = inputs;
      const backward = rows.map((_, t) => scan(layer[1], below.slice(0, t + 1).reverse()));
      states.push((t) => [...backward[t - 1]].reverse());
      outputs = outputs.map((h, t) => Float64Array.of(...h, ...backward[t][t].h));
    }
    inputs = outputs;
  }
  const { W, b } = network.readOut;
  return { logits: inputs.map((h) => addProduct(Float64Array.from(b), h, W)), states };
}

function softmax(logits) {
  const highest = Math.max(...logits);
  const e = logits.map((y) => Math.exp(y - highest));
  const sum = e.reduce((a, b) => a + b);
  return e.map((each) => each / sum);
}

const likeliest = (p) => p.indexOf(Math.max(...p));

const bytesOf = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

/** Give each network of the page its weights, which follow one another in one array. */
function withWeights(networks, base64) {
  const numbers = new Float32Array(bytesOf(base64).buffer);
  let at = 0;
  const take = (count) => numbers.subarray(at, (at += count));
  return networks.map((network) => ({
    ...network,
    layers: network.layers.map((cells) =>
      cells.map(({ kind, inputs, units, columns, biases }) => {
        const W = take(inputs * columns);
        return { kind, units, W, U: take(units * columns), b: take(biases) };
      }),
    ),
    readOut: { W: take(network.outputs * CLASSES), b: take(CLASSES) },
  }));
}
