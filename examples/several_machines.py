"""Train the basic RNN on several machines: run this on each of them.

With two machines, on the first and on the second:

    python several_machines.py 10.0.0.1:2222 10.0.0.2:2222 --index 0
    python several_machines.py 10.0.0.1:2222 10.0.0.2:2222 --index 1

The addresses and their order are the same everywhere; the index says
which of them is this machine. Each machine has the digits and rnn_utils,
reads its share of every batch and makes the same update as the others.
So the losses are those of one machine, up to rounding.
"""

import argparse
import json
import sys
from pathlib import Path

from rnn_utils import Recipe, basic_rnn, load_mnist, reduce_images, train
from rnn_utils.engine.machines import WorkerLost, several_machines


def main():
    """Train, and let the first machine say how it went."""
    parser = argparse.ArgumentParser(
        description="See the file's docstring."
    )
    parser.add_argument("addresses", nargs="+", metavar="HOST:PORT")
    parser.add_argument("--index", type=int, required=True)
    parser.add_argument("--source", default="auto", help="of the digits")
    parser.add_argument("--recipe", type=recipe_of, default=Recipe())
    parser.add_argument("--into", type=Path, help="a file for the losses")
    options = parser.parse_args()
    recipe, into = options.recipe, options.into
    if into and not into.parent.is_dir():
        parser.error(f"--into: there is no folder {into.parent}")

    mnist = load_mnist(options.source)
    sequences = reduce_images(mnist.train_images)
    first = options.index == 0
    with several_machines(options.addresses, options.index):
        model = basic_rnn(recipe)
        history = train(
            model, sequences, mnist.train_labels, recipe, progress=first
        )
    if first:
        print(f"loss {history.loss[-1]:.4f}, {history.seconds:.1f} s")
    if first and into:
        results = {
            "loss": history.loss.tolist(),
            "seconds": history.seconds,
        }
        into.write_text(json.dumps(results))


def recipe_of(text):
    """Return the recipe of which the fields in a JSON object are set."""
    try:
        return Recipe(**json.loads(text))
    except (TypeError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{text}: {error}") from error


if __name__ == "__main__":
    try:
        main()
    except (WorkerLost, ValueError) as error:
        sys.exit(f"several_machines: {error}")
