"""From results to rows, verdicts and JSON. A verdict is one promise of the project, with the figures that decide it."""

import dataclasses
import json
import math
from dataclasses import dataclass

from cases import LEAST_CODES, Result
from compare import ADD_ODDS
from ptq import ActivationPool


@dataclass
class Verdict:
    promise: str
    ok: bool | None  # None: not measured
    figures: str


def verdicts(results: list[Result]) -> list[Verdict]:
    return [
        layers(results),
        logits(results),
        codes(results),
        weights(results),
        minmax(results),
        histogram(results),
        torchvision_loads(results),
    ]


def layers(results) -> Verdict:
    promise = "each layer on PyTorch's integers: equal, save 1 in 100,000 adds by one in the tail"
    measured = [r.converted for r in results if r.converted]
    if not measured:
        return Verdict(promise, None, "")
    done = [c.layers for c in measured if c.layers]
    total = lambda what: sum(layer.total(what) for layer in done)
    adds = sum(layer.adds for layer in done)
    bad = sum(len(layer.failures) for layer in done)
    # A short run holds fewer adds than the odds speak of: one difference is then no evidence.
    ok = len(done) == len(measured) and bad == 0 and total("tail") <= max(1, adds // ADD_ODDS)
    return Verdict(
        promise,
        ok,
        f"{total('elements')} integers, {total('wrong')} wrong in {bad} nodes; {adds} adds, {total('tail')} off by one in tails; "
        f"{total('saturating')} saturating excluded ({total('saturating_differ')} differ); "
        f"{len(measured) - len(done)} rows failed",
    )


def logits(results) -> Verdict:
    promise = "end to end: identical logits for 9 of 10 seeds, other first differences PyTorch's own"
    measured = [r.converted for r in results if r.converted]
    if not measured:
        return Verdict(promise, None, "")
    done = [c.end_to_end for c in measured if c.end_to_end]
    same = sum(e.identical for e in done)
    traced = sum(not e.identical and e.ok for e in done)
    ok = same * 10 >= len(measured) * 9 and same + traced == len(measured)
    return Verdict(promise, ok, f"{same} of {len(measured)} identical, {traced} traced, {len(measured) - same - traced} not")


def codes(results) -> Verdict:
    promise = f"logits have at least {LEAST_CODES} distinct codes"
    found = [r.converted.codes for r in results if r.converted]
    if not found:
        return Verdict(promise, None, "")
    return Verdict(promise, min(found) >= LEAST_CODES, f"{min(found)} to {max(found)}")


def _recipes(results, *names):
    return [q for r in results for name, q in r.recipes.items() if name in names]


def weights(results) -> Verdict:
    promise = "PTQ weights: scales to the bit, zero points and integers equal"
    measured = _recipes(results, "torchvision", "default")
    if not measured:
        return Verdict(promise, None, "")
    done = [q.weights for q in measured if q.weights]
    count = lambda what: sum(getattr(w, what) for w in done)
    ok = len(done) == len(measured) and all(w.ok for w in done)
    return Verdict(
        promise,
        ok,
        f"{count('tensors')} tensors, {count('elements')} weights: {count('scale_bits')} scales, {count('zero_points')} zero points, "
        f"{count('integers')} integers differ; {count('bias_bits')} biases differ; {len(measured) - len(done)} rows failed",
    )


def pool(results, recipe: str, itself: bool = False) -> ActivationPool:
    total = ActivationPool()
    for quantized in _recipes(results, recipe):
        part = quantized.itself if itself else quantized.activations
        if part:
            total.merge(part)
        elif not itself:
            total.problems.append("row failed")
    return total


def describe(pooled: ActivationPool) -> str:
    return (
        f"{pooled.tensors} tensors: zero points equal {pooled.share('zero_points_equal'):.2%}, scales within 1e-4 "
        f"{pooled.share('scales_close'):.2%}, to the bit {pooled.share('scales_bitwise'):.2%}, worst {pooled.worst:.2e}"
        + (f", {len(pooled.problems)} problems" if pooled.problems else "")
    )


def minmax(results) -> Verdict:
    promise = "PTQ min/max activations: scales within 1e-4, zero points equal unless within 1e-3 of a half"
    if not _recipes(results, "torchvision"):
        return Verdict(promise, None, "")
    pooled = pool(results, "torchvision")
    itself = describe(pool(results, "torchvision", itself=True))
    found = f"{describe(pooled)}; {len(pooled.unexcused)} zero points wrong; PyTorch against itself: {itself}"
    return Verdict(promise, pooled.minmax_ok(), found)


def histogram(results) -> Verdict:
    promise = "PTQ histogram activations, pooled: zero points 95 %, scales within 1e-4 88 %, none beyond 5 %"
    if not _recipes(results, "default"):
        return Verdict(promise, None, "")
    pooled = pool(results, "default")
    seeds = len({r.case.seed for r in results})
    itself = describe(pool(results, "default", itself=True))
    return Verdict(promise, pooled.histogram_ok(), f"{seeds} seeds, {describe(pooled)}; PyTorch against itself: {itself}")


def torchvision_loads(results) -> Verdict:
    promise = "octet's file loads in torchvision (quantize=True, strict) and gives octet's logits there"
    measured = _recipes(results, "torchvision", "default")
    if not measured:
        return Verdict(promise, None, "")
    strict = sum(q.strict for q in measured)
    same = sum(bool(q.logits and q.logits.identical) for q in measured)
    good = sum(bool(q.logits and q.logits.ok) for q in measured)
    ok = strict == good == len(measured)
    return Verdict(promise, ok, f"{strict} of {len(measured)} load, {same} with identical logits, {good - same} traced to PyTorch")


def row(result: Result) -> list[str]:
    """Lines about one case, first line the summary."""
    case = result.case
    head = f"{case.model:13s} {case.backend:8s} {case.weights:12s} seed {case.seed:<11d} {case.size[0]}x{case.size[1]}"
    lines = []
    if result.converted:
        lines += _converted_lines(result.converted)
    for recipe, quantized in result.recipes.items():
        lines += _quantized_lines(recipe, quantized)
    return [head] + ["    " + line for line in lines]


def _converted_lines(converted) -> list[str]:
    lines = [f"logit codes {converted.codes}, highest activation code {converted.highest}"]
    layers = converted.layers
    if layers:
        lines.append(
            f"layers: {layers.total('elements')} integers, wrong {layers.total('wrong')}, tail adds {layers.total('tail')}, "
            f"saturating {layers.total('saturating')} (differ {layers.total('saturating_differ')})"
        )
        lines += [f"  WRONG {node.name} ({node.op}): {_node(node)}" for node in layers.failures[:8]]
        if layers.extra:
            lines.append(f"  nodes PyTorch does not have: {', '.join(layers.extra[:8])}")
    if converted.end_to_end:
        lines.append("end to end: " + _end(converted.end_to_end))
    return lines + [f"ERROR {error}" for error in converted.errors]


def _quantized_lines(recipe, quantized) -> list[str]:
    lines = []
    weights, activations = quantized.weights, quantized.activations
    if weights:
        lines.append(
            f"{recipe} weights: {weights.tensors} tensors, scales {weights.scale_bits}, zero points {weights.zero_points}, "
            f"integers {weights.integers}, biases {weights.bias_bits} differ"
        )
        lines += [f"  WRONG {problem}" for problem in weights.problems[:8]]
    if activations:
        lines.append(f"{recipe} activations: {describe(activations)}")
        # A histogram's zero points are judged by their share, not one by one.
        unexcused = activations.unexcused[:8] if recipe == "torchvision" else []
        lines += [f"  WRONG {problem}" for problem in activations.problems[:8] + unexcused]
    if quantized.itself:
        lines.append(f"{recipe} PyTorch against itself: {describe(quantized.itself)}")
    if quantized.logits:
        lines.append(f"{recipe} in torchvision: " + _end(quantized.logits))
    return lines + [f"ERROR {recipe}: {error}" for error in quantized.errors]


def _node(node) -> str:
    return node.problem or f"{node.wrong} of {node.elements}, by up to {node.worst}"


def _end(outcome) -> str:
    if outcome.identical:
        return "logits identical"
    if outcome.problem:
        return f"WRONG {outcome.problem}"
    causes = []
    for cause in outcome.causes:
        parts = [f"{cause.saturating_differ} saturating", f"{cause.tail} tail", f"{cause.wrong} unexplained"]
        causes.append(f"{cause.name} ({cause.problem or ', '.join(p for p in parts if not p.startswith('0 '))})")
    verdict = "traced to PyTorch" if outcome.traced else "NOT traced"
    return (
        f"{outcome.differing} logits differ by up to {outcome.worst:.3g}; first in {outcome.first or 'nothing'}; "
        f"causes: {'; '.join(causes[:6]) or 'none'}: {verdict}"
    )


def table(found: list[Verdict]) -> str:
    word = {True: "ok", False: "BROKEN", None: "-"}
    return "\n".join(f"{word[v.ok]:7s} {v.promise}\n        {v.figures or 'not measured'}" for v in found)


def to_json(environment: dict, base_seed: int, results: list[Result], found: list[Verdict]) -> str:
    document = {
        "environment": environment,
        "base_seed": base_seed,
        "verdicts": [dataclasses.asdict(v) for v in found],
        "cases": [dataclasses.asdict(r) for r in results],
    }
    return json.dumps(_finite(document), indent=1)


def _finite(value):
    """NaN and infinity as text: JSON has no number for them."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
