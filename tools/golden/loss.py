"""Golden losses of models with one output: what torch.nn.BCEWithLogitsLoss and its
gradient give, in float64 and in float32, with targets that are smoothed, and with the
divergence from a teacher.

    python tools/golden/loss.py        # writes internal/autodiff/testdata/onelogit.json

Needs torch 2.15.0 and numpy.
"""
import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

SPECS = [
    {},
    {"smoothing": 0.1},
    {"distill": 0.7, "temperature": 2.0},
    {"distill": 1.0},
    {"smoothing": 0.2, "distill": 0.5, "temperature": 8.0},
]
EDGES = [0.0, -0.0, 1e-6, -1e-6, 17.0, -17.0, 40.0, -40.0, 88.0, -88.0, 120.0, -120.0]


def loss_of(spec, logits, labels, teacher):
    smoothing, distill, temperature = spec.get("smoothing", 0.0), spec.get("distill", 0.0), spec.get("temperature", 4.0)
    target = labels.to(logits.dtype) * (1 - smoothing) + smoothing / 2
    loss = torch.nn.BCEWithLogitsLoss()(logits, target)
    if distill > 0:
        two = [torch.log_softmax(torch.stack([torch.zeros_like(x), x], 1) / temperature, 1) for x in (logits, teacher)]
        loss = (1 - distill) * loss + distill * temperature**2 * F.kl_div(two[0], two[1], log_target=True, reduction="batchmean")
    return loss


def main():
    assert torch.__version__.startswith("2.15.0"), torch.__version__
    r = np.random.default_rng(20261129)
    out = []
    for spec in SPECS:
        logits = np.concatenate([r.standard_normal(20) * 4, EDGES, EDGES]).astype(np.float32)
        labels = np.concatenate([r.integers(0, 2, 20), [0] * len(EDGES), [1] * len(EDGES)])
        teacher = (r.standard_normal(len(logits)) * 4).astype(np.float32)
        case = {"loss": spec, "logits": logits.tolist(), "labels": labels.tolist(), "teacher": teacher.tolist()}
        for name, dtype in (("float64", torch.float64), ("float32", torch.float32)):
            x = torch.tensor(logits, dtype=dtype, requires_grad=True)
            loss = loss_of(spec, x, torch.tensor(labels), torch.tensor(teacher, dtype=dtype))
            loss.backward()
            case[name] = {"loss": loss.item(), "gradient": x.grad.tolist()}
        out.append(case)
    path = pathlib.Path(__file__).parents[2] / "internal" / "autodiff" / "testdata" / "onelogit.json"
    path.write_text("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in out) + "\n]\n")
    print(len(out), "cases", path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
