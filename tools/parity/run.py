"""Measures octet against PyTorch on fresh models.  usage: python tools/parity/run.py [options]; see README.md."""

import argparse
import itertools
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

import environment

MODELS = (
    "resnet18", "resnet50", "mobilenet_v2", "googlenet", "inception_v3", "mobilenet_v3_large",
    "shufflenet_v2_x0_5", "shufflenet_v2_x1_0", "shufflenet_v2_x1_5", "shufflenet_v2_x2_0",
    "resnext101_32x8d", "resnext101_64x4d", "googlenet+transform_input", "inception_v3+transform_input",
)  # fmt: skip
BACKENDS = ("fbgemm", "qnnpack")
WEIGHTS = ("per-channel", "per-tensor")
CHECKS = {"converted": "converted", "minmax": "torchvision", "histogram": "default"}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compares octet with PyTorch on freshly drawn models, seeds and sizes.")
    names = lambda allowed: lambda text: _subset(parser, text, allowed)
    parser.add_argument("--models", type=names(MODELS), default=MODELS, metavar="A,B")
    parser.add_argument("--backends", type=names(BACKENDS), default=BACKENDS, metavar="A,B")
    parser.add_argument("--weights", type=names(WEIGHTS), default=WEIGHTS, metavar="A,B", help=", ".join(WEIGHTS))
    parser.add_argument("--checks", type=names(tuple(CHECKS)), default=tuple(CHECKS), metavar="A,B", help=", ".join(CHECKS))
    parser.add_argument("--seeds", type=int, default=5, help="seeds per model, backend and kind of weights (default 5)")
    parser.add_argument("--seed", type=int, default=None, help="base seed (default: random, printed)")
    parser.add_argument("--sizes", default="64-192", help="48-192: each side drawn from it; or a list, 224,97x131")
    parser.add_argument("--images", type=int, default=2, help="images compared per case")
    parser.add_argument("--calibration", type=int, default=6, help="calibration images per case")
    parser.add_argument("--batch-size", type=int, default=2, help="calibration batch size")
    parser.add_argument("--fbgemm-isa", choices=("avx2", "native"), default="avx2", help="FBGEMM kernels PyTorch runs")
    parser.add_argument("--octet", type=Path, help="octet binary (default: built from this repository)")
    parser.add_argument("--standin", action="store_true", help="measure the self-test's stand-in instead of octet")
    parser.add_argument("--timeout", type=float, default=900, help="seconds for one call of octet")
    parser.add_argument("--json", type=Path, help="write the full report here")
    parser.add_argument("--keep", type=Path, help="keep the files of every case in this new folder")
    parser.add_argument("--quick", action="store_true", help="one seed of resnet18 and mobilenet_v2 at small sizes")
    parser.add_argument("--selftest", action="store_true", help="check this tool with a stand-in for octet and planted faults")
    options = parser.parse_args()
    if options.quick:
        options.models, options.seeds, options.sizes = ("resnet18", "mobilenet_v2"), 1, "48-80"
    return options


def _subset(parser, text, allowed):
    chosen = tuple(text.split(","))
    for name in chosen:
        if name not in allowed:
            parser.error(f"{name!r} is not one of {', '.join(allowed)}")
    return chosen


def sizes_from(text: str, draw: random.Random):
    """Yields (height, width) for ever: drawn from a range, or going round a list."""
    if "-" in text:
        low, high = (int(part) for part in text.split("-"))
        while True:
            yield draw.randint(low, high), draw.randint(low, high)
    listed = [tuple(int(side) for side in item.split("x")) for item in text.split(",")]
    while True:
        for sides in listed:
            yield sides[0], sides[-1]


def engine_of(options, scratch: Path):
    """octet's binary, given or built, or the stand-in."""
    import octet
    import standin

    if options.standin:
        return standin.StandIn()
    binary = options.octet or octet.build(scratch)
    if not binary.is_file():
        raise octet.OctetError(f"{binary}: no such file")
    return octet.Octet(binary.resolve(), options.timeout)


def main() -> int:
    options = arguments()
    environment.pin(options.fbgemm_isa)
    if options.selftest:
        import selftest

        return selftest.main()
    import cases
    import models
    import octet
    import report

    recorded = environment.record()
    base = options.seed if options.seed is not None else random.SystemRandom().randrange(2**31)
    print(f"base seed {base}; {recorded['cpu']['model']}; torch {recorded['torch']}, FBGEMM {recorded['fbgemm_isa']}, "
          f"pair saturation {recorded['fbgemm_pair_saturation']}", flush=True)  # fmt: skip
    draw = random.Random(base)
    sizes = sizes_from(options.sizes, draw)
    setting = cases.Setting(
        checks=tuple(CHECKS[c] for c in options.checks),
        saturating=recorded["fbgemm_pair_saturation"],
        images=options.images,
        calibration=options.calibration,
        batch_size=options.batch_size,
    )
    results = []
    with tempfile.TemporaryDirectory(prefix="octet-parity-") as scratch:
        root = options.keep or Path(scratch) / "cases"
        try:
            engine = engine_of(options, Path(scratch))
        except octet.OctetError as problem:
            print(f"ERROR {problem}", file=sys.stderr)
            return 2
        for _ in range(options.seeds):
            seed = draw.randrange(2**31)
            for model in options.models:
                for backend, weights in itertools.product(options.backends, options.weights):
                    least = models.LEAST.get(model, 1)
                    size = tuple(max(side, least) for side in next(sizes))
                    case = cases.Case(model, backend, weights, seed, size)
                    folder = root / f"{model}-{backend}-{weights}-{seed}"
                    start = time.time()
                    result = cases.run(case, setting, engine, folder)
                    results.append(result)
                    print("\n".join(report.row(result)) + f"\n    {time.time() - start:.1f} s", flush=True)
                    if not options.keep:
                        shutil.rmtree(folder)
    found = report.verdicts(results)
    print("\n" + report.table(found))
    if options.json:
        options.json.write_text(report.to_json(recorded, base, results, found))
    return 0 if all(v.ok is not False for v in found) else 1


if __name__ == "__main__":
    sys.exit(main())
