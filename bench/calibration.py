"""Calibration in images per second: octet beside torch.ao, in turns, with the default observers of fbgemm."""

import argparse
import dataclasses
import statistics
import sys

import machine
import report
import run
from engines import CALIBRATION, Worker
from turns import spread


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__, parents=[run.common()])
    p.add_argument("--models", default="resnet50", help="quantizable networks of torchvision")
    p.add_argument("--batches", default="1,8,32", help="images per batch")
    p.add_argument("--images", type=int, default=64, help="of a run")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--rounds", type=int, default=3)
    args = p.parse_args()
    args.models, args.batches = args.models.split(","), [int(b) for b in args.batches.split(",")]
    return args


def main() -> None:
    args = arguments()
    octet = args.octet or run.build_octet(args.cache)
    run.build_models(args.cache, args.models, [1, args.images], args.seed)
    print(report.machine(machine.describe(octet), args.isa))
    print(f"- {args.rounds} rounds of {args.images} images, {args.threads} threads\n")
    rows = [["model", "batch", *(e.name for e in CALIBRATION), "octet is times faster: median (min .. max)"]]
    for model in args.models:
        for batch in args.batches:
            speeds = race(args, octet, model, batch)
            ratios = [own / peer for own, peer in zip(*speeds)]
            rows.append([model, str(batch), *(f"{statistics.median(s):.1f}" for s in speeds), report.spread(spread(ratios))])
            print(" ".join(rows[-1]), file=sys.stderr)
    print(report.table(rows))


def race(args, octet: str, model: str, batch: int) -> list[list[float]]:
    """Images per second of each engine, round by round."""
    folder = args.cache / "models" / f"{model}-seed{args.seed}"
    engines = [dataclasses.replace(e, calibrate=batch) for e in CALIBRATION]
    workers = [Worker(e, octet, args.isa, folder, args.images, args.threads) for e in engines]
    speeds = [[] for _ in workers]
    for w in workers:
        w.run(1)  # finds memory and caches cold
    for _ in range(args.rounds):
        for w, s in zip(workers, speeds):
            s.append(args.images / w.run(1)[0] * 1e3)
    for w in workers:
        w.close()
    return speeds


if __name__ == "__main__":
    main()
