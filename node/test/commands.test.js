'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { Session, DataError, ModelError, OutputError, UsageError, OctetError, quantize, inspect, exportModel, compare, evaluate, merge, run, quantizeTensor } = require('@octet-ml/octet');
const { test, model, calibration, testImages, emulated, octet, folder, quantized, images, npy, pgm } = require('./helpers.js');

test('quantize makes the file of the command line, with progress', async (t) => {
  const where = folder(t);
  const [here, there] = ['here.pth', 'there.pth'].map((name) => path.join(where, name));
  const events = [];
  const notes = [];
  const result = await quantize(model, {
    calibration, limit: 64, qconfig: 'torchvision', exclude: ['fc', 'layer1.*'], perTensor: true, output: here,
    onProgress: (p) => events.push(p), onNote: (n) => notes.push(n),
  });
  octet('quantize', model, '--calibration', calibration, '--limit', '64', '--qconfig', 'torchvision', '--exclude', 'fc', '--exclude', 'layer1.*', '--per-tensor', '--output', there);
  assert.deepEqual(fs.readFileSync(here), fs.readFileSync(there));
  assert.equal(result.output, here);
  assert.equal(result.backend, 'fbgemm');
  assert.equal(result.int8_file_bytes, fs.statSync(here).size);
  assert.deepEqual(events[0], { stage: 'calibrate', unit: 'inputs', done: 0, total: 64 });
  assert.deepEqual(events.at(-1), { stage: 'calibrate', unit: 'inputs', done: 64, total: 64 });
  assert.match(notes.join('\n'), /assumed: architecture fashion_resnet8/);
  const session = await Session.open(here);
  assert.equal(session.info.kind, 'int8');
  await session.close();
});

test('shards merge to what one call writes', async (t) => {
  const where = folder(t);
  const file = (name) => path.join(where, name);
  const int8 = quantized(t);
  const whole = await evaluate(int8, testImages, { shard: '1/1', output: file('one.json'), against: model });
  const parts = [];
  for (const i of [3, 1, 2]) {
    const output = file(`part${i}.json`);
    assert.equal((await evaluate(int8, testImages, { shard: `${i}/3`, output, against: model })).shard, `${i}/3`);
    parts.push(output);
  }
  const all = await merge(parts, { output: file('all.json') });
  assert.deepEqual(fs.readFileSync(file('all.json')), fs.readFileSync(file('one.json')));
  assert.deepEqual(all.score, whole.score);
  assert.equal(all.against.changed, whole.against.changed);
  const plain = await evaluate(int8, testImages, { limit: 100 });
  assert.deepEqual({ ...plain, seconds: 0 }, { ...JSON.parse(octet('eval', int8, testImages, '--limit', '100', '--json')), seconds: 0 });
  await assert.rejects(merge(parts.slice(1), { output: file('few.json') }), (e) => e instanceof DataError && /shard 3 of 3 is missing/.test(e.message));
  await assert.rejects(merge(parts, {}), UsageError);

  const stats = [];
  for (const i of [1, 2]) {
    const output = file(`stats${i}.json`);
    assert.equal((await quantize(model, { calibration, qconfig: 'mse', shard: `${i}/2`, stats: output })).kind, 'statistics');
    stats.push(output);
  }
  await merge(stats, { output: file('stats.json') });
  assert.equal((await quantize(model, { stats: file('stats.json'), output: file('merged.pth') })).output, file('merged.pth'));
  const lines = await run(int8, calibration, { shard: '1/2', output: file('lines.jsonl'), top: 1 });
  assert.equal(lines.images, fs.readFileSync(file('lines.jsonl'), 'utf8').trimEnd().split('\n').length - 1);
});

test('inspect gives the document of the command line', async () => {
  assert.deepEqual(await inspect(model), JSON.parse(octet('inspect', model, '--json')));
  assert.deepEqual(await inspect(model, { tensors: true }), JSON.parse(octet('inspect', model, '--json', '--tensors')));
});

test('compare gives the document of the command line', async (t) => {
  const html = path.join(folder(t), 'report.html');
  const stages = new Set();
  const got = await compare(model, {
    calibration, calibrationLimit: 32, limit: 32, backend: ['fbgemm', 'qnnpack'], perChannel: true, qconfig: ['torchvision'], exclude: ['fc', 'conv1'],
    layerInputs: 1, duration: '0s', html, onProgress: (p) => stages.add(p.stage),
  });
  fs.rmSync(html); // a second run would say that it is replaced
  const want = JSON.parse(octet('compare', model, '--calibration', calibration, '--calibration-limit', '32', '--limit', '32', '--backend', 'fbgemm,qnnpack', '--per-channel',
    '--qconfig', 'torchvision', '--exclude', 'fc', '--exclude', 'conv1', '--layer-inputs', '1', '--duration', '0s', '--html', html, '--json'));
  assert.deepEqual(got, want);
  assert.deepEqual(got.variants.slice(0, 3).map((v) => v.backend), [undefined, 'fbgemm', 'qnnpack']);
  assert.deepEqual(got.variants[1].excluded, ['fc', 'conv1']);
  assert.ok(stages.size > 0);
  await assert.rejects(compare([model]), (e) => e instanceof UsageError && /has nothing to be compared with: name int8 models too, or calibration/.test(e.message));
  await assert.rejects(compare([]), UsageError);
  await assert.rejects(compare([model, 7]), /compare takes the path of a file, got 7/);
});

test('exportModel writes what Session opens', async (t) => {
  const output = path.join(folder(t), 'model.onnx');
  const told = await exportModel(model, { output, format: 'qoperator', opset: 13 });
  assert.equal(told.format, 'qoperator');
  assert.equal(told.opset, 13);
  assert.equal(told.bytes, fs.statSync(output).size);
  const session = await Session.open(output);
  t.after(() => session.close());
  await assert.rejects(exportModel(model, { output, opset: 9 }), (e) => e instanceof UsageError && /from 10 to 21/.test(e.message));
});

test('quantizeTensor gives the codes of the command line', async (t) => {
  const numbers = [-1.5, 0, 0.25, 3];
  const want = JSON.parse(octet('tensor', '-1.5,0,0.25,3', '--json'));
  const typed = { ...want, values: Float32Array.from(want.values), codes: Uint8Array.from(want.codes), dequantized: Float32Array.from(want.dequantized) };
  for (const input of [numbers, Float32Array.from(numbers), Float64Array.from(numbers), { data: Float32Array.from(numbers), shape: [4] }]) {
    assert.deepEqual(await quantizeTensor(input), typed);
  }
  const file = npy(path.join(folder(t), 'x.npy'), { data: Float32Array.from(numbers), shape: [4] });
  assert.deepEqual(await quantizeTensor(file), typed);
  for (const type of [Int8Array, Int16Array, Int32Array, BigInt64Array, Uint8Array, Uint8ClampedArray, Uint16Array, Uint32Array, BigUint64Array]) {
    const { values } = await quantizeTensor(type.from([1, 2, 100].map(type.name.startsWith('Big') ? BigInt : Number)));
    assert.deepEqual(values, Float32Array.of(1, 2, 100), type.name);
  }

  const perChannel = await quantizeTensor({ data: images(1).data, shape: [4, 196] }, { dtype: 'qint8', perChannel: true, symmetric: true, axis: 0 });
  assert.deepEqual([perChannel.scales.length, perChannel.axis, perChannel.codes.constructor.name, perChannel.codes.length], [4, 0, 'Int8Array', 784]);
  assert.equal((await quantizeTensor(numbers, { dtype: 'qint32', scale: 0.5, zeroPoint: 3 })).codes.constructor, Int32Array);
  const weight = await quantizeTensor(model, { tensor: 'fc.weight', dtype: 'qint8', perChannel: true });
  assert.deepEqual(weight.shape, [10, weight.codes.length / 10]);

  const sum = await quantizeTensor([1, 2, 3], { op: 'add', with: [0.5, -0.5, 4] });
  assert.deepEqual(sum, JSON.parse(octet('tensor', '1', '2', '3', '--op', 'add', '--with', '0.5,-0.5,4', '--json')));
  const product = await quantizeTensor({ data: [1, 2, 3, 4], shape: [2, 2] }, { op: 'matmul', with: { data: [1, 0, 0, 1], shape: [2, 2] } });
  assert.deepEqual(product.result.real, [1, 2, 3, 4]);
});

test('paths are relative to the folder of the call', async (t) => {
  const before = process.cwd();
  t.after(() => process.chdir(before));
  for (const name of ['a.pth', 'b.pth']) {
    process.chdir(folder(t));
    fs.copyFileSync(model, name);
    assert.equal((await inspect(name)).file, name);
    const session = await Session.open(name);
    await session.run(images(1));
    await session.close();
  }
});

test('an aborted quantization leaves no file', async (t) => {
  const where = folder(t);
  const options = { calibration: testImages, limit: emulated ? 200 : 4000, output: path.join(where, 'int8.pth') };
  const started = performance.now();
  await quantize(model, options);
  const whole = performance.now() - started;
  fs.rmSync(options.output);
  const controller = new AbortController();
  const call = quantize(model, { ...options, signal: controller.signal, onProgress: (p) => p.done > 0 && controller.abort() });
  await assert.rejects(call, { name: 'AbortError' });
  // What a listener throws ends the call too.
  const broken = new Error('broken listener');
  await assert.rejects(quantize(model, { ...options, onProgress: () => { throw broken; } }), broken);
  await sleep(3 * whole); // long enough for the file to appear, if it still would
  assert.deepEqual(fs.readdirSync(where), []);
});

test('kept statistics serve the data that they were made of', async (t) => {
  const where = folder(t);
  let photos = path.join(where, 'photos');
  fs.mkdirSync(photos);
  const photo = (i) => path.join(photos, `${i}.pgm`);
  for (let i = 0; i < 6; i++) fs.writeFileSync(photo(i), pgm());
  const stats = path.join(where, 'stats.json');
  const output = path.join(where, 'int8.pth');
  const calibrate = (more) => quantize(model, { calibration: photos, qconfig: 'torchvision', stats, output, ...more });
  await calibrate();
  const first = fs.readFileSync(output);

  const refused = (pattern, more) => assert.rejects(calibrate(more), (e) => (e instanceof DataError && pattern.test(e.message) && e.message.includes(stats)) || assert.fail(`${e.stack} is not a DataError ${pattern}`));
  const kept = fs.readFileSync(photo(2));
  fs.rmSync(output);
  fs.writeFileSync(photo(2), pgm());
  await refused(/1 sample has other content: 2\.pgm/);
  fs.rmSync(photo(2));
  await refused(/1 sample is missing: 2\.pgm/);
  fs.writeFileSync(photo(2), kept);
  fs.writeFileSync(photo(9), pgm());
  await refused(/1 sample is new: 9\.pgm/);
  fs.rmSync(photo(9));
  fs.renameSync(photo(0), photo(7));
  await refused(/another order, from sample 0 on/);
  fs.renameSync(photo(7), photo(0));
  await refused(/mean was \[0\.286\] and is \[0\.5\]/, { mean: [0.5], std: [0.5] });
  await refused(/exif was false and is true/, { exif: true });
  await refused(/limit 0, not 3/, { limit: 3 });
  assert.equal(fs.existsSync(output), false);

  photos = path.join(where, 'elsewhere');
  fs.renameSync(path.join(where, 'photos'), photos);
  const notes = [];
  await calibrate({ onNote: (n) => notes.push(n) });
  assert.match(notes.join('\n'), /nothing is calibrated[^]*called photos; its content is the same/);
  const back = path.join(where, 'photos');
  fs.renameSync(photos, back);
  photos = back;
  await calibrate();
  assert.deepEqual(fs.readFileSync(output), first);
});

test('errors of commands', async (t) => {
  const where = folder(t);
  const output = path.join(where, 'int8.pth');
  const wrong = (call, type, pattern) => assert.rejects(call, (e) => (e instanceof type && e instanceof OctetError && pattern.test(e.message)) || assert.fail(`${e.stack} is not ${type.name} ${pattern}`));
  await wrong(quantize(model), UsageError, /quantize needs calibration DATA and output FILE/);
  const mismatch = await inspect(model, { arch: 'resnet18' }).then(() => assert.fail('it fits'), (e) => e);
  assert.ok(mismatch instanceof ModelError && mismatch.missing.length > 20 && mismatch.misshapen[0].found && Array.isArray(mismatch.extra));
  assert.deepEqual(mismatch.looksLike, ['fashion_resnet8']);
  await wrong(quantize(model, { calibration, output, perTensor: true, perChannel: true }), UsageError, /perTensor and perChannel contradict/);
  await wrong(quantize(model, { calibration, output, batchSize: 0 }), UsageError, /batchSize 0: at least 1/);
  await wrong(quantize(model, { calibration: path.join(where, 'no'), output }), DataError, /give an image, a folder/);
  await wrong(quantize('no.pth', { calibration, output }), ModelError, /give a model file/);
  await wrong(quantize(model, { calibration, output: path.join(where, 'no', 'int8.pth') }), OutputError, /the folder does not exist/);
  await wrong(quantize(undefined, { calibration, output }), UsageError, /quantize takes the path of a file, got undefined/);
  await wrong(inspect(__filename), ModelError, /./);
  await wrong(inspect(), UsageError, /inspect takes the path of a file/);
  await wrong(quantizeTensor([]), DataError, /no minimum and maximum/);
  await wrong(quantizeTensor([1, NaN]), DataError, /NaN/);
  await wrong(quantizeTensor({ data: [1, 2], shape: [3] }), UsageError, /\[3\] has 3 elements, the data 2/);
  await wrong(quantizeTensor(7), UsageError, /takes numbers, \{ data, shape \} or the path/);
  await wrong(quantizeTensor([1], { dtype: 'int4' }), UsageError, /dtype int4 is no quantized type: use quint8/);
  await wrong(quantizeTensor('no.npy'), DataError, /no\.npy/);
  assert.deepEqual(fs.readdirSync(where), []);
});
