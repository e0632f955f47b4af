"""Makes programs of torch.export.save small: what package pt2 reads of them."""

import io
import json
import zipfile

STAMP = (1980, 1, 1, 0, 0, 0)


def lean(path):
    """the bytes of a program without its sample inputs, which are a pickle, and without traces of Python's stack"""
    packed = io.BytesIO()
    with zipfile.ZipFile(path) as z, zipfile.ZipFile(packed, "w") as out:
        for record in z.namelist():
            if "sample_inputs" in record or record.endswith(("serialization_id", "byteorder")):
                continue
            data = z.read(record)
            if record.endswith("model.json"):
                model = json.loads(data)
                for node in model["graph_module"]["graph"]["nodes"]:
                    node["metadata"] = {k: v for k, v in node["metadata"].items() if k == "nn_module_stack"}
                model["graph_module"]["module_call_graph"] = []
                data = json.dumps(model, separators=(",", ":")).encode()
            out.writestr(zipfile.ZipInfo(record, STAMP), data)
    return packed.getvalue()
