"""Golden data of internal/npy, vision and dataset.

Run from the repository's root:  python tools/golden/vision.py
Made with numpy 2.x, Pillow 12, torch 2.15.0, torchvision 0.29.2. All pixels
are synthetic and follow from fixed seeds.
"""

import pathlib
import shutil

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]


def fresh(folder):
    path = ROOT / folder / "testdata" / "golden"
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def npy_files():
    """One small array per dtype, order and version; the values are 0, 1, 2 ..."""
    out = fresh("internal/npy")
    types = ["<f2", "<f4", ">f4", "<f8", ">f8", "|i1", "<i2", ">i2", "<i4", ">i4", "<i8", ">i8",
             "|u1", "<u2", "<u4", "<u8", ">u8", ">f2"]
    for t in types:
        name = t.replace("<", "le_").replace(">", "be_").replace("|", "")
        np.save(out / f"{name}.npy", np.arange(24).reshape(2, 3, 4).astype(t))
    np.save(out / "bool.npy", np.arange(24).reshape(2, 3, 4) % 2 == 1)
    np.save(out / "fortran.npy", np.asfortranarray(np.arange(24, dtype="<f4").reshape(2, 3, 4)))
    np.save(out / "fortran_be.npy", np.asfortranarray(np.arange(24).reshape(2, 3, 4).astype(">i2")))
    np.save(out / "scalar.npy", np.float32(7))
    np.save(out / "vector.npy", np.arange(24, dtype="<i4"))
    np.save(out / "empty.npy", np.zeros((0, 3), "<f4"))
    for version in [(1, 0), (2, 0), (3, 0)]:
        with open(out / f"v{version[0]}.npy", "wb") as f:
            np.lib.format.write_array(f, np.arange(24, dtype="<f4").reshape(2, 3, 4), version)
    np.save(out / "object.npy", np.array([{}], dtype=object))
    np.save(out / "struct.npy", np.zeros(2, dtype=[("a", "<f4"), ("b", "<i4")]))
    np.save(out / "complex.npy", np.zeros(2, "<c8"))
    np.savez(out / "stored.npz", y=np.arange(3), x=np.arange(6, dtype="<f4").reshape(3, 2))
    np.savez_compressed(out / "deflated.npz", x=np.zeros((50, 40), "<f4"), y=np.arange(50))


if __name__ == "__main__":
    npy_files()
