"""Compares decoded pixels with PIL's on freshly made files of every kind, damaged ones too.

    python tools/transforms/formats.py [--rounds 20] [--seed N] [--family pnm]    # exit status 1 if any pixel differs

A file that PIL refuses must be refused, and one that it reads must give the same pixels. The files are those of
tools/golden/imagefiles.py, with other sizes and contents in every round.
"""

import argparse
import hashlib
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import warnings

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "golden"))
import imagefiles  # noqa: E402


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--family", action="append", choices=list(imagefiles.FAMILIES))
    parser.add_argument("--keep", help="folder for the files that differ")
    options = parser.parse_args()
    print("seed", options.seed)
    warnings.simplefilter("ignore")
    wrong = total = refused = 0
    with tempfile.TemporaryDirectory() as folder:
        cases = []
        for i in range(options.rounds):
            for name, content in imagefiles.files(options.seed + i, options.family):
                path = pathlib.Path(folder) / f"{i}_{name}"
                path.write_bytes(content)
                cases.append((path, imagefiles.pixels(content)))
        lines = "".join(f"{path}\n" for path, _ in cases)
        raw = subprocess.run(["go", "run", "./tools/transforms", "-pixels"], cwd=ROOT, input=lines.encode(), stdout=subprocess.PIPE, check=True).stdout
        for (path, want), line in zip(cases, raw.splitlines(), strict=True):
            got = json.loads(line)
            total += 1
            refused += want is None
            if "error" in got and (want is None or imagefiles.may_refuse(path.name.split("_", 1)[1]) and ("guess" in got["error"] or "cut off" in got["error"])):
                continue
            if want is not None and got.get("shape") == list(want.shape) and got["sha256"] == hashlib.sha256(want.tobytes()).hexdigest():
                continue
            wrong += 1
            print(f"{path.name}: PIL {None if want is None else want.shape}, octet {got}")
            if options.keep:
                pathlib.Path(options.keep).mkdir(exist_ok=True)
                (pathlib.Path(options.keep) / path.name).write_bytes(path.read_bytes())
    print(f"{total} files, {refused} of them refused by PIL; {wrong} differ")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
