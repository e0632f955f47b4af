'use strict';

// What models say that are not classifiers of many classes, and single parts of the
// preprocessing.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { Session, quantize, DataError, UsageError } = require('@octet-ml/octet');
const { test, model, calibration, octet, folder, images } = require('./helpers.js');

/** oneLogit writes a model with a single output: random numbers in the shapes of the demo's. */
function oneLogit(t) {
  const header = {};
  const parts = [];
  let at = 0;
  for (const { key, value } of JSON.parse(octet('inspect', model, '--tensors', '--json')).keys) {
    if (key.endsWith('num_batches_tracked')) continue;
    const shape = JSON.parse(value.replace('float32', ''));
    if (key.startsWith('fc.')) shape[0] = 1;
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 0.1 + 0.2 * Math.random());
    header[key] = { dtype: 'F32', shape, data_offsets: [at, (at += data.byteLength)] };
    parts.push(Buffer.from(data.buffer));
  }
  const text = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  const file = path.join(folder(t), 'one.safetensors');
  fs.writeFileSync(file, Buffer.concat([size, text, ...parts]));
  return file;
}

test('a model with one output decides between two classes', async (t) => {
  const session = await Session.open(oneLogit(t));
  assert.equal(session.info.classes, 1);
  const all = await session.classify(images(4));
  const { data } = await session.run(images(1));
  assert.equal(data.length, 1);
  for (const [best, ...others] of all) {
    assert.equal(others.length, 0);
    assert.ok(Math.abs(best.sigmoid - 1 / (1 + Math.exp(-best.logit))) < 1e-6, JSON.stringify(best));
    assert.equal(best.class, best.logit > 0 ? 1 : 0);
    assert.equal(best.probability, best.class === 1 ? best.sigmoid : 1 - best.sigmoid);
  }
  await session.close();
});

test('single parts of the preprocessing replace those of the model', async (t) => {
  const was = { channels: 1, input: [28, 28], mean: [0.286], std: [0.353] };
  const { input, ...sized } = was;
  for (const [options, want] of [
    [{}, was],
    [{ resize: 28 }, { ...sized, resize: [28] }],
    [{ resize: [28, 30] }, { ...sized, resize: [28, 30] }],
    [{ crop: 28 }, { ...sized, crop: [28, 28] }],
    [{ mean: [0.5] }, { ...was, mean: [0.5] }],
    [{ std: [0.5], crop: [24, 28] }, { ...sized, std: [0.5], crop: [24, 28] }],
  ]) {
    const session = await Session.open(model, options);
    assert.deepEqual(session.info.preset, want);
    await session.close();
  }
});

test('a file is what its name says', async (t) => {
  const onnx = path.join(folder(t), 'x.onnx');
  await quantize(model, { calibration, output: onnx });
  assert.ok(fs.statSync(onnx).size > 1000);
  for (const name of ['x.safetensors', 'x.npz', 'x.tflite', 'x.h5']) {
    const output = path.join(folder(t), name);
    await assert.rejects(quantize(model, { calibration, output }), (e) => e instanceof UsageError && /PyTorch state dict/.test(e.message));
    assert.ok(!fs.existsSync(output));
  }
});

test('a strict session refuses NaN and infinity', async () => {
  const strict = await Session.open(model, { strict: true });
  const lax = await Session.open(model);
  await strict.run(images(2));
  for (const value of [NaN, Infinity, -Infinity]) {
    const input = images(3);
    input.data[784 + 3] = value;
    await assert.rejects(strict.run(input), (e) => e instanceof DataError && /input 1 holds NaN or infinite values/.test(e.message));
    await assert.rejects(strict.classify(input), DataError);
    assert.equal((await lax.classify(input)).length, 3);
  }
  await strict.close();
  await lax.close();
});
