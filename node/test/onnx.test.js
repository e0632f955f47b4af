'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { Session, DataError, ModelError, UsageError, inspect, quantize, run } = require('@octet-ml/octet');
const { test, folder, npy } = require('./helpers.js');
const { node, port, model } = require('./onnx.js');

const testdata = path.join(process.env.OCTET_DEMO, '..', '..', '..', 'testdata', 'onnx');

/** Element types as ONNX numbers them, with what is given and comes back. */
const TYPES = {
  float32: [1, Float32Array.of(1.5, -2)],
  uint8: [2, Uint8Array.of(0, 255)],
  int8: [3, Int8Array.of(-128, 127)],
  uint16: [4, Uint16Array.of(0, 65535)],
  int16: [5, Int16Array.of(-32768, 32767)],
  int32: [6, Int32Array.of(-(2 ** 31), 2 ** 31 - 1)],
  int64: [7, BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n)],
  bool: [9, Uint8Array.of(0, 1)],
  float16: [10, Uint16Array.of(0x3c00, 0xc000)],
  float64: [11, Float64Array.of(0.5, -3)],
  uint32: [12, Uint32Array.of(0, 2 ** 32 - 1)],
  uint64: [13, BigUint64Array.of(0n, 2n ** 64n - 1n)],
  bfloat16: [16, Uint16Array.of(0x3f80, 0xc000)],
};

/** write is a file of a model. */
function write(t, ...graph) {
  const file = path.join(folder(t), 'model.onnx');
  fs.writeFileSync(file, model(...graph));
  return file;
}

test('inputs and outputs of every element type, by name', async (t) => {
  const names = Object.keys(TYPES);
  const file = write(t, ...names.flatMap((n) => [node('Identity', [n], [`${n}_out`]), port(11, n, TYPES[n][0], ['n']), port(12, `${n}_out`, TYPES[n][0], ['n'])]));
  const session = await Session.open(file);
  assert.deepEqual(session.info.inputs.map((p) => [p.name, p.dtype, p.shape, p.dims]), names.map((n) => [n, n, [-1], ['n']]));
  assert.equal(session.info.outputs.length, names.length);
  const inputs = Object.fromEntries(names.map((n) => [n, { data: TYPES[n][1], shape: [2], dtype: n }]));
  const outputs = await session.runNamed(inputs);
  assert.deepEqual(Object.keys(outputs).sort(), names.map((n) => `${n}_out`).sort());
  for (const n of names) {
    const { data, shape, dtype } = outputs[`${n}_out`];
    const want = TYPES[n][1];
    assert.deepEqual([dtype, shape], [n, [2]], n);
    assert.deepEqual(Buffer.from(data.buffer, data.byteOffset, data.byteLength), Buffer.from(want.buffer), n);
  }
  const { float32, ...rest } = inputs;
  await assert.rejects(session.runNamed(rest), (e) => e instanceof DataError && /input float32 is missing/.test(e.message));
  await assert.rejects(session.runNamed({ ...inputs, other: float32 }), /14 inputs/);
  await assert.rejects(session.runNamed({ ...inputs, float32: inputs.int32 }), /input float32 is int32\[2\]; float32\[n\] float32 is expected/);
  await assert.rejects(session.runNamed({ ...inputs, int8: { data: Int8Array.of(1), shape: [1] } }), /n is 1 there and 2 in an input before it/);
  await assert.rejects(session.run(float32), /13 inputs.*RunNamed/s);
  for (const wrong of [undefined, null, 7, [], float32, Buffer.alloc(1)]) await assert.rejects(session.runNamed(wrong), UsageError);
  await assert.rejects(session.runNamed({}), /there are no inputs/);
  await assert.rejects(session.runNamed({ bool: 7 }), /the input bool is 7/);
  await assert.rejects(session.runNamed({ bool: { data: Float32Array.of(1), shape: [1], dtype: 'bool' } }), /bool is given as a Uint8Array/);
  await assert.rejects(session.runNamed({ bool: { data: Float32Array.of(1), shape: [1], dtype: 'complex64' } }), /dtype of a tensor is "complex64"/);
  await session.close();
});

test('sizes are fixed by name, and inspect says what is free and what is missing', async (t) => {
  const x = [port(11, 'x', 1, ['batch', 4]), port(12, 'y', 1, ['batch', 4])];
  const file = write(t, node('Relu', ['x'], ['y']), ...x);
  const session = await Session.open(file, { shape: { batch: 3 } });
  assert.deepEqual(session.info.inputs[0].shape, [3, 4]);
  await assert.rejects(session.runNamed({ x: { data: new Float32Array(4), shape: [1, 4] } }), DataError);
  await session.close();
  await assert.rejects(Session.open(file, { shape: { length: 3 } }), (e) => e instanceof ModelError && /"length"/.test(e.message));
  assert.deepEqual((await inspect(file)).free, ['batch']);
  assert.deepEqual((await inspect(file, { shape: { x: [2, 4] } })).inputs[0].sizes, [2, 4]);
  const missing = await inspect(write(t, node('Scan', ['x'], ['y']), ...x));
  assert.equal(missing.supported, false);
  assert.equal(missing.unsupported[0].op, 'Scan');
  assert.ok(missing.unsupported[0].advice.length > 0);
});

test('run and quantize take ONNX files', async (t) => {
  const where = folder(t);
  const x = npy(path.join(where, 'x.npy'), { data: Float32Array.from({ length: 2 * 3 * 19 * 23 }, (_, i) => Math.sin(i)), shape: [2, 3, 19, 23] });
  const float = path.join(testdata, 'float.onnx');
  const output = path.join(where, 'int8.onnx');
  await quantize(float, { calibration: x, output });
  const done = await run(output, { x }, { output: path.join(where, 'y.npz') });
  assert.deepEqual(done.outputs.map((o) => [o.name, o.dtype, o.shape[0]]), [['y', 'float32', 2]]);
  assert.ok(fs.existsSync(path.join(where, 'y.npz')));
  const named = path.join(where, 'named.onnx');
  await quantize(float, { calibration: { x }, ranges: 'minmax', fix: '1dB', output: named });
  assert.ok(fs.existsSync(named));
  await assert.rejects(quantize(float, { calibration: [`x=${x}`, `x=${x}`], output: named }), /given twice/);
  await assert.rejects(run(float, { z: x }), /no such input/);
  await assert.rejects(run(float, 7), UsageError);
});
