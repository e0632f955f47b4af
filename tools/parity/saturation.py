"""Where FBGEMM's AVX2 kernels lose exactness: sums of two products saturate to int16.

The reduction runs in the order (kh, kw, channel within the group), zero-padded to a multiple of four, and adds adjacent
products x0*w0 + x1*w1 of the raw codes (a padded pixel is the zero point) in 16 bits. With codes of at most 127 no pair
leaves the range. Kernels with VNNI accumulate in 32 bits; `probe` asks the installed PyTorch which ones run.
"""

import numpy as np
import torch

LIMIT = 32767
SAFE_CODE = 127


def probe() -> dict[str, bool]:
    """For each kind of kernel, whether 255*127 + 255*127 comes out short on this machine."""
    engine = torch.backends.quantized.engine
    torch.backends.quantized.engine = "fbgemm"
    try:
        return {
            "dense": _conv_saturates(channels=16, groups=1, kernel=3),
            "pointwise": _conv_saturates(channels=64, groups=1, kernel=1),
            "depthwise": _conv_saturates(channels=16, groups=16, kernel=3),
            "depthwise 5x5": _conv_saturates(channels=16, groups=16, kernel=5),
            "linear": _linear_saturates(),
        }
    finally:
        torch.backends.quantized.engine = engine


def _quantized(shape, code, channels=None):
    if channels is None:
        return torch._make_per_tensor_quantized_tensor(torch.full(shape, code, dtype=torch.uint8), 1.0, 0)
    ones, zeros = torch.ones(channels, dtype=torch.float64), torch.zeros(channels, dtype=torch.int64)
    return torch._make_per_channel_quantized_tensor(torch.full(shape, code, dtype=torch.int8), ones, zeros, 0)


def _short(result: torch.Tensor) -> bool:
    return int(result.int_repr().min()) < 200


def _conv_saturates(channels, groups, kernel) -> bool:
    weight = _quantized((channels, channels // groups, kernel, kernel), 127, channels)
    # FBGEMM's depthwise kernels run only where the padding keeps the extent.
    pad = kernel // 2 if groups > 1 else 0
    packed = torch.ops.quantized.conv2d_prepack(weight, None, [1, 1], [pad, pad], [1, 1], groups)
    taps = channels // groups * kernel * kernel
    x = _quantized((1, channels, 8, 8), 255)
    inner = slice(2, 4)  # untouched by the padding
    return _short(torch.ops.quantized.conv2d(x, packed, 255 * 127 * taps / 200, 0)[:, :, inner, inner])


def _linear_saturates() -> bool:
    packed = torch.ops.quantized.linear_prepack(_quantized((8, 64), 127, 8), None)
    return _short(torch.ops.quantized.linear(_quantized((1, 64), 255), packed, 255 * 127 * 64 / 200, 0))


def mask(node, saturating: dict[str, bool]) -> np.ndarray | None:
    """Outputs of a node in which some pair saturates (bool, shape of the output), or None when there can be none."""
    x = node.inputs[0]
    if node.op in ("linear", "linear_relu"):
        if not saturating["linear"] or x.data.max() <= SAFE_CODE:
            return None
        weight = node.module.weight().int_repr().numpy()
        return _dense(x.data.reshape(-1, x.data.shape[-1]), weight).reshape(node.output.data.shape)
    if node.op not in ("conv2d", "conv2d_relu") or x.data.max() <= SAFE_CODE:
        return None
    if not saturating[_kind(node.module)]:
        return None
    return _conv(x, node.module)


def _kind(conv) -> str:
    if conv.groups > 1:
        return "depthwise 5x5" if conv.kernel_size == (5, 5) else "depthwise"
    return "pointwise" if conv.kernel_size == (1, 1) else "dense"


def _conv(x, conv) -> np.ndarray:
    weight = conv.weight().int_repr().numpy()
    groups, outputs = conv.groups, weight.shape[0]
    columns = _columns(x.data, x.zero_point, conv)  # [N,OH,OW,kh*kw,C]
    n, height, width, taps, channels = columns.shape
    rows = columns.reshape(n * height * width, taps, groups, channels // groups)
    found = np.zeros((rows.shape[0], outputs), bool)
    share = outputs // groups
    for group in range(groups):
        part = slice(group * share, (group + 1) * share)
        w = weight[part].transpose(0, 2, 3, 1).reshape(share, -1)
        found[:, part] = _dense(rows[:, :, group].reshape(rows.shape[0], -1), w)
    return found.reshape(n, height, width, outputs).transpose(0, 3, 1, 2)


def _columns(data, zero_point, conv) -> np.ndarray:
    """Windows of the padded input, [N,OH,OW,kh*kw,C]."""
    (kh, kw), (sh, sw) = conv.kernel_size, conv.stride
    (ph, pw), (dh, dw) = conv.padding, conv.dilation
    padded = np.pad(data, ((0, 0), (0, 0), (ph, ph), (pw, pw)), constant_values=zero_point)
    height = (padded.shape[2] - dh * (kh - 1) - 1) // sh + 1
    width = (padded.shape[3] - dw * (kw - 1) - 1) // sw + 1
    taps = [
        padded[:, :, i * dh : i * dh + (height - 1) * sh + 1 : sh, j * dw : j * dw + (width - 1) * sw + 1 : sw]
        for i in range(kh)
        for j in range(kw)
    ]
    return np.stack(taps, axis=1).transpose(0, 3, 4, 1, 2)


def _dense(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """x codes [M,K], weight [O,K] -> bool [M,O]. Looks only at pairs with a code and weights large enough."""
    odd = x.shape[1] % 2
    x, weight = np.pad(x, ((0, 0), (0, odd))), np.pad(weight, ((0, 0), (0, odd)))
    found = np.zeros((x.shape[0], weight.shape[0]), bool)
    highest = int(x.max())
    heavy = highest * (np.abs(weight[:, 0::2].astype(np.int32)) + np.abs(weight[:, 1::2].astype(np.int32))) > LIMIT
    loud = np.maximum(x[:, 0::2], x[:, 1::2]) > SAFE_CODE
    for pair in np.flatnonzero(heavy.any(0) & loud.any(0)):
        rows, columns = np.flatnonzero(loud[:, pair]), np.flatnonzero(heavy[:, pair])
        codes = x[rows, 2 * pair : 2 * pair + 2].astype(np.int32)
        total = codes @ weight[columns, 2 * pair : 2 * pair + 2].astype(np.int32).T
        found[np.ix_(rows, columns)] |= (total > LIMIT) | (total < -LIMIT - 1)
    return found
