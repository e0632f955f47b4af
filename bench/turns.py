"""Measuring in turns: every engine runs a short while in each round, and only figures of one round are compared."""

import statistics
import sys
import time
from pathlib import Path

from engines import NotMeasured, Worker


def start_all(engines, make) -> tuple[dict, dict]:
    """Workers by name, started one after the other, and the reasons why others could not be."""
    workers, missing = {}, {}
    for engine in engines:
        try:
            workers[engine.name] = make(engine)
        except (NotMeasured, OSError) as e:
            missing[engine.name] = str(e)
    return workers, missing


def race(engines, make, rounds: int, slice_ms: float) -> dict:
    """Times of every engine, round by round: {"engines": {name: {...}}, "missing": {name: reason}}."""
    workers, missing = start_all(engines, make)
    counts, times = {}, {}
    for name in list(workers):
        try:
            slowest = min(workers[name].run(5)[2:])
            counts[name], times[name] = max(2, round(slice_ms / slowest)), []
        except NotMeasured as e:
            missing[name] = str(e)
            del workers[name]
    try:
        for r in range(rounds):
            order = list(workers)
            turn = r % max(1, len(order))
            for name in order[turn:] + order[:turn]:
                try:
                    # The first run finds caches and threads as the engine before left them.
                    times[name].append(statistics.median(workers[name].run(1 + counts[name])[1:]))
                except NotMeasured as e:
                    missing[name] = str(e)
                    del workers[name], times[name]
                time.sleep(0.01)  # threads that still spin for more work give up
        ready = {name: w.ready for name, w in workers.items()}
    finally:
        for w in workers.values():
            w.close()
    result = {}
    for name, t in times.items():
        result[name] = {"rounds_ms": t, "best_ms": min(t), "median_ms": statistics.median(t),
                        "runs_per_round": counts[name], "argmax": ready[name]["argmax"], "isa": ready[name].get("isa")}
    return {"engines": result, "missing": missing}


def speeds(result: dict, pairs: dict) -> dict:
    """For each engine of octet and each peer, and the fastest peer of each round: how many times faster octet is,
    the peer's time divided by octet's, as the spread of the rounds."""
    measured = {name: e["rounds_ms"] for name, e in result["engines"].items()}
    out = {}
    for own, peers in pairs.items():
        present = [p for p in peers if p in measured]
        if own not in measured or not present:
            continue
        rivals = {p: measured[p] for p in present}
        if len(present) > 1:
            rivals["best of all"] = [min(times) for times in zip(*rivals.values())]
        out[own] = {p: spread([b / a for a, b in zip(measured[own], t)]) for p, t in rivals.items()}
    return out


def spread(values: list[float]) -> dict:
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def starts(engines, make, repeats: int) -> dict:
    """Process start to first answer and peak memory after a few more runs, in fresh processes, in turns."""
    times, peaks, missing = {}, {}, {}
    for _ in range(repeats):
        for engine in engines:
            if engine.name in missing:
                continue
            try:
                worker = make(engine)
                worker.run(3)
                worker.close()
            except (NotMeasured, OSError) as e:
                missing[engine.name] = str(e)
                continue
            times.setdefault(engine.name, []).append(worker.startup_ms)
            peaks.setdefault(engine.name, []).append(worker.peak_mb)
    result = {}
    for name, t in times.items():
        if name in missing:
            continue
        known = [p for p in peaks[name] if p is not None]
        result[name] = {"startup_ms": spread(t), "peak_rss_mb": max(known) if known else None}
    return {"engines": result, "missing": missing}
