"""What most teams write: a model of ONNX Runtime behind FastAPI, an image or a tensor in. Run by uvicorn, see servers.py."""

import os

import numpy as np
import onnxruntime
from fastapi import FastAPI, Request, UploadFile
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from PIL import Image

MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = int(os.environ["BENCH_THREADS"])
session = onnxruntime.InferenceSession(os.environ["BENCH_MODEL"], options, providers=["CPUExecutionProvider"])
session.run(None, {"x": np.zeros((1, 3, 224, 224), np.float32)})
app = FastAPI()


@app.get("/ready")
def ready():
    return {"ready": True}


@app.post("/image")
def image(image: UploadFile):
    picture = Image.open(image.file).convert("RGB")
    scale = 256 / min(picture.size)
    picture = picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.BILINEAR)
    left, top = (picture.width - 224) // 2, (picture.height - 224) // 2
    x = np.asarray(picture.crop((left, top, left + 224, top + 224)), np.float32) / 255
    x = ((x - MEAN) / STD).transpose(2, 0, 1)[None]
    y = session.run(None, {"x": np.ascontiguousarray(x)})[0][0]
    return {"predictions": [{"class": int(i), "logit": float(y[i])} for i in np.argsort(-y)[:5]]}


@app.post("/raw")
async def raw(request: Request):
    x = np.frombuffer(await request.body(), np.float32).reshape(1, 3, 224, 224)
    y = await run_in_threadpool(session.run, None, {"x": x})
    return Response(y[0].tobytes(), media_type="application/octet-stream")
