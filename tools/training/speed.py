"""Time and memory of a step of quantization-aware training: octet beside PyTorch.

    go build ./cmd/octet
    python tools/training/speed.py --octet ./octet

trains mobilenet_v2 and resnet18 on random images, 16 of 224x224 at a time with two
threads, in a fresh process for every measurement, the programs in turns, and prints
for each of them the median time of a step (forward, backward, optimiser), its ratio
to PyTorch's of the same turn (the median over the turns), and the largest resident
memory of the process. While observers run and batch norms train:

    PyTorch       torch.ao.quantization.prepare_qat, the backend's default qconfig
    octet         its own numbers
    compatible    octet --torch-compatible: PyTorch's numbers

and, under the same names with "frozen", once both are frozen. PyTorch's times are the
better of two memory formats unless --format says which. The first two steps of a
process, which plan and warm up, do not count.

Needs torch 2.15.0, torchvision 0.29.2 and numpy.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np

SKIPPED = 2
RATE, MOMENTUM, DECAY = 1e-3, 0.9, 1e-4


def worker(a):
    """one measurement of PyTorch: prints the seconds of every step"""
    import torch
    import torchvision
    from torch.ao import quantization as tq

    warnings.filterwarnings("ignore")
    assert torch.__version__.startswith("2.15.0"), torch.__version__
    torch.set_num_threads(a.threads)
    torch.backends.quantized.engine = a.backend
    net = getattr(torchvision.models.quantization, a.archs)(weights=None, quantize=False)
    net.load_state_dict(torch.load(a.model, weights_only=True))
    net.train()
    net.fuse_model(is_qat=True)
    net.qconfig = tq.get_default_qat_qconfig(a.backend)
    tq.prepare_qat(net, inplace=True)
    data = np.load(a.data)
    x, y = torch.from_numpy(data["x"]), torch.from_numpy(data["y"])
    if a.format == "channels_last":
        net, x = net.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(net.parameters(), RATE, momentum=MOMENTUM, weight_decay=DECAY, nesterov=True)
    times = []
    for step in range(a.steps + SKIPPED):
        if a.frozen and step == 1:  # ranges need one batch
            net.apply(tq.disable_observer)
            net.apply(torch.nn.intrinsic.qat.freeze_bn_stats)
        at = step * a.batch % len(x)
        start = time.perf_counter()
        loss = torch.nn.functional.cross_entropy(net(x[at : at + a.batch]), y[at : at + a.batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        times.append(time.perf_counter() - start)
    print(json.dumps(times))


def peak_of(command, environment):
    """output of a command, and the largest resident memory of its process in bytes"""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)}\nended with code {process.returncode}")
    return out, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


class Bench:
    def __init__(self, a, arch, folder):
        self.a, self.arch = a, arch
        self.model, self.data, self.folder = folder / f"{arch}.pth", folder / "data.npz", folder
        self.environment = os.environ | {"OMP_NUM_THREADS": str(a.threads)}

    def pytorch(self, layout, frozen):
        a = self.a
        command = [sys.executable, __file__, "--worker", "--archs", self.arch, "--format", layout, "--model", self.model, "--data", self.data]
        command += ["--batch", a.batch, "--threads", a.threads, "--steps", a.steps, "--backend", a.backend] + ["--frozen"] * frozen
        out, peak = peak_of([str(c) for c in command], self.environment)
        return json.loads(out)[SKIPPED:], peak

    def octet(self, compatible, frozen):
        a, log = self.a, self.folder / "steps.jsonl"
        log.unlink(missing_ok=True)
        share = "0.01" if frozen else "1"  # as in PyTorch, from the second step on
        command = [a.octet, "qat", self.model, "--arch", self.arch, "--data", self.data, "--output", self.folder / "int8.pth", "--checkpoint", "none"]
        command += ["--backend", a.backend, "--batch-size", a.batch, "--epochs", a.steps + SKIPPED, "--steps", a.steps + SKIPPED, "--threads", a.threads]
        command += ["--lr", RATE, "--momentum", MOMENTUM, "--weight-decay", DECAY, "--schedule", "constant", "--warmup", 0, "--augment", "none"]
        command += ["--calibrate", 0, "--freeze-observers", share, "--freeze-norms", share]
        command += ["--metrics", log, "--json", "--quiet"] + ["--torch-compatible"] * compatible
        _, peak = peak_of([str(c) for c in command], self.environment)
        steps = [json.loads(line) for line in log.read_text().splitlines()]
        return [s["seconds"] for s in steps if "lr" in s][SKIPPED:], peak

    def ways(self):
        """what is measured, by name; PyTorch's come first"""
        layouts = ["contiguous", "channels_last"] if self.a.format == "both" else [self.a.format]
        ways = {}
        for suffix, frozen in (("", False), (" frozen", True)):
            for layout in layouts:
                ways[f"PyTorch {layout}{suffix}"] = lambda layout=layout, frozen=frozen: self.pytorch(layout, frozen)
            ways[f"octet{suffix}"] = lambda frozen=frozen: self.octet(False, frozen)
            ways[f"compatible{suffix}"] = lambda frozen=frozen: self.octet(True, frozen)
        return {k: v for k, v in ways.items() if k.endswith("frozen") in {"both": (True, False), "training": (False,), "frozen": (True,)}[self.a.phase]}

    def run(self):
        ways, times, peaks = self.ways(), {}, {}
        for turn in range(self.a.turns):
            for name, measure in ways.items():
                seconds, peak = measure()
                times.setdefault(name, []).append(statistics.median(seconds))
                peaks[name] = max(peak, peaks.get(name, 0))
                print(f"  turn {turn + 1}, {name}: {times[name][-1]:.3f} s", file=sys.stderr, flush=True)
        print(f"{self.arch}, batch {self.a.batch}, {self.a.size}x{self.a.size}, {self.a.threads} threads, {self.a.backend}, {self.a.turns} turns of {self.a.steps} steps")
        print(f"  {'':32} {'step':>9} {'of PyTorch':>11} {'peak memory':>12}")
        for name in ways:
            theirs = [n for n in ways if n.startswith("PyTorch") and n.endswith("frozen") == name.endswith("frozen")]
            best = [min(times[n][i] for n in theirs) for i in range(self.a.turns)]
            ratio = statistics.median(t / b for t, b in zip(times[name], best))
            print(f"  {name:32} {statistics.median(times[name]):7.3f} s {ratio:11.2f} {peaks[name] / 1e6:8.0f} MB", flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--octet", help="octet's program")
    p.add_argument("--archs", default="mobilenet_v2,resnet18")
    p.add_argument("--backend", default="fbgemm")
    p.add_argument("--batch", type=int, default=16)
    p.add_argument("--size", type=int, default=224)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--steps", type=int, default=4, help="that count, of a process")
    p.add_argument("--turns", type=int, default=5)
    p.add_argument("--format", choices=["contiguous", "channels_last", "both"], default="both")
    p.add_argument("--phase", choices=["training", "frozen", "both"], default="both")
    for name in ("model", "data"):
        p.add_argument(f"--{name}", help=argparse.SUPPRESS)
    for name in ("worker", "frozen"):
        p.add_argument(f"--{name}", action="store_true", help=argparse.SUPPRESS)
    a = p.parse_args()
    if a.worker:
        return worker(a)
    if not a.octet:
        p.error("name octet's program with --octet")
    import torch
    import torchvision

    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        x = rng.standard_normal((2 * a.batch, 3, a.size, a.size), np.float32)
        np.savez(folder / "data.npz", x=x, y=rng.integers(0, 1000, len(x)))
        for arch in a.archs.split(","):
            net = getattr(torchvision.models.quantization, arch)(weights=None, quantize=False)
            torch.save(net.state_dict(), folder / f"{arch}.pth")
            Bench(a, arch, folder).run()


if __name__ == "__main__":
    main()
