"""One case = model, backend, seed: makes the files, has octet work on them, and compares."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

import capture
import compare
import layerfiles
import models
import ptq
from octet import OctetError

LEAST_CODES = 100
RECIPES = ("torchvision", "default")


@dataclass
class Setting:
    """What the command line decides for every case."""

    checks: tuple[str, ...]
    saturating: dict[str, bool]
    images: int
    calibration: int
    batch_size: int


@dataclass
class Case:
    model: str
    backend: str
    weights: str  # per-channel or per-tensor
    seed: int
    size: tuple[int, int]


@dataclass
class Converted:
    """A model torch.ao converted, run by octet."""

    codes: int = 0
    highest: int = 0  # largest activation code
    layers: compare.LayersResult | None = None
    end_to_end: compare.EndToEnd | None = None
    errors: list[str] = field(default_factory=list)


@dataclass
class Quantized:
    """A model both quantized from the same float file."""

    weights: ptq.WeightResult | None = None
    activations: ptq.ActivationPool | None = None
    itself: ptq.ActivationPool | None = None  # PyTorch against itself without its convolution library
    strict: bool = False  # octet's file loads in torchvision's quantized model
    logits: compare.EndToEnd | None = None
    errors: list[str] = field(default_factory=list)


@dataclass
class Result:
    case: Case
    converted: Converted | None = None
    recipes: dict[str, Quantized] = field(default_factory=dict)


def run(case: Case, setting: Setting, engine, folder: Path) -> Result:
    """`engine` is octet.Octet or a stand-in with the same methods; `folder` must be new."""
    folder.mkdir(parents=True)
    rng = torch.Generator().manual_seed(case.seed)
    model = models.build_float(case.model, case.size, rng)
    calibration = models.random_images(setting.calibration, case.size, rng)
    images = models.random_images(setting.images, case.size, rng)
    np.save(folder / "images.npy", images.numpy())
    np.save(folder / "calibration.npy", calibration.numpy())
    torch.save(model.state_dict(), folder / "float.pth")
    result = Result(case)
    references = {}
    for recipe in RECIPES:
        if recipe in setting.checks or (recipe == "default" and "converted" in setting.checks):
            references[recipe] = ptq.quantize(model, recipe, case.backend, case.weights, calibration, setting.batch_size)
    if "converted" in setting.checks:
        result.converted = _converted(case, setting, engine, folder, references["default"].model, images)
    for recipe in RECIPES:
        if recipe in setting.checks:
            work = folder / recipe
            work.mkdir()
            result.recipes[recipe] = _quantized(
                case, setting, engine, work, recipe, references[recipe], model, calibration, images
            )
    return result


def _converted(case, setting, engine, folder, model, images) -> Converted:
    file = folder / "converted.pth"
    torch.save(model.state_dict(), file)
    torch.backends.quantized.engine = case.backend
    trace = capture.trace(model, images)
    result = Converted(codes=trace.codes)
    result.highest = max(int(node.output.data.max()) for node in trace.nodes)
    np.save(folder / "logits.npy", trace.logits)
    layerfiles.write_feed(folder / "feed", trace, case.model, case.backend)
    if trace.codes < LEAST_CODES:
        result.errors.append(f"only {trace.codes} distinct logit codes, at least {LEAST_CODES} needed")
    try:
        ours = engine.layers(file, case.model, case.backend, folder / "feed", folder / "layers")
        result.layers = compare.compare_layers(trace, ours, setting.saturating, case.backend)
    except OctetError as problem:
        result.errors.append(str(problem))
    try:
        result.end_to_end = _end_to_end(case, setting, engine, folder, file, trace)
    except OctetError as problem:
        result.errors.append(str(problem))
    return result


def _end_to_end(case, setting, engine, folder, file, trace) -> compare.EndToEnd:
    """Logits first, without the dump, as a user runs it; a difference is then traced through the dumped nodes."""
    images = folder.parent / "images.npy" if not (folder / "images.npy").exists() else folder / "images.npy"
    outcome = compare.compare_logits(trace, engine.logits(file, case.model, case.backend, images))
    if not outcome.identical and not outcome.problem:
        dump = folder / "dump"
        engine.logits(file, case.model, case.backend, images, dump)
        compare.explain(outcome, trace, engine.read(dump), setting.saturating, case.backend)
    return outcome


def _quantized(case, setting, engine, folder, recipe, reference, model, calibration, images) -> Quantized:
    result = Quantized()
    with torch.backends.mkldnn.flags(enabled=False):
        other = ptq.quantize(model, recipe, case.backend, case.weights, calibration, setting.batch_size)
    result.itself = ptq.compare_activations(reference.activations, other.activations)
    output = folder / "octet.pth"
    try:
        engine.quantize(
            folder.parent / "float.pth", case.model, case.backend, case.weights, folder.parent / "calibration.npy",
            setting.batch_size, recipe, output,
        )  # fmt: skip
        state = _load(output)
        result.weights = ptq.compare_weights(reference.state, state)
        result.activations = ptq.compare_activations(reference.activations, ptq.activations_of(state))
        loaded = _load_strict(case, state)
        result.strict = True
        trace = capture.trace(loaded, images)
        result.logits = _end_to_end(case, setting, engine, folder, output, trace)
    except OctetError as problem:
        result.errors.append(str(problem))
    return result


def _load(path: Path) -> dict:
    try:
        return torch.load(path, weights_only=True)
    except Exception as problem:  # torch raises many kinds; each means the file is not acceptable
        raise OctetError(f"torch.load({path.name}): {problem}") from problem


def _load_strict(case: Case, state: dict):
    skeleton = models.quantized_skeleton(case.model, case.backend)
    try:
        skeleton.load_state_dict(state, strict=True)
    except Exception as problem:  # as above
        raise OctetError(f"load_state_dict(strict=True): {str(problem)[:300]}") from problem
    return skeleton.eval()
