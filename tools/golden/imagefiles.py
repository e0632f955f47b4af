"""Image files of every kind that PIL reads, from PIL's encoders and from the writers below, and damaged ones.

files(seed) yields (name, bytes). formats.py makes golden data of them; tools/transforms/formats.py compares fresh ones.
"""

import io
import itertools
import lzma
import random
import struct
import zlib

import numpy as np
from PIL import Image


def picture(rng, width, height, channels):
    """Waves, an edge and noise."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    out = np.empty((height, width, channels))
    for c in range(channels):
        fx, fy, phase = rng.normal(size=3)
        out[..., c] = 128 + 110 * np.sin(6 * fx * x / width + 6 * fy * y / height + 3 * phase)
    out[height // 3 :, width // 2 :] *= rng.uniform(0.2, 1.3)
    out += rng.normal(size=out.shape) * 6
    return np.clip(out, 0, 255).astype(np.uint8)


def saved(image, format, **options):
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


# Netpbm.


def plain(header, values, between=b" ", line=17):
    values = [str(int(v)).encode() for v in values]
    return header + b"\n".join(between.join(values[i : i + line]) for i in range(0, len(values), line)) + b"\n"


def packed(samples, bits):
    """Rows of samples of 1 to 16 bits, each row padded to a byte."""
    rows = []
    for row in samples:
        text = "".join(format(int(v), f"0{bits}b") for v in row)
        text += "0" * (-len(text) % 8)
        rows.append(int(text, 2).to_bytes(len(text) // 8, "big"))
    return b"".join(rows)


def pnm(rng, draw):
    w, h = draw.randint(1, 21), draw.randint(1, 17)
    size = b"%d %d\n" % (w, h)
    rgb, bits = picture(rng, w, h, 3), rng.integers(0, 2, (h, w))
    gray = rgb[..., 0]
    yield "p1.pbm", plain(b"P1\n# a comment\n" + size, bits.ravel())
    yield "p1_dense.pbm", plain(b"P1 %d %d\n" % (w, h), bits.ravel(), b"")
    yield "p1_comments.pbm", plain(b"P1\n" + size, bits.ravel(), b" # 0 1 x\n")
    yield "p1_long.pbm", plain(b"P1\n" + size, bits.ravel()) + b"1 0 1"
    yield "p1_short.pbm", plain(b"P1\n" + size, bits.ravel()[:-1])
    yield "p1_wrong.pbm", plain(b"P1\n" + size, bits.ravel()) + b"2"
    yield "p4.pbm", b"P4\n" + size + packed(bits, 1)
    yield "p4_short.pbm", b"P4\n" + size + packed(bits, 1)[:-1]
    for most in (1, 2, 15, 100, 254, 255, 256, 1000, 4095, 65534, 65535):
        a = (rgb.astype(np.int64) * most // 255) if draw.random() < 0.5 else rng.integers(0, most + 1, (h, w, 3))
        g = a[..., 0]
        dtype = ">u2" if most > 255 else "u1"
        yield f"p2_{most}.pgm", plain(b"P2\n" + size + b"%d\n" % most, g.ravel())
        yield f"p3_{most}.ppm", plain(b"P3 " + size + b"# x\n%d " % most, a.ravel(), b"\t")
        yield f"p5_{most}.pgm", b"P5\n" + size + b"%d\n" % most + g.astype(dtype).tobytes()
        yield f"p6_{most}.ppm", b"P6\n" + size + b"%d\n" % most + a.astype(dtype).tobytes()
    yield "p5_beyond.pgm", b"P5\n" + size + b"100\n" + gray.tobytes()
    yield "p6_beyond.ppm", b"P6\n" + size + b"1000\n" + rng.integers(0, 65536, (h, w, 3)).astype(">u2").tobytes()
    yield "p2_beyond.pgm", plain(b"P2\n" + size + b"9\n", [10] * (w * h))
    yield "p3_short.ppm", plain(b"P3\n" + size + b"255\n", rgb.ravel()[:-1])
    yield "p6_short.ppm", b"P6\n" + size + b"255\n" + rgb.tobytes()[:-1]
    yield "p6_longer.ppm", b"P6\n" + size + b"255\n" + rgb.tobytes() + b"more"
    yield "p6_comment.ppm", b"P6\n#one\n%d#two\n #three\n%d\r255\n" % (w, h) + rgb.tobytes()
    yield "p6_split_number.ppm", b"P6\n" + size + b"2#x\n55\n" + rgb.tobytes()
    yield "p6_zero_max.ppm", b"P6\n" + size + b"0\n" + rgb.tobytes()
    yield "p6_big_max.ppm", b"P6\n" + size + b"65536\n" + rgb.tobytes() * 2
    yield "p6_no_space.ppm", b"P6%d %d 255\n" % (w, h) + rgb.tobytes()
    yield "p6_long_number.ppm", b"P6\n" + size + b"00000000255\n" + rgb.tobytes()
    yield "p7.pam", b"P7\nWIDTH %d\nHEIGHT %d\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n" % (w, h) + rgb.tobytes()
    f = rng.normal(size=(h, w)) * 200
    f.ravel()[0] = np.nan
    yield "pf_little.pfm", b"Pf\n" + size + b"-1.0\n" + f.astype("<f4").tobytes()
    yield "pf_big.pfm", b"Pf\n" + size + b"2\n" + f.astype(">f4").tobytes()


# BMP.


def bmp(width, height, bits, pixels, palette=b"", colors=None, header=40, compression=0, masks=b"", extra=b"", offset=None):
    """A file; pixels are its rows as they lie in it."""
    entry = 3 if header == 12 else 4
    colors = len(palette) // entry if colors is None else colors
    if header == 12:
        head = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        head = struct.pack("<IiiHHIIiiII", header, width, height, 1, bits, compression, len(pixels), 2835, 2835, colors, 0)
        head += (masks if header > 40 else b"").ljust(header - 40, b"\0")
        head += masks if header == 40 else b""
    start = 14 + len(head) + len(palette) + len(extra)
    return b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start if offset is None else offset) + head + palette + extra + pixels


def padded(rows, to=4):
    return b"".join(r + b"\0" * (-len(r) % to) for r in rows)


def rle(rng, draw, index, four, fancy):
    """Runs, pixels as they are and, if fancy, steps and ends of lines that come early."""
    out = bytearray()
    for row in index:
        x, w = 0, len(row)
        while x < w:
            if fancy and draw.random() < 0.1:
                break
            if fancy and draw.random() < 0.1:
                step = min(draw.randint(1, 3), w - x)
                out += bytes([0, 2, step, 0])
                x += step
            elif w - x >= 3 and draw.random() < 0.5:
                n = draw.randint(3, min(w - x, 255))
                pixels = bytes(int(v) for v in row[x : x + n])
                if four:
                    pixels = packed([pixels], 4)
                out += bytes([0, n]) + pixels + b"\0" * (len(pixels) % 2)
                x += n
            else:
                n = draw.randint(1, w - x + (3 if fancy and draw.random() < 0.2 else 0))
                n = min(n, 255)
                v = int(row[x])
                out += bytes([n, v << 4 | int(rng.integers(0, 16)) if four else v])
                x += n
        out += b"\0\0"
    return bytes(out) + b"\0\1"


def bmps(rng, draw):
    w, h = draw.randint(1, 23), draw.randint(1, 15)
    rgb = picture(rng, w, h, 3)
    colors = rng.integers(0, 256, (256, 3), np.uint8)

    def table(n, entry=4, gray=False):
        rows = [[i, i, i] for i in range(n)] if gray else colors[:n]
        return b"".join(bytes([int(v) for v in r]) + b"\0" * (entry - 3) for r in rows)

    for bits in (1, 4, 8):
        index = rng.integers(0, 1 << bits, (h, w))
        rows = [packed([r], bits) for r in index]
        pixels = padded(rows)
        yield f"bits{bits}.bmp", bmp(w, h, bits, pixels, table(1 << bits))
        yield f"bits{bits}_top_down.bmp", bmp(w, -h, bits, pixels, table(1 << bits))
        yield f"bits{bits}_os2.bmp", bmp(w, h, bits, pixels, table(1 << bits, 3), header=12)
        yield f"bits{bits}_os2_v2.bmp", bmp(w, h, bits, pixels, table(1 << bits), header=64)
        yield f"bits{bits}_gray.bmp", bmp(w, h, bits, pixels, table(1 << bits, gray=True))
        yield f"bits{bits}_few.bmp", bmp(w, h, bits, pixels, table((1 << bits) // 2 + 1))
        yield f"bits{bits}_v5.bmp", bmp(w, h, bits, pixels, table(1 << bits), header=124)
        yield f"bits{bits}_gap.bmp", bmp(w, h, bits, pixels, table(1 << bits), extra=b"abcde")
        yield f"bits{bits}_short.bmp", bmp(w, h, bits, pixels[: -1 - (-len(rows[0]) % 4)], table(1 << bits))
        yield f"bits{bits}_no_padding.bmp", bmp(w, h, bits, pixels[: len(pixels) - (-len(rows[0]) % 4)], table(1 << bits))
        yield f"bits{bits}_no_count.bmp", bmp(w, h, bits, pixels, table(1 << bits), colors=0)
    index = rng.integers(0, 16, (h, w))
    yield "bits1_black_white.bmp", bmp(w, h, 1, padded([packed([r], 1) for r in index & 1]), bytes([0, 0, 0, 0, 255, 255, 255, 0]))
    yield "bits8_gray16.bmp", bmp(w, h, 8, padded([packed([r], 8) for r in index * 3]), table(16, gray=True))
    yield "bits8_black_white.bmp", bmp(w, h, 8, padded([packed([r], 8) for r in index & 1]), bytes([0, 0, 0, 0, 255, 255, 255, 0]))
    for four, fancy, down in itertools.product((False, True), (False, True), (1, -1)):
        bits = 4 if four else 8
        data = rle(rng, draw, rng.integers(0, 1 << bits, (h, w)), four, fancy)
        name = f"rle{bits}{'_fancy' if fancy else ''}{'_top_down' if down < 0 else ''}"
        yield f"{name}.bmp", bmp(w, down * h, bits, data, table(1 << bits), compression=2 if four else 1)
        yield f"{name}_odd.bmp", bmp(w, down * h, bits, data, table(1 << bits), compression=2 if four else 1, extra=b"x")
        yield f"{name}_short.bmp", bmp(w, down * h, bits, data[: len(data) // 2], table(1 << bits), compression=2 if four else 1)
    yield "rle8_gray.bmp", bmp(w, h, 8, rle(rng, draw, rng.integers(0, 256, (h, w)), False, False), table(256, gray=True), compression=1)
    v16 = rng.integers(0, 65536, (h, w)).astype("<u2")
    p16, p24 = padded([r.tobytes() for r in v16]), padded([r.tobytes() for r in rgb])
    p32 = rng.integers(0, 256, (h, w, 4), np.uint8).tobytes()
    yield "bits16.bmp", bmp(w, h, 16, p16)
    yield "bits24.bmp", bmp(w, h, 24, p24)
    yield "bits24_os2.bmp", bmp(w, h, 24, p24, header=12)
    yield "bits24_top_down.bmp", bmp(w, -h, 24, p24)
    yield "bits24_short.bmp", bmp(w, h, 24, p24[:-4])
    yield "bits24_no_offset.bmp", bmp(w, h, 24, p24, offset=0)
    yield "bits32.bmp", bmp(w, h, 32, p32)
    fields = {
        "555": (16, (0x7C00, 0x3E0, 0x1F)), "565": (16, (0xF800, 0x7E0, 0x1F)), "444": (16, (0xF00, 0xF0, 0xF)),
        "bgr": (24, (0xFF0000, 0xFF00, 0xFF)), "bgrx": (32, (0xFF0000, 0xFF00, 0xFF, 0)), "xbgr": (32, (0xFF000000, 0xFF0000, 0xFF00, 0)),
        "bgxr": (32, (0xFF000000, 0xFF00, 0xFF, 0)), "abgr": (32, (0xFF000000, 0xFF0000, 0xFF00, 0xFF)),
        "rgba": (32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000)), "bgra": (32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)),
        "bgar": (32, (0xFF000000, 0xFF00, 0xFF, 0xFF0000)), "none": (32, (0, 0, 0, 0)), "odd": (32, (0xFF, 0xFF00, 0xFF0000, 0)),
    }
    for name, (bits, masks) in fields.items():
        pixels = {16: p16, 24: p24, 32: p32}[bits]
        packed_masks = struct.pack(f"<{len(masks)}I", *masks)
        for header in (40, 52, 56, 108, 124):
            if header == draw.choice((40, 108, 124)) or header == 56 or name in ("565", "rgba"):
                m = packed_masks[:12] if header in (40, 52) else packed_masks
                yield f"fields_{name}_{header}.bmp", bmp(w, h, bits, pixels, header=header, compression=3, masks=m)
    yield "bits2.bmp", bmp(w, h, 2, p16, table(4))
    yield "jpeg_inside.bmp", bmp(w, h, 24, p24, compression=4)
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        yield f"pil_{mode}.bmp", saved(Image.fromarray(rgb).convert(mode), "BMP")


FAMILIES = {"pnm": pnm, "bmp": bmps}


def files(seed, families=None):
    rng, draw = np.random.default_rng(seed), random.Random(seed)
    for family in families or FAMILIES:
        yield from FAMILIES[family](rng, draw)


def pixels(content):
    """What PIL shows, or None where it refuses."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            return np.asarray(image.convert("RGB"))
    except Exception:
        return None
