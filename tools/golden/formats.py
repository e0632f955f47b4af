"""Golden data of vision: files of every kind that PIL reads, and damaged ones.

Run from the repository's root:  python tools/golden/formats.py
Made with Pillow 13.0.0 (libjpeg-turbo 3.2.0, libtiff 4.7.2, libwebp 1.6.0, littlecms2 2.19), numpy 2.x. All pixels are
synthetic and follow from a fixed seed. Small files that PIL refuses are kept too: octet refuses them as well.
"""

import hashlib
import json
import pathlib
import warnings
import zipfile

import PIL

import imagefiles

OUT = pathlib.Path(__file__).resolve().parents[2] / "vision" / "testdata" / "formats.zip"

SEEDS = {"pnm": 1, "bmp": 1, "tiff": 87, "jpeg": 87, "png": 87, "fax": 1}  # which give small pictures


def main():
    assert PIL.__version__ == "13.0.0", PIL.__version__
    warnings.simplefilter("ignore")
    results = {}
    with zipfile.ZipFile(OUT, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in (f for family, seed in SEEDS.items() for f in imagefiles.files(seed, [family])):
            a = imagefiles.pixels(content)
            results[name] = None if a is None else {"shape": a.shape, "sha256": hashlib.sha256(a.tobytes()).hexdigest()}
            out.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
        lines = ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in results.items())
        out.writestr(zipfile.ZipInfo("results.json"), "{\n" + lines + "\n}\n", zipfile.ZIP_DEFLATED)
    print(len(results), "files,", sum(v is None for v in results.values()), "of them refused,", OUT.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
