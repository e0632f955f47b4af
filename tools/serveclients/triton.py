"""Asks an octet server by every client of tritonclient and compares logits with a file, to the bit.

python triton.py HTTP_ADDRESS GRPC_ADDRESS MODEL INPUT x.npy y.npy
"""
import asyncio
import queue
import sys

import numpy as np
import tritonclient.grpc as grpcclient
import tritonclient.grpc.aio as grpcaio
import tritonclient.http as httpclient
import tritonclient.http.aio as httpaio

http_address, grpc_address, model, name, x_file, y_file = sys.argv[1:]
x, want = np.load(x_file), np.load(y_file)
checks = 0


def check(what, got, expected=want):
    global checks
    checks += 1
    if got is None or got.dtype != expected.dtype or got.shape != expected.shape or got.tobytes() != expected.tobytes():
        sys.exit(f"{what}: the answer is not that of octet run")


def tensor(module, binary=None, data=x):
    t = module.InferInput(name, list(data.shape), "FP32")
    if binary is None:
        t.set_data_from_numpy(data)
    else:
        t.set_data_from_numpy(data, binary_data=binary)
    return t


def classes(result, output):
    got = result.as_numpy(output)
    if got.shape != (len(x), 3):
        sys.exit(f"classes have shape {got.shape}")
    for row, logits in zip(got, want):
        numbers = [int(text.decode().split(":")[1]) for text in row]
        if numbers != list(np.argsort(-logits, kind="stable")[:3]):
            sys.exit(f"classes {row} are not the largest of {logits}")


def fails(what, part, call):
    global checks
    checks += 1
    try:
        call()
    except Exception as e:
        if part not in str(e):
            sys.exit(f"{what}: the error is {e!r}, want one with {part!r}")
        return
    sys.exit(f"{what}: no error")


def http():
    c = httpclient.InferenceServerClient(http_address, concurrency=4)
    assert c.is_server_live() and c.is_server_ready() and c.is_model_ready(model) and not c.is_model_ready("none")
    assert "binary_tensor_data" in c.get_server_metadata()["extensions"]
    output = c.get_model_metadata(model)["outputs"][0]["name"]
    for binary_in in True, False:
        for outputs in None, [httpclient.InferRequestedOutput(output, binary_data=True)], [httpclient.InferRequestedOutput(output, binary_data=False)]:
            for packed in None, "gzip", "deflate":
                r = c.infer(model, [tensor(httpclient, binary_in)], outputs=outputs, request_id="7",
                            request_compression_algorithm=packed, response_compression_algorithm=packed)
                assert r.get_response()["id"] == "7"
                check(f"http, binary {binary_in}, {packed}", r.as_numpy(output))
    for i, r in enumerate([c.async_infer(model, [tensor(httpclient)]) for _ in range(8)]):
        check(f"http async {i}", r.get_result().as_numpy(output))
    check("http, timeout", c.infer(model, [tensor(httpclient)], timeout=60_000_000).as_numpy(output))
    classes(c.infer(model, [tensor(httpclient)], outputs=[httpclient.InferRequestedOutput(output, class_count=3)]), output)
    assert [m["state"] for m in c.get_model_repository_index()] == ["READY"]
    assert c.get_inference_statistics(model)["model_stats"][0]["execution_count"] > 0
    fails("load", "--control", lambda: c.load_model(model))
    fails("wrong type", "FP64", lambda: c.infer(model, [wrong(httpclient)]))
    fails("no model", "not served", lambda: c.infer("none", [tensor(httpclient)]))
    fails("sequence", "no state", lambda: c.infer(model, [tensor(httpclient)], sequence_id=5, sequence_start=True))
    c.close()
    return output


def wrong(module):
    t = module.InferInput(name, list(x.shape), "FP64")
    t.set_data_from_numpy(x.astype(np.float64))
    return t


def grpc(output):
    c = grpcclient.InferenceServerClient(grpc_address)
    assert c.is_server_live() and c.is_server_ready() and c.is_model_ready(model)
    assert c.get_server_metadata().name == "octet" and c.get_model_metadata(model).outputs[0].name == output
    for packed in None, "gzip", "deflate":
        check(f"grpc, {packed}", c.infer(model, [tensor(grpcclient)], compression_algorithm=packed).as_numpy(output))
    check("grpc, timeout", c.infer(model, [tensor(grpcclient)], client_timeout=60, timeout=60_000_000).as_numpy(output))
    classes(c.infer(model, [tensor(grpcclient)], outputs=[grpcclient.InferRequestedOutput(output, class_count=3)]), output)
    answers = queue.Queue()
    for _ in range(8):
        c.async_infer(model, [tensor(grpcclient)], callback=lambda result, error: answers.put((result, error)))
    for i in range(8):
        result, error = answers.get(timeout=60)
        assert error is None, error
        check(f"grpc async {i}", result.as_numpy(output))
    c.start_stream(callback=lambda result, error: answers.put((result, error)))
    for i in range(8):
        c.async_stream_infer("none" if i == 3 else model, [tensor(grpcclient)], request_id=str(i))
    for i in range(8):
        result, error = answers.get(timeout=60)
        if i == 3:
            assert "not served" in str(error), error
            continue
        assert error is None and result.get_response().id == str(i), (i, error)
        check(f"grpc stream {i}", result.as_numpy(output))
    c.stop_stream()
    assert c.get_model_repository_index().models[0].state == "READY"
    assert c.get_inference_statistics(model).model_stats[0].execution_count > 0
    fails("grpc: load", "--control", lambda: c.load_model(model))
    fails("grpc: wrong type", "FP64", lambda: c.infer(model, [wrong(grpcclient)]))
    fails("grpc: no model", "NOT_FOUND", lambda: c.infer("none", [tensor(grpcclient)]))
    fails("grpc: shared memory", "UNIMPLEMENTED", lambda: c.get_system_shared_memory_status())
    c.close()


async def aio(output):
    async with httpaio.InferenceServerClient(http_address) as c:
        for r in await asyncio.gather(*(c.infer(model, [tensor(httpaio)]) for _ in range(8))):
            check("http.aio", r.as_numpy(output))
    async with grpcaio.InferenceServerClient(grpc_address) as c:
        for r in await asyncio.gather(*(c.infer(model, [tensor(grpcaio)]) for _ in range(8))):
            check("grpc.aio", r.as_numpy(output))


output = http()
grpc(output)
asyncio.run(aio(output))
print(f"tritonclient: {checks} answers are right")
