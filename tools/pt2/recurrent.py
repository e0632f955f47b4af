"""Networks of LSTM, GRU and RNN over the lines of an image."""

import torch
from torch import nn

STACKS = [
    ("LSTM", {"num_layers": 2, "bidirectional": True, "batch_first": True}),
    ("LSTM", {"bias": False}),
    ("GRU", {"num_layers": 2, "bidirectional": True}),
    ("GRU", {"batch_first": True}),
    ("RNN", {"num_layers": 3, "nonlinearity": "relu", "batch_first": True}),
    ("RNN", {"bidirectional": True}),
]


class Net(nn.Module):
    """a vector of the outputs and the last states"""

    def __init__(self, number):
        super().__init__()
        torch.manual_seed(number)
        kind, options = STACKS[number]
        self.batch_first = options.get("batch_first", False)
        self.layers = getattr(nn, kind)(input_size=6, hidden_size=5, **options)

    def forward(self, x):
        lines = x[:, :, :, :6].flatten(1, 2)  # [N, T, 6]
        if not self.batch_first:
            lines = lines.transpose(0, 1)
        y, states = self.layers(lines)
        if not self.batch_first:
            y = y.transpose(0, 1)
        states = states if isinstance(states, tuple) else (states,)
        return torch.cat([y[:, -1], y.mean(1)] + [s.transpose(0, 1).flatten(1) for s in states], 1)
