'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { Session, ModelError } = require('@octet-ml/octet');
const { test, readNpy, bytesEqual } = require('./helpers.js');

const testdata = path.join(process.env.OCTET_DEMO, '..', '..', '..', 'testdata');

/** uniform and hashed are the numbers and images of internal/hashweights, which PyTorch was given too. */
function uniform(name, n, seed) {
  const mask = (1n << 64n) - 1n;
  const golden = 0x9e3779b97f4a7c15n;
  let state = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(name)) state = ((state ^ BigInt(byte)) * 0x100000001b3n) & mask;
  state = (state + BigInt(seed) * golden) & mask;
  return Float32Array.from({ length: n }, () => {
    let z = state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & mask;
    state = (state + golden) & mask;
    return Number((z ^ (z >> 31n)) >> 40n) * 2 ** -23 - 1;
  });
}

function hashed(n, channels, size, seed) {
  const cells = Math.ceil(size / 8);
  const coarse = uniform('coarse', n * channels * cells * cells, seed);
  const data = uniform('grain', n * channels * size * size, seed).map((grain, i) => {
    const [col, row, plane] = [i % size, Math.floor(i / size) % size, Math.floor(i / size ** 2)];
    const cell = coarse[(plane * cells + Math.floor(row / 8)) * cells + Math.floor(col / 8)];
    return Math.fround(1.5 * cell) + grain / 2;
  });
  return { data, shape: [n, channels, size, size] };
}

test('models of every route of quantization give the logits of PyTorch', async () => {
  const input = hashed(2, 3, 64, 2);
  for (const [file, arch, backend] of [
    ['fx/mobilenet_v3_small.plain.ptq', 'mobilenet_v3_small', 'qnnpack'],
    ['fxprepared/mobilenet_v2.quantizable.qat.qnnpack', 'mobilenet_v2', 'qnnpack'],
    ['fxprepared/shufflenet_v2_x0_5.plain.ptq.fbgemm', 'shufflenet_v2_x0_5', 'fbgemm'],
    ['routes/excluded.fx.stage3', 'shufflenet_v2_x0_5', 'fbgemm'],
    ['routes/excluded.eager.conv1', 'shufflenet_v2_x0_5', 'fbgemm'],
    ['routes/observed.minmax.qnnpack', 'shufflenet_v2_x0_5', 'qnnpack'],
  ]) {
    const session = await Session.open(path.join(testdata, `${file}.pth`), { arch, backend });
    assert.equal(session.info.kind, 'int8', file);
    const { data, shape } = await session.run(input);
    assert.deepEqual(shape, [2, 10]);
    bytesEqual(data, readNpy(path.join(testdata, `${file}.npy`)));
    await session.close();
  }
});

test('routes that octet does not run are refused in one line with a remedy', async () => {
  for (const [name, remedy] of [
    ['unfused-converted', /call fuse_model\(\) before prepare/],
    ['dynamic', /octet quantize FLOAT\.pth --calibration/],
    ['qint8', /convert with a qconfig of quint8 activations/],
  ]) {
    const refused = Session.open(path.join(testdata, 'routes', `refused.${name}.pth`), { arch: 'shufflenet_v2_x0_5' });
    await assert.rejects(refused, (e) => e instanceof ModelError && remedy.test(e.message) && !e.message.includes('\n'), name);
  }
});
