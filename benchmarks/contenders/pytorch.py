"""PyTorch as its tutorials have it: a module, a loop over shuffled batches, fused Adam."""

import numpy as np
import torch
from torch import nn

from benchmarks.contenders import NETWORKS, Trainer
from rnn_utils import Recipe

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


class Classifier(nn.Module):
    """A recurrent network whose last state, of each direction, is read out.

    Its RNN and LSTM have a second bias in every gate, which adds parameters, not products.
    """

    def __init__(self, network: str, recipe: Recipe) -> None:
        super().__init__()
        layer = {"deep": nn.GRU, "lstm": nn.LSTM}.get(network, nn.RNN)
        form = NETWORKS[network]
        self.directions = form.directions
        how = {"bidirectional": form.directions == 2, "batch_first": True}
        depth = len(form.layer_inputs(recipe))
        self.recurrent = layer(recipe.n_input, recipe.n_hidden, num_layers=depth, **how)
        self.read_out = nn.Linear(self.directions * recipe.n_hidden, recipe.n_classes)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Return logits (batch, n_classes) for rows (batch, n_steps, n_input)."""
        _, last = self.recurrent(rows)
        h = last[0] if isinstance(last, tuple) else last  # (layers * directions, batch, n_hidden)
        return self.read_out(h[-self.directions :].transpose(0, 1).flatten(1))


def prepare(network: str, recipe: Recipe, sequences: np.ndarray, labels: np.ndarray) -> Trainer:
    """Build a network and its optimiser."""
    torch.manual_seed(recipe.seed)
    x = torch.from_numpy(sequences).to(DEVICE)
    y = torch.from_numpy(labels.astype(np.int64)).to(DEVICE)
    model = Classifier(network, recipe).to(DEVICE)
    optimizer = torch.optim.Adam(model.parameters(), lr=recipe.learning_rate, fused=True)
    cross_entropy = nn.CrossEntropyLoss()

    def epoch() -> float:
        losses = []
        for batch in torch.randperm(len(x), device=DEVICE).split(recipe.batch_size):
            optimizer.zero_grad()
            loss = cross_entropy(model(x[batch]), y[batch])
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        return torch.stack(losses).mean().item()

    return Trainer(sum(p.numel() for p in model.parameters()), epoch, epoch)
