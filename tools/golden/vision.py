"""Golden data of internal/npy, vision and dataset.

Run from the repository's root:  python tools/golden/vision.py
Made with numpy 2.x, Pillow 13.0.0 (libjpeg-turbo, libwebp 1.6.0), torch 2.15.0, torchvision 0.29.2. All pixels
are synthetic and follow from fixed seeds.
"""

import hashlib
import json
import pathlib
import shutil

import numpy as np
import torch
from PIL import Image, ImageOps
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as F
from torchvision.transforms._presets import ImageClassification

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


def picture(seed, width, height, channels=3):
    """Waves, rectangles and a little noise: smooth parts, edges, saturation."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    out = np.full((height, width, channels), 128.0)
    for c in range(channels):
        for _ in range(4):
            fx, fy, phase = rng.normal(size=3)
            out[..., c] += 40 * np.sin(8 * fx * x / width + 8 * fy * y / height + 3 * phase)
    for _ in range(4):
        x0, y0 = rng.integers(0, width), rng.integers(0, height)
        out[y0:y0 + height // 3, x0:x0 + width // 3] += 50 * rng.normal(size=channels)
    out += rng.normal(size=out.shape)
    return np.clip(out, 0, 255).astype(np.uint8)


def sha(a):
    return hashlib.sha256(np.ascontiguousarray(a).tobytes()).hexdigest()


def rgb(path):
    with open(path, "rb") as f:  # not by path: memory mapping of turned TIFFs exchanges their edges
        return np.asarray(Image.open(f).convert("RGB"))


def formats(out):
    """Files of every format and mode, and the hash of the pixels PIL makes of them."""
    a = picture(1, 37, 23, 4)
    im = Image.fromarray(a[..., :3].copy())
    cmyk = Image.fromarray(a, "CMYK")
    modes = {
        "1": im.convert("1"), "L": im.convert("L"), "LA": Image.fromarray(a[..., :2].copy(), "LA"),
        "P": im.quantize(40), "RGB": im, "RGBA": Image.fromarray(a, "RGBA"),
        "I16": Image.fromarray(a[..., 0].astype(np.uint16) * 3),
    }
    files = []

    def save(image, name, **options):
        image.save(out / name, **options)
        files.append(name)

    for mode, m in modes.items():
        save(m, f"{mode}.png")
        if mode in ("1", "L", "P", "RGB", "RGBA"):
            save(m, f"{mode}.bmp")
        if mode in ("1", "L", "P", "RGB"):
            save(m, f"{mode}.gif")
        if mode != "LA":
            save(m, f"{mode}.tif", compression="tiff_lzw")
    save(modes["L"], "L_trns.png", transparency=3)
    save(modes["P"], "P_trns.png", transparency=5)
    save(modes["P"], "P_trns.gif", transparency=5)
    save(modes["RGB"], "RGB_trns.png", transparency=tuple(int(v) for v in a[0, 0, :3]))
    save(modes["P"], "P_4bit.png", bits=4)
    for c in ["raw", "packbits", "tiff_adobe_deflate"]:
        save(im, f"{c}.tif", compression=c)
    for c in ["group3", "group4"]:
        save(modes["1"], f"{c}.tif", compression=c)
        save(modes["1"], f"{c}_white_is_zero.tif", compression=c, tiffinfo={262: 0})
    for o in range(2, 9):
        save(im, f"orientation{o}.tif", compression="packbits", tiffinfo={274: o})
    save(im, "lossy.webp", quality=60)
    save(im.crop((0, 0, 36, 22)), "lossy_even.webp", quality=90)
    save(im, "lossless.webp", lossless=True)
    save(modes["RGBA"], "alpha.webp", quality=60)
    save(modes["RGBA"], "alpha_lossless.webp", lossless=True)
    second = Image.fromarray(picture(2, 37, 23))
    save(im, "animated.webp", save_all=True, append_images=[second], quality=60)
    save(im, "animated_lossless.webp", save_all=True, append_images=[second], lossless=True)
    save(modes["RGBA"], "animated_alpha.webp", save_all=True, append_images=[second], quality=60)
    save(modes["L"], "L.pgm")
    save(im, "RGB.ppm")

    # A frame that covers part of the canvas only.
    gif = bytearray((out / "P.gif").read_bytes())
    gif[6:10] = bytes([45, 0, 30, 0])
    (out / "small_frame.gif").write_bytes(gif)
    files.append("small_frame.gif")

    jpegs = []
    for sub in ["4:4:4", "4:2:2", "4:2:0", "4:1:1"]:
        for progressive in (False, True):
            name = f"ycc_{sub.replace(':', '')}{'_progressive' if progressive else ''}.jpg"
            im.save(out / name, quality=85, subsampling=sub, progressive=progressive)
            jpegs.append(name)
    im.crop((0, 0, 4, 4)).save(out / "tiny_420.jpg", quality=85, subsampling="4:2:0")
    modes["L"].save(out / "gray.jpg", quality=85)
    im.save(out / "rgb.jpg", quality=85, keep_rgb=True)
    cmyk.save(out / "cmyk.jpg", quality=90)
    exif = Image.Exif()
    exif[274] = 6
    im.save(out / "exif_turned.jpg", quality=85, exif=exif)
    jpegs += ["tiny_420.jpg", "gray.jpg", "rgb.jpg", "cmyk.jpg", "exif_turned.jpg"]
    raw = (out / "cmyk.jpg").read_bytes()
    at = raw.index(b"Adobe")
    (out / "ycck.jpg").write_bytes(raw[:at + 11] + bytes([2]) + raw[at + 12:])
    (out / "cmyk_no_adobe.jpg").write_bytes(raw[:at - 4] + raw[at + 12:])
    jpegs += ["ycck.jpg", "cmyk_no_adobe.jpg"]
    im.save(out / "restart.jpg", quality=85, subsampling="4:2:0", restart_marker_blocks=2)
    im.save(out / "restart_progressive.jpg", quality=85, progressive=True, restart_marker_rows=1)
    jpegs += ["restart.jpg", "restart_progressive.jpg"]
    # Samplings that Pillow does not write: the blocks of one MCU, arranged otherwise.
    for name, source, factors, (w, h) in [
        ("ycc_440", "ycc_422", 0x12, (23, 37)), ("ycc_440_progressive", "ycc_422_progressive", 0x12, (23, 37)),
        ("ycc_1x4", "ycc_420", 0x14, (23, 55)), ("ycc_4x1", "ycc_420", 0x41, (55, 23)), ("narrow_440", "ycc_422", 0x12, (2, 141)),
    ]:
        raw = bytearray((out / f"{source}.jpg").read_bytes())
        at = max(raw.find(b"\xff\xc0\x00\x11"), raw.find(b"\xff\xc2\x00\x11"))
        raw[at + 5:at + 9] = h.to_bytes(2, "big") + w.to_bytes(2, "big")
        raw[at + 11] = factors
        (out / f"{name}.jpg").write_bytes(raw)
        jpegs.append(f"{name}.jpg")
    files += jpegs

    exact = {name: {"shape": list(rgb(out / name).shape), "sha256": sha(rgb(out / name))} for name in files}
    return exact


def upright(out):
    """Files that state an orientation, and the hash of the pixels that PIL turns by it."""
    im, turned = Image.fromarray(picture(3, 9, 5)), {}
    for o in range(10):  # 0 and 9 mean nothing
        exif = Image.Exif()
        exif[0x010F] = "a maker"  # a tag before
        exif[274] = o
        name = f"upright{o}.{'jpg png webp'.split()[o % 3]}"
        im.save(out / name, exif=exif, **({"lossless": True} if name.endswith("webp") else {}))
        with Image.open(out / name) as saved:
            a = np.asarray(ImageOps.exif_transpose(saved).convert("RGB"))
        turned[name] = {"shape": list(a.shape), "sha256": sha(a)}
    return turned


def transforms(out):
    """Presets on pictures of awkward sizes; hashes of the float32 tensors."""
    cases = []
    sizes = [(61, 47), (47, 61), (40, 40), (97, 13), (13, 97), (5, 7), (120, 33)]
    rng = np.random.default_rng(7)
    for i, (w, h) in enumerate(sizes):
        im = Image.fromarray(picture(100 + i, w, h))
        source = f"source_{w}x{h}.png"
        im.save(out / source)
        mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
        for how in ["nearest", "bilinear", "bicubic"]:
            for resize, crop in [(32, 28), (28, 32), (55, 40), (40, 40)]:
                p = ImageClassification(crop_size=crop, resize_size=resize, mean=mean, std=std, interpolation=InterpolationMode(how))
                cases.append((source, dict(channels=3, resize=[resize], interpolation=how, crop=[crop, crop], mean=mean, std=std), p(im)))
            for hw in [[30, 30], [h, 20], [20, w], [int(rng.integers(2, 70)), int(rng.integers(2, 70))]]:
                cases.append((source, dict(channels=3, resize=hw, interpolation=how), F.to_tensor(F.resize(im, hw, InterpolationMode(how)))))
            gray = F.to_tensor(F.resize(im.convert("L"), [28], InterpolationMode(how)))
            cases.append((source, dict(channels=1, resize=[28], interpolation=how, mean=[0.1307], std=[0.3081]), F.normalize(gray, [0.1307], [0.3081])))
        for ch, cw in [(28, 28), (h + 3, w + 4), (h - 1, w + 3), (h + 1, w - 3), (h - 3, w - 1), (h, w)]:
            cases.append((source, dict(channels=3, crop=[ch, cw]), F.to_tensor(F.center_crop(im, [ch, cw]))))
    source, preset, t = cases[9]  # bilinear, shorter edge, crop, normalised
    np.savez_compressed(out / "tensor.npz", x=t.numpy())
    full = dict(source=source, preset=preset)
    return full, [dict(source=s, preset=p, shape=list(t.shape), sha256=sha(t.numpy())) for s, p, t in cases]


def vision():
    torch.set_num_threads(1)
    out = fresh("vision")
    exact = formats(out)
    full, cases = transforms(out)
    lines = ",\n".join(json.dumps(c) for c in cases)
    (out / "presets.json").write_text(f"[\n{lines}\n]\n")
    (out / "tensor.json").write_text(json.dumps(full) + "\n")
    (out / "upright.json").write_text(json.dumps(upright(out), indent=0) + "\n")
    (out / "formats.json").write_text(json.dumps(exact, indent=0) + "\n")


def dataset():
    """Arrays as numpy users save them."""
    out = fresh("dataset")
    x = np.arange(36, dtype="<f4").reshape(3, 3, 2, 2)
    np.savez_compressed(out / "xy.npz", x=x, y=np.array([2, 0, 1]))
    np.savez(out / "ab.npz", a=x)
    np.savez(out / "mismatch.npz", x=x, y=np.array([2, 0]))
    np.save(out / "fortran.npy", np.asfortranarray(x))


if __name__ == "__main__":
    npy_files()
    dataset()
    vision()
