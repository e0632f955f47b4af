"""Writes pt2/testdata/networks.zip: of the programs of make.py those that write in place, recurrent ones, and a few random ones that have all of the others' operators.

python tools/pt2/golden.py FOLDER, which make.py has written. Each keeps what package pt2 reads: sample inputs, which are
a pickle, and traces of Python's stack are left out. Of each run there are x and y, as in FOLDER.
"""

import json
import pathlib
import sys
import zipfile

from lean import STAMP, lean

FOLDER = pathlib.Path(sys.argv[1])
OUT = pathlib.Path("pt2/testdata/networks.zip")


def targets(name):
    with zipfile.ZipFile(FOLDER / f"{name}.pt2") as z:
        model = json.loads(z.read(f"{name}/models/model.json"))
    return {node["target"] for node in model["graph_module"]["graph"]["nodes"]}


table = json.loads((FOLDER / "networks.json").read_text())
left = {name: targets(name) for name, n in table.items() if name.startswith(("random", "views", "recurrent")) and n["runs"] == 2}
wanted = set().union(*left.values())
OUT.parent.mkdir(exist_ok=True)
count = 0
with zipfile.ZipFile(OUT, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
    while wanted:
        name = max(sorted(left), key=lambda n: (n.startswith(("views", "recurrent")), len(left[n] & wanted)))
        wanted -= left.pop(name)
        files = {f"{name}.pt2": lean(FOLDER / f"{name}.pt2")}
        for run in range(2):
            for kind in "xy":
                files[f"{name}.{run}.{kind}0.npy"] = (FOLDER / f"{name}.{run}.{kind}0.npy").read_bytes()
        for file, data in files.items():
            out.writestr(zipfile.ZipInfo(file, STAMP), data, zipfile.ZIP_DEFLATED, 9)
        count += 1
print(count, "networks,", OUT.stat().st_size, "bytes")
