"""Golden steps of package train's optimisers: what torch.optim makes of gradients.

    python tools/golden/optimizer.py        # writes train/testdata/optimizers.json

Needs torch 2.15.0 and numpy.
"""
import json
import pathlib

import numpy as np
import torch

CASES = [
    ({"kind": "sgd", "learning_rate": 0.1}, lambda p, lr: torch.optim.SGD(p, lr)),
    ({"kind": "sgd", "learning_rate": 0.1, "momentum": 0.9}, lambda p, lr: torch.optim.SGD(p, lr, momentum=0.9)),
    ({"kind": "sgd", "learning_rate": 0.05, "momentum": 0.8, "nesterov": True, "weight_decay": 0.01}, lambda p, lr: torch.optim.SGD(p, lr, momentum=0.8, nesterov=True, weight_decay=0.01)),
    ({"kind": "adamw", "learning_rate": 0.01}, lambda p, lr: torch.optim.AdamW(p, lr, weight_decay=0.0)),
    ({"kind": "adamw", "learning_rate": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 1e-6, "weight_decay": 0.1}, lambda p, lr: torch.optim.AdamW(p, lr, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.1)),
]


def main():
    assert torch.__version__.startswith("2.15.0"), torch.__version__
    r = np.random.default_rng(20260303)
    out = []
    for spec, make in CASES:
        w = torch.from_numpy(r.standard_normal(12).astype(np.float32)).requires_grad_()
        case = {"optimizer": spec, "start": w.tolist(), "steps": []}
        opt = make([w], spec["learning_rate"])
        for _ in range(6):
            g = r.standard_normal(12).astype(np.float32)
            w.grad = torch.from_numpy(g)
            opt.step()
            case["steps"].append({"grad": g.tolist(), "weight": w.tolist()})
        out.append(case)
    path = pathlib.Path(__file__).parents[2] / "train" / "testdata" / "optimizers.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in out) + "\n]\n")
    print(len(out), "cases", path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
