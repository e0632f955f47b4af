"""Tables of a comparison, as Markdown; they are readable on a terminal too."""

import math

from engines import ENGINES, RATIOS, SINGLE


def markdown(doc: dict) -> str:
    s = doc["settings"]
    rounds = f"- {s['rounds']} rounds of about {s['slice_ms']} ms for each engine; taken {doc['taken']}"
    parts = [machine(doc["machine"], s["isa"]) + "\n" + rounds, *(case(c) for c in doc["cases"]), means(doc["cases"]), *(start(s) for s in doc["starts"])]
    return "\n\n".join(p for p in parts if p) + "\n"


def machine(m: dict, isa: str) -> str:
    versions = ", ".join(f"{k} {v}" for k, v in m["versions"].items() if v)
    lines = [
        f"- CPU: {m['cpu']}, {len(m['cpus'])} CPUs, {' '.join(m['flags'])}",
        f"- octet {m['octet']['version']}: {', '.join(m['octet']['kernels']) or 'portable code'}",
        f"- peers: {versions}",
        f"- instruction sets: {isa or 'all that the CPU has'}; load before the run: {load(m)}",
    ]
    return "\n".join(lines)


def load(m: dict) -> str:
    return "not measured" if m["load"] is None else f"{m['load'][0]:.2f}"


def case(c: dict) -> str:
    """One model, batch and thread count: times, then octet's against the others'."""
    title = f"### {c['model']}, batch {c['batch']}, {c['threads']} thread{'s' if c['threads'] > 1 else ''}"
    rows = [["engine", "best ms", "median ms", "octet is times faster: median (min .. max)", "of"]]
    compared = {peer: (own, r) for own, peers in c["speeds"].items() for peer, r in peers.items() if peer in names()}
    for name in names():
        if name in c["engines"]:
            e = c["engines"][name]
            own, ratio = compared.get(name, ("", None))
            rows.append([name, f"{e['best_ms']:.2f}", f"{e['median_ms']:.2f}", spread(ratio), own])
        elif name in c["missing"]:
            rows.append([name, "not measured", "", "", c["missing"][name].splitlines()[0][:80] if c["missing"][name] else ""])
    for own, peers in c["speeds"].items():
        if "best of all" in peers:
            rows.append([f"**best of all peers of {own}**", "", "", f"**{spread(peers['best of all'])}**", own])
    if "speedup" in c:
        rows.append([f"octet int8: 1 thread / {c['threads']} threads", "", "", spread(c["speedup"]), ""])
    return title + "\n\n" + table(rows)


def names() -> list[str]:
    return [e.name for e in ENGINES] + [SINGLE.name]


def spread(r: dict | None) -> str:
    return "" if r is None else f"{r['median']:.3f} ({r['min']:.3f} .. {r['max']:.3f})"


def means(cases: list[dict]) -> str:
    """Geometric means over the models, of the medians."""
    rows = [["batch", "threads", "octet", "against", "geometric mean", "worst", "models"]]
    for batch, threads in sorted({(c["batch"], c["threads"]) for c in cases}):
        here = [c for c in cases if (c["batch"], c["threads"]) == (batch, threads)]
        for own, peers in RATIOS.items():
            for peer in [*peers, "best of all"]:
                values = [c["speeds"][own][peer]["median"] for c in here if peer in c["speeds"].get(own, {})]
                if values:
                    mean = math.exp(sum(map(math.log, values)) / len(values))
                    rows.append([str(batch), str(threads), own, peer, f"{mean:.3f}", f"{min(values):.3f}", str(len(values))])
    return "### Over all models\n\n" + table(rows) if len(rows) > 1 else ""


def start(s: dict) -> str:
    title = f"### {s['model']}: process start to first answer, peak memory (batch 1, {s['threads']} threads)"
    rows = [["engine", "start ms: median (min .. max)", "peak MB"]]
    for name in names():
        if name in s["engines"]:
            e = s["engines"][name]
            t = e["startup_ms"]
            peak = "not measured" if e["peak_rss_mb"] is None else f"{e['peak_rss_mb']:.1f}"
            rows.append([name, f"{t['median']:.0f} ({t['min']:.0f} .. {t['max']:.0f})", peak])
        elif name in s["missing"]:
            rows.append([name, "not measured", ""])
    return title + "\n\n" + table(rows)


def table(rows: list[list[str]]) -> str:
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    line = lambda r: "| " + " | ".join(v.ljust(w) for v, w in zip(r, widths)) + " |"
    return "\n".join([line(rows[0]), "|" + "|".join("-" * (w + 2) for w in widths) + "|", *map(line, rows[1:])])
