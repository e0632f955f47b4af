"""Golden data of a transformer encoder block: what PyTorch computes for images as tokens.

    python tools/golden/block.py      # writes engine/testdata/block.json and block.bin

The network takes images [N, C, H, W]: a convolution cuts patches, which become tokens
[N, T, C]; two blocks of layer norm, attention, residuals and GELU follow; tokens become
an image again and are averaged. Parameters are stored in the order in which
engine/block_test.go asks for them.

Needs torch 2.15.0 and numpy.
"""
import json
import pathlib

import torch
import torch.nn.functional as F

WIDTH, HEADS, PATCH, CHANNELS = 48, 4, 4, 3


def main():
    assert torch.__version__.startswith("2.15.0"), torch.__version__
    torch.manual_seed(20261101)
    torch.set_num_threads(1)
    params = []

    def new(*shape, scale=None, shift=0.0):
        fan = torch.Size(shape[1:]).numel() if len(shape) > 1 else 1
        t = torch.randn(shape) * (scale if scale is not None else fan**-0.5) + shift
        params.append(t)
        return t

    def norm(x):
        return F.layer_norm(x, (WIDTH,), new(WIDTH, scale=0.1, shift=1.0), new(WIDTH, scale=0.1), 1e-6)

    def linear(x, o):
        return F.linear(x, new(o, x.shape[-1]), new(o, scale=0.1))

    def block(x):
        n, t, c = x.shape
        q, k, v = linear(norm(x), 3 * c).split(c, -1)
        q, k, v = (y.reshape(n, t, HEADS, c // HEADS).permute(0, 2, 1, 3) for y in (q, k, v))
        a = (q @ k.transpose(-2, -1) / (c // HEADS) ** 0.5).softmax(-1)
        x = linear((a @ v).permute(0, 2, 1, 3).reshape(n, t, c), c) + x
        return x + linear(F.gelu(linear(norm(x), 4 * c)), c)

    x = torch.randn(2, CHANNELS, 20, 12)
    h = F.conv2d(x, new(WIDTH, CHANNELS, PATCH, PATCH), new(WIDTH, scale=0.1), stride=PATCH)
    n, c, gh, gw = h.shape
    h = h.flatten(2).permute(0, 2, 1) + new(gh * gw, WIDTH, scale=0.5)
    y = block(block(h))
    pooled = y.permute(0, 2, 1).reshape(n, c, gh, gw).mean((2, 3))
    out = pathlib.Path(__file__).parents[2] / "engine" / "testdata"
    out.mkdir(exist_ok=True)
    data, shapes = b"", []
    for t in [*params, x, y, pooled]:
        shapes.append(list(t.shape))
        data += t.contiguous().numpy().astype("<f4").tobytes()
    (out / "block.json").write_text(json.dumps({"width": WIDTH, "heads": HEADS, "patch": PATCH, "shapes": shapes}) + "\n")
    (out / "block.bin").write_bytes(data)
    print(len(params), "parameters,", len(data), "bytes")


if __name__ == "__main__":
    main()
