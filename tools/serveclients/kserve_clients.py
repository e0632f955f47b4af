"""Asks an octet server by KServe's clients and compares logits with a file, to the bit.

python kserve_clients.py HTTP_ADDRESS GRPC_ADDRESS MODEL INPUT x.npy y.npy
"""
import asyncio
import sys

import numpy as np
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig

http_address, grpc_address, model, name, x_file, y_file = sys.argv[1:]
x, want = np.load(x_file), np.load(y_file)


def request(binary):
    t = InferInput(name, list(x.shape), "FP32")
    t.set_data_from_numpy(x, binary_data=binary)
    return InferRequest(model_name=model, infer_inputs=[t], request_id="7")


def check(what, answer):
    got = answer.outputs[0].as_numpy()
    if got.astype(np.float32).tobytes() != want.tobytes() or answer.id != "7":
        sys.exit(f"{what}: the answer is not that of octet run")


async def main():
    url = "http://" + http_address
    c = InferenceRESTClient(RESTConfig(protocol="v2", timeout=60))
    assert await c.is_server_live(url) and await c.is_server_ready(url) and await c.is_model_ready(url, model)
    for binary in True, False:
        check(f"REST, binary {binary}", await c.infer(url, request(binary), model_name=model))
    await c.close()
    c = InferenceGRPCClient(grpc_address)
    assert await c.is_server_live() and await c.is_server_ready() and await c.is_model_ready(model)
    check("gRPC", await c.infer(request(True)))
    await c.close()


asyncio.run(main())
print("kserve: 3 answers are right")
