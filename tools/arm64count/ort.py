"""ONNX Runtime on one thread: MODEL.onnx HEIGHT,WIDTH RUNS computes an image once, and then RUNS times."""
import sys

import numpy
import onnxruntime

path, size, runs = sys.argv[1:]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
shape = [1, 3, *map(int, size.split(","))]
image = numpy.random.default_rng(1).standard_normal(shape, dtype=numpy.float32)
for _ in range(1 + int(runs)):
    session.run(None, {session.get_inputs()[0].name: image})
