"""Compares the integers of models that octet converted with those of convert_fx, key by key.

    go build -o checkpoints ./tools/checkpoints && python tools/checkpoints/integers.py ./checkpoints FOLDER

FOLDER is what fullsize.py made. Each prepared model is converted by octet and saved; the file must hold the weights, biases,
scales and zero points of convert_fx's model. What FX graph mode keeps beside all modules (layer1_0_relu_scale_0) has other
names in octet's files, which are eager mode's; these are compared as a set.
"""

import collections
import pathlib
import re
import subprocess
import sys
import tempfile
import warnings

import torch

warnings.filterwarnings("ignore")


def numbers(state):
    """By key: everything that a value holds, as something that can be compared."""
    out = {}
    for key, value in state.items():
        if key.endswith("._packed_params._packed_params"):
            weight, bias = value
            out[key + ".weight"], out[key + ".bias"] = of(weight), of(bias)
        elif isinstance(value, torch.Tensor):
            out[key] = of(value)
    return out


def of(t):
    if t is None:
        return None
    if not t.is_quantized:
        return tuple(t.detach().flatten().tolist())
    if t.qscheme() == torch.per_tensor_affine:
        parameters = t.q_scale(), t.q_zero_point()
    else:
        parameters = tuple(t.q_per_channel_scales().float().tolist()), tuple(t.q_per_channel_zero_points().tolist())
    return parameters, tuple(t.int_repr().flatten().tolist())


BESIDE = re.compile(r"^\w+_scale_\d+$")


def functions(state, keys):
    """The pairs of scale and zero point that only one of two files has under these keys."""
    pairs = collections.Counter()
    for k in keys:
        if BESIDE.match(k) or k.endswith(".scale"):
            head, _, tail = k.rpartition("scale")
            pairs[state[k], state[head + "zero_point" + tail]] += 1
    return set(pairs)


def compare(ours, theirs):
    """The keys that differ."""
    wrong = [k for k in ours.keys() & theirs.keys() if ours[k] != theirs[k]]
    rest = functions(theirs, theirs.keys() - ours.keys())
    known = functions(ours, ours.keys())
    wrong += [f"scale and zero point {p}" for p in rest - known]
    wrong += [k for k in theirs.keys() - ours.keys() if not BESIDE.match(k) and not re.match(r"^\w+_zero_point_\d+$", k)]
    return wrong, len(ours.keys() & theirs.keys()), len(rest)


def main():
    checkpoints, root = sys.argv[1], pathlib.Path(sys.argv[2])
    failed = 0
    for folder in sorted(root.glob("*.prepared")):
        theirs = numbers(torch.load(root / folder.name.replace(".prepared", ".converted") / "model.pth", weights_only=False))
        with tempfile.TemporaryDirectory() as work:
            saved = pathlib.Path(work) / "int8.pth"
            _, arch, _, backend = (folder / "flags.txt").read_text().split()
            subprocess.run([checkpoints, "-save", folder / "model.pth", saved, arch, backend], check=True)
            ours = numbers(torch.load(saved, weights_only=False))
        wrong, shared, beside = compare(ours, theirs)
        failed += bool(wrong)
        print(f"{folder.name:48} {shared} keys and {beside} parameters of functions {'equal' if not wrong else 'DIFFER: ' + ', '.join(sorted(wrong)[:5])}", flush=True)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
