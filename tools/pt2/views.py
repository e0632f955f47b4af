"""Networks that write in place, also through views, and read what shares memory afterwards."""

import torch
from torch import nn


def fill_parts(x):
    y = x * 2
    y[:, 0].fill_(0.5)
    y[:, :, 1:3] += 1
    y[:, 1, 2:].mul_(x[:, 2, 2:])
    return y


def read_base(x):
    y = x + 1
    part = y.transpose(2, 3)[:, :, 3]
    part.relu_().add_(0.25)
    return y * part.sum()


def read_other_view(x):
    y = x - 0.5
    a, b = y[:, 0], y.flatten(2) if False else y.view(y.shape[0], 3, -1)
    a.zero_()
    return b.cumsum(2) + y.mean((2, 3))[..., None]


def unbound(x):
    y = x.clone()
    for i, part in enumerate(y.unbind(1)):
        part.add_(float(i))
    first, second = y.chunk(2, 3)
    first.copy_(second)
    return y


def squeezed(x):
    y = torch.zeros(x.shape[0], 1, 3)
    y.squeeze(1).add_(x.mean((2, 3)))
    y.permute(2, 0, 1)[0].masked_fill_(y[:, :, 1] > 0, -1.0)
    return y


def mask(x):
    m = torch.ones(16, 16, dtype=torch.bool)
    m[:8, 8:] = False
    m[8:].logical_not_()
    return x.masked_fill(m, 0.75)


FUNCTIONS = [fill_parts, read_base, read_other_view, unbound, squeezed, mask]


class Net(nn.Module):
    def __init__(self, i):
        super().__init__()
        self.function = FUNCTIONS[i]

    def forward(self, x):
        return self.function(x)
