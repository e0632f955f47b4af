"""Small random networks for make.py: each is drawn from a seed, a chain of layers on images and then on vectors."""

import torch
from torch import nn
from torch.nn import functional as F


class Call(nn.Module):
    """a function as a layer"""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class Residual(nn.Module):
    def __init__(self, inside, join):
        super().__init__()
        self.inside, self.join = inside, join

    def forward(self, x):
        return self.join(x, self.inside(x))


class Attention(nn.Module):
    def __init__(self, width, heads, causal):
        super().__init__()
        self.qkv, self.out, self.heads, self.causal = nn.Linear(width, 3 * width), nn.Linear(width, width), heads, causal

    def forward(self, x):
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)
        return self.out(F.scaled_dot_product_attention(q, k, v, is_causal=self.causal).transpose(1, 2).flatten(2))


def pointwise(pick):
    return pick([
        nn.ReLU, nn.ReLU6, nn.Hardswish, nn.Hardsigmoid, nn.SiLU, nn.GELU, lambda: nn.GELU("tanh"), nn.ELU, nn.Sigmoid, nn.Tanh,
        nn.LeakyReLU, nn.Mish, nn.Softplus, nn.SELU, nn.CELU, nn.Softsign, lambda: nn.Hardtanh(-0.5, 0.75), lambda: nn.LeakyReLU(0.2),
        lambda: nn.ReLU(inplace=True), lambda: nn.Hardswish(inplace=True), lambda: nn.Dropout(0.3), nn.LogSigmoid,
        lambda: Call(torch.abs), lambda: Call(lambda x: torch.exp(-x.abs())), lambda: Call(lambda x: torch.sqrt(x * x + 1)),
        lambda: Call(lambda x: x.clamp(-0.3, 0.9)), lambda: Call(lambda x: x.clamp(min=-0.2)), lambda: Call(lambda x: x.pow(2)),
        lambda: Call(lambda x: torch.where(x > 0.1, x, -0.5 * x)), lambda: Call(lambda x: x.masked_fill(x < 0, 0.25)),
        lambda: Call(lambda x: 1 - x), lambda: Call(lambda x: 2 / (x.abs() + 1)), lambda: Call(lambda x: x.add(x.sin(), alpha=0.5)),
        lambda: Call(lambda x: torch.maximum(x, -x.cos())), lambda: Call(lambda x: x.erf()), lambda: Call(lambda x: torch.rsqrt(x * x + 0.5)),
        lambda: Call(lambda x: (x.floor() + x.round()) * 0.1 + x.sign() * x.log1p().nan_to_num() if False else x.floor() * 0.1 + x.sign()),
        lambda: Call(lambda x: x.sub(1.5, alpha=2).neg().reciprocal()), lambda: Call(lambda x: ((x > 0) & (x < 1)).float() + x),
        lambda: Call(lambda x: x.clone().mul_(2).add_(1)), lambda: Call(lambda x: torch.fmod(x, 0.7) + torch.remainder(x, 0.4)),
        lambda: Call(lambda x: torch.lerp(x, x * x, 0.25)), lambda: Call(lambda x: torch.addcmul(x, x, x, value=0.5)),
        lambda: Call(lambda x: torch.log1p(x.abs()) - torch.expm1(x.clamp(max=1))), lambda: Call(lambda x: torch.log2(x * x + 0.5)),
        lambda: Call(lambda x: torch.trunc(x * 3) - torch.frac(x * 2)),
        lambda: Call(lambda x: F.glu(torch.cat([x, x * 0.5], 1), 1)), lambda: Call(lambda x: x.square() - torch.minimum(x, x * 0 + 0.3)),
    ])()  # fmt: skip


def image_layer(pick, c):
    """a layer on [N, c, H, W], and its channels"""
    out = pick([4, 6, 8])
    return pick([
        lambda: (nn.Conv2d(c, out, pick([1, 3, (1, 3), 5]), padding=pick([1, 2, (1, 2)]), bias=pick([True, False])), out),
        lambda: (nn.Conv2d(c, out, 3, stride=pick([1, 2]), padding="valid" if pick([0, 1]) else 1, dilation=1), out),
        lambda: (nn.Conv2d(c, c, 3, padding="same", groups=c, dilation=pick([1, 2])), c),
        lambda: (nn.Conv2d(c, c, 3, padding=1, padding_mode=pick(["reflect", "replicate", "circular"])), c),
        lambda: (nn.ConvTranspose2d(c, out, pick([2, 3]), stride=2, padding=pick([0, 1]), output_padding=pick([0, 1])), out),
        lambda: (nn.BatchNorm2d(c), c),
        lambda: (nn.Sequential(nn.Conv2d(c, out, 3, padding=1), nn.BatchNorm2d(out), nn.ReLU()), out),
        lambda: (nn.GroupNorm(2, c), c),
        lambda: (nn.InstanceNorm2d(c, affine=pick([True, False])), c),
        lambda: (nn.MaxPool2d(pick([2, 3]), stride=pick([1, 2]), padding=1, ceil_mode=pick([True, False])), c),
        lambda: (nn.AvgPool2d(pick([2, 3]), stride=pick([1, 2]), padding=1, count_include_pad=pick([True, False])), c),
        lambda: (nn.Upsample(scale_factor=2, mode=pick(["nearest", "bilinear"])), c),
        lambda: (Call(lambda x: F.interpolate(x, size=(9, 11), mode="bilinear", align_corners=True)), c),
        lambda: (Call(lambda x: F.interpolate(x, size=(9, 11), mode=["nearest", "nearest-exact", "bicubic"][c % 3])), c),
        lambda: (nn.AdaptiveAvgPool2d(pick([3, (4, 5)])), c),
        lambda: (nn.PReLU(pick([1, c])), c),
        lambda: (nn.LocalResponseNorm(3), c),
        lambda: (nn.ZeroPad2d((1, 0, 2, 1)), c),
        lambda: (nn.PixelShuffle(2) if c % 4 == 0 else nn.ChannelShuffle(2), c // 4 if c % 4 == 0 else c),
        lambda: (nn.PixelUnshuffle(1), c),
        lambda: (Call(lambda x: F.pad(x, (1, 2, 0, 1), value=0.5)), c),
        lambda: (Call(lambda x: torch.cat(x.chunk(2, 1)[::-1], 1)), c),
        lambda: (Call(lambda x: torch.cat(x.split([1, c - 1], 1)[::-1], 1)), c),
        lambda: (Call(lambda x: x.roll((1, -2), (2, 3))), c),
        lambda: (Call(lambda x: x.flip(3)), c),
        lambda: (Call(lambda x: x.transpose(2, 3).contiguous()), c),
        lambda: (Call(lambda x: x[:, :, 1:, ::2]), c),
        lambda: (Call(lambda x: x[:, [c - 1, 0, 1]]), 3),
        lambda: (Call(lambda x: x * x.mean((2, 3), keepdim=True)), c),
        lambda: (Call(lambda x: x - x.amax(1, keepdim=True) + x.amin((2, 3), keepdim=True)), c),
        lambda: (Call(lambda x: x / (x.norm(dim=1, keepdim=True) + 1)), c),
        lambda: (Call(lambda x: F.normalize(x, dim=1)), c),
        lambda: (Call(lambda x: x / (x.std(1, keepdim=True) + x.var((2, 3), keepdim=True) + 1)), c),
        lambda: (Call(lambda x: torch.softmax(x, 1) + x.log_softmax(3)), c),
        lambda: (Call(lambda x: x.sum(2, keepdim=True) * 0.1 + x.cumsum(3) * 0.1), c),
        lambda: (Call(lambda x: torch.stack([x[:, 0], x[:, 1], x.mean(1)], 1)), 3),
        lambda: (Call(lambda x: x.repeat(1, 2, 1, 1)), 2 * c),
        lambda: (Call(lambda x: torch.einsum("nchw,cd->ndhw", x, torch.eye(c) + 0.1)), c),
        lambda: (Residual(nn.Conv2d(c, c, 3, padding=1), pick([torch.add, torch.sub, torch.mul])), c),
        lambda: (Residual(nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(c, c, 1), nn.Sigmoid()), torch.mul), c),
        lambda: (pointwise(pick), c), lambda: (pointwise(pick), c), lambda: (pointwise(pick), c), lambda: (pointwise(pick), c),
    ])()  # fmt: skip


def token_layer(pick, width):
    """a layer on [N, tokens, width]"""
    return pick([
        lambda: nn.LayerNorm(width, elementwise_affine=pick([True, False])), lambda: Attention(width, 2, pick([True, False])),
        lambda: Residual(nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)), torch.add),
        lambda: nn.Linear(width, width, bias=pick([True, False])), lambda: nn.MultiheadAttention(width, 2, batch_first=True),
        lambda: Call(lambda x: x @ x.transpose(1, 2) @ x * 0.1), lambda: Call(lambda x: torch.baddbmm(x, x @ x.mT, x, alpha=0.1)),
        lambda: Call(lambda x: x.softmax(-1) * x.argmax(-1, keepdim=True)), lambda: Call(lambda x: x.topk(3, 1)[0]),
        lambda: Call(lambda x: x.sort(1, descending=True)[0]), lambda: Call(lambda x: x.masked_fill(torch.ones(width, width).tril()[: x.shape[1]] == 0, 0)),
        lambda: nn.Conv1d(x_tokens, x_tokens, 3, padding=1), lambda: pointwise(pick), lambda: nn.RMSNorm(width),
        lambda: Call(lambda x: F.embedding((x[..., 0] > 0).long() + 1, torch.linspace(-1, 1, 3 * width).view(3, width)) + x),
    ])()  # fmt: skip


x_tokens = 6  # how many there are


class Net(nn.Module):
    def __init__(self, seed):
        super().__init__()
        draw = torch.Generator().manual_seed(seed)

        def pick(options):
            return options[int(torch.randint(len(options), (1,), generator=draw))]

        layers, c = [nn.Conv2d(3, 4, 3, padding=1)], 4
        for _ in range(pick([2, 3, 4, 5])):
            layer, c = image_layer(pick, c)
            layers.append(layer)
        self.features = nn.Sequential(*layers)
        self.tokens = None
        if pick([0, 1]):
            self.bring = nn.Conv2d(c, 8, 1)
            self.tokens = nn.ModuleList([token_layer(pick, 8) for _ in range(pick([1, 2]))])
            c = 8
        self.head = nn.Linear(c, 5)

    def forward(self, x):
        x = self.features(x)
        if self.tokens is None:
            return self.head(x.mean((2, 3)))
        x = F.adaptive_avg_pool2d(self.bring(x), (2, 3)).flatten(2).transpose(1, 2)
        for layer in self.tokens:
            x = layer(x, x, x)[0] if isinstance(layer, nn.MultiheadAttention) else layer(x)
        return self.head(x.mean(1))
