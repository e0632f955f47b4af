"""Proves that the tool agrees with a correct engine and finds every planted fault. Takes about a minute."""

import tempfile
from pathlib import Path

import torch

import arithmetic
import capture
import cases
import compare
import models
import report
import saturation
from standin import FAULTS, StandIn

CONVERTED, MINMAX, HISTOGRAM = ("converted",), ("torchvision",), ("default",)
# fault -> (checks to run, verdicts that must break); verdicts in the order of report.verdicts
LAYERS, LOGITS, CODES, WEIGHTS, MIN_MAX, HISTO, LOADS = range(7)
EXPECTED = {
    "": (CONVERTED + MINMAX + HISTOGRAM, set()),
    "refuse": (CONVERTED + MINMAX, {LAYERS, LOGITS, WEIGHTS, MIN_MAX, LOADS}),
    "conv": (CONVERTED, {LAYERS}),
    "drift": (CONVERTED, {LOGITS}),
    "add-body": (CONVERTED, {LAYERS}),
    "add-tail": (CONVERTED, set()),
    "add-tail-two": (CONVERTED, {LAYERS}),
    "scale": (CONVERTED, {LAYERS}),
    "missing": (CONVERTED, {LAYERS}),
    "logits": (CONVERTED, {LOGITS}),
    "weight-scale": (MINMAX, {WEIGHTS}),
    "weight-int": (MINMAX, {WEIGHTS}),
    "activation-scale": (MINMAX, {MIN_MAX}),
    "zero-point": (MINMAX, {MIN_MAX}),
    "key": (MINMAX, {WEIGHTS, LOADS}),
}


def main() -> int:
    assert set(EXPECTED) == set(FAULTS)
    saturating = saturation.probe()
    print(f"pair saturation {saturating}")
    failed = saturation_is_predicted(saturating) + tails_are_where_predicted()
    with tempfile.TemporaryDirectory() as scratch:
        for fault, (checks, broken) in EXPECTED.items():
            failed += planted(fault, checks, broken, saturating, Path(scratch))
    print("self-test passed" if not failed else f"self-test: {failed} failed")
    return 1 if failed else 0


def planted(fault, checks, broken, saturating, scratch) -> int:
    """The verdicts that break are exactly the expected ones."""
    setting = cases.Setting(checks, saturating, images=3, calibration=4, batch_size=2)
    # Three images of 40x56: 24 channels at 10x14 and 32 at 5x7 give adds with a tail.
    case = cases.Case("mobilenet_v2", "fbgemm", "per-channel", 7, (40, 56))
    result = cases.run(case, setting, StandIn(fault), scratch / (fault or "none"))
    found = report.verdicts([result])
    actual = {i for i, v in enumerate(found) if v.ok is False}
    good = actual == broken
    print(f"{'ok  ' if good else 'FAIL'} fault {fault or 'none'!r}: broken verdicts {sorted(actual)}, expected {sorted(broken)}")
    if not good:
        print("\n".join(report.row(result)))
        print(report.table(found))
    return not good


def _converted_model(name, backend, size, seed):
    rng = torch.Generator().manual_seed(seed)
    model = models.build_float(name, size, rng)
    prepared = models.prepare(model, "default", backend, "per-channel" if backend == "fbgemm" else "per-tensor")
    models.calibrate(prepared, models.random_images(2, size, rng), 1)
    return models.convert(prepared, backend), models.random_images(1, size, rng)


def saturation_is_predicted(saturating) -> int:
    """Images far beyond the calibrated range: every difference from exact arithmetic lies in the predicted outputs."""
    failed = 0
    for name in ("resnet18", "mobilenet_v2"):
        model, images = _converted_model(name, "fbgemm", (64, 64), 11)
        trace = capture.trace(model, images * 3)
        exact = {n.name: capture.Value(arithmetic.compute(n, "fbgemm"), n.output.scale, n.output.zero_point) for n in trace.nodes}
        result = compare.compare_layers(trace, exact, saturating, "fbgemm")
        unaware = compare.compare_layers(trace, exact, dict.fromkeys(saturating, False), "fbgemm")
        good = result.total("wrong") == 0
        if any(saturating.values()):
            good &= result.total("saturating_differ") > 0 and unaware.total("wrong") > 0
        else:
            good &= result.total("saturating") == 0
        print(
            f"{'ok  ' if good else 'FAIL'} saturation {name}: {result.total('saturating')} predicted, "
            f"{result.total('saturating_differ')} differ, {result.total('wrong')} outside; unaware {unaware.total('wrong')}"
        )
        failed += not good
    return failed


def tails_are_where_predicted() -> int:
    """Adds on tie-rich scales: PyTorch departs from the vector formula, and only in the tail."""
    rng, found, outside = torch.Generator().manual_seed(3), 0, 0
    quantized = torch.ops.quantized
    torch.backends.quantized.engine = "fbgemm"
    for _ in range(4000):
        a, b = (
            torch._make_per_tensor_quantized_tensor(
                torch.randint(0, 256, (1, 7, 3, 3), dtype=torch.uint8, generator=rng).contiguous(memory_format=torch.channels_last),
                0.1 + 0.1 * float(torch.rand(1, generator=rng)),
                int(torch.randint(0, 256, (1,), generator=rng)),
            )
            for _ in range(2)
        )
        scale = 2 * a.q_scale()
        theirs = capture.Value.of(quantized.add(a, b, scale, 100))
        ours = arithmetic.add_float(capture.Value.of(a), capture.Value.of(b), scale, 100, False)
        differs = ours != theirs.data
        found += int(differs.sum())
        outside += int((differs & ~compare.tail_mask(theirs)).sum())
    good = outside == 0
    print(f"{'ok  ' if good else 'FAIL'} tails: {found} adds depart from the vector formula, {outside} outside the tail")
    return not good
