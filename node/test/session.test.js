'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { Session, Pool, ModelError, DataError, UsageError, ClosedError, QueueFullError } = require('@octet-ml/octet');
const { test, model, octet, folder, quantized, images, pgm, logits, bytesEqual } = require('./helpers.js');

test('run gives the bytes of the command line, float and int8', async (t) => {
  for (const file of [model, quantized(t)]) {
    const session = await Session.open(file, { threads: 1 });
    for (const n of [1, 5]) {
      const input = images(n);
      const want = logits(t, file, input);
      const { data, shape } = await session.run(input);
      assert.deepEqual(shape, [n, 10]);
      bytesEqual(data, want);
      const overlapping = await Promise.all(Array.from({ length: 20 }, () => session.run(input)));
      for (const output of overlapping) bytesEqual(output.data, want);
    }
    await session.close();
  }
});

test('classify gives the predictions of the command line', async (t) => {
  const file = quantized(t);
  const where = folder(t);
  const files = [pgm(), pgm(), pgm()];
  const names = files.map((bytes, i) => {
    const name = path.join(where, `${i}.pgm`);
    fs.writeFileSync(name, bytes);
    return name;
  });
  const want = JSON.parse(octet('run', file, ...names, '--top', '3', '--json')).results.map((r) => r.top);
  const session = await Session.open(pathToFileURL(file));
  assert.deepEqual(await session.classify(files[0], { top: 3 }), want[0]);
  assert.deepEqual(await session.classify(files, { top: 3 }), want);
  assert.equal((await session.classify(files[1])).length, 5);
  const { buffer, byteOffset, byteLength } = files[2];
  assert.deepEqual(await session.classify(buffer.slice(byteOffset, byteOffset + byteLength), { top: 3 }), want[2]);
  assert.deepEqual((await session.run(files)).shape, [3, 10]);
  const ofTensor = await session.classify(images(2), { top: 1 });
  assert.equal(ofTensor.length, 2);
  assert.equal(typeof ofTensor[1][0].label, 'string');
  await session.close();
});

test('a session tells what it is', async () => {
  const notes = [];
  const session = await Session.open(model, { onNote: (note) => notes.push(note) });
  assert.equal(session.info.arch, 'fashion_resnet8');
  assert.equal(session.info.kind, 'float');
  assert.equal(session.info.model, model);
  assert.deepEqual([session.info.channels, session.info.classes, session.info.labels.length], [1, 10, 10]);
  assert.deepEqual(session.info.preset.input, [28, 28]);
  assert.match(session.info.assumptions[0], /^architecture fashion_resnet8/);
  assert.match(notes[0], /^assumed: architecture/);
  await session.close();
});

test('the preprocessing of images can be given', async () => {
  const session = await Session.open(model, { resize: [28, 28], mean: [0.5], std: [0.5] });
  assert.deepEqual(session.info.preset, { channels: 1, resize: [28, 28], mean: [0.5], std: [0.5] });
  assert.deepEqual((await session.run(pgm(70))).shape, [1, 10]);
  await session.close();
});

test('arrays of every kind', async () => {
  const session = await Session.open(model);
  const { data, shape } = images(1);
  const want = (await session.run({ data, shape })).data;
  const shared = new Float32Array(new SharedArrayBuffer(data.byteLength));
  shared.set(data);
  const offset = new Float32Array(data.length + 3).subarray(3);
  offset.set(data);
  for (const same of [shared, offset, Array.from(data)]) bytesEqual((await session.run({ data: same, shape })).data, want);
  for (const type of [Float64Array, Int8Array, Uint8Array, Int32Array, BigInt64Array]) {
    const input = { data: new type(784), shape };
    await assert.rejects(session.run(input), (e) => e instanceof DataError && /takes float32 \[N, 1, H, W\]/.test(e.message), type.name);
  }
  await assert.rejects(session.run({ data: Buffer.alloc(784), shape }), /the input is uint8\[1, 1, 28, 28\]; fashion_resnet8 takes float32/);
  await session.close();
});

test('a wrong path says what to give', async () => {
  await assert.rejects(Session.open('no-such.pth'), (e) => {
    assert.ok(e instanceof ModelError);
    assert.equal(e.code, 'ERR_OCTET_MODEL');
    assert.equal(e.name, 'ModelError');
    assert.ok(e.message.includes(path.resolve('no-such.pth')), e.message);
    assert.match(e.message, /give a model file, \.pth, \.pt, \.safetensors, \.onnx or \.pt2, or zoo:NAME/);
    return true;
  });
  await assert.rejects(Session.open(__filename), ModelError);
  await assert.rejects(Session.open('zoo:ResNet51_Weights.DEFAULT'), /octet zoo list names all/);
  for (const wrong of [undefined, null, 7, '', 'a\0b', {}, new URL('https://example.org/model.pth')]) {
    await assert.rejects(Session.open(wrong), /takes the path of a file/);
  }
});

test('a wrong option says which there are', async () => {
  await assert.rejects(Session.open(model, { arch: 'resnet19' }), (e) => e instanceof UsageError && /arch: .*resnet18/.test(e.message) && !e.message.includes('--'));
  await assert.rejects(Session.open(model, { colour: true }), /unknown option: colour/);
  await assert.rejects(Session.open(model, { '-x': 1 }), /there is no option "-x"/);
  await assert.rejects(Session.open(model, { threads: {} }), /option threads is an object \(Object\); give a string/);
  await assert.rejects(Session.open(model, { threads: -1 }), /threads -1: 0 or more/);
  await assert.rejects(Session.open(model, { resize: -28 }), /resize \[-28\]: give an edge in pixels/);
});

test('a wrong shape says what is expected', async () => {
  const session = await Session.open(model);
  const data = new Float32Array(3 * 784);
  const wrong = async (input, type, pattern) => assert.rejects(session.run(input), (e) => e instanceof type && pattern.test(e.message) || assert.fail(`${e.stack} is not ${pattern}`));
  await wrong({ data, shape: [1, 3, 28, 28] }, DataError, /the input is float32\[1, 3, 28, 28\]; fashion_resnet8 takes float32 \[N, 1, H, W\]/);
  await wrong({ data, shape: [3, 784] }, DataError, /takes float32 \[N, 1, H, W\]/);
  await wrong({ data, shape: [1, 1, 28, 28] }, UsageError, /\[1, 1, 28, 28\] has 784 elements, the data 2352/);
  for (const shape of [undefined, 784, '1,1,28,28', [1.5], [-1, 784], [NaN], [2 ** 53]]) await wrong({ data, shape }, UsageError, /give an array of whole numbers|elements/);
  for (const wrongData of [undefined, null, 'abc', new DataView(new ArrayBuffer(8)), {}]) await wrong({ data: wrongData, shape: [1] }, UsageError, /give a typed array/);
  await wrong({ data: new Float32Array(0), shape: [0, 1, 28, 28] }, DataError, /empty/);
  await wrong('cat.jpg', UsageError, /read the file first: await fs\.readFile\(path\)/);
  for (const input of [undefined, null, 7, [], [[1]], {}, ['cat.jpg']]) await wrong(input, UsageError, /give \{ data, shape \}, the bytes of an image/);
  await wrong(Buffer.from('hello'), DataError, /not an image/);
  await wrong([pgm(), Buffer.alloc(0)], DataError, /image 1: the image is empty/);
  await wrong(pgm(30), DataError, /30 x 30 pixels/);
  for (const top of [0, -1, 1.5, '5', NaN]) await assert.rejects(session.classify(pgm(), { top }), /top is .*give a whole number/);
  await session.run({ data: data.subarray(0, 784), shape: [1, 1, 28, 28] }); // nothing of this has harmed the session
  await session.close();
});

test('an aborted call ends with the reason of its signal', async () => {
  const session = await Session.open(model);
  const input = images(1);
  const reason = new Error('changed my mind');
  await assert.rejects(session.run(input, { signal: AbortSignal.abort(reason) }), reason);
  await assert.rejects(Session.open(model, { signal: AbortSignal.abort(reason) }), reason);
  const long = images(5000);
  await assert.rejects(session.run(long, { signal: AbortSignal.timeout(1) }), { name: 'TimeoutError' });
  // Some in flight, others waiting behind them; one signal serves them all.
  const controller = new AbortController();
  const all = Array.from({ length: 30 }, () => session.run(long, { signal: controller.signal }));
  setTimeout(() => controller.abort(reason), 5);
  for (const { status, reason: got } of await Promise.allSettled(all)) assert.deepEqual([status, got], ['rejected', reason]);
  assert.deepEqual((await session.run(input)).shape, [1, 10]);
  await session.close();
});

test('what is aborted is not computed to its end', async () => {
  const pool = new Pool();
  const session = await Session.open(model, { pool, threads: 1 });
  const long = images(20_000);
  const small = images(1);
  // The time of a run that has to wait for long ones, which take all the room.
  const waiting = async (signal) => {
    const all = Array.from({ length: pool.concurrency }, () => session.run(long, { signal }).catch(() => {}));
    const started = performance.now();
    await session.run(small);
    const time = performance.now() - started;
    await Promise.all(all);
    return time;
  };
  await session.run(small);
  const whole = await waiting();
  const controller = new AbortController();
  setTimeout(() => controller.abort(), whole / 10);
  const aborted = await waiting(controller.signal);
  assert.ok(aborted < 0.7 * whole, `a run waited ${aborted} ms for aborted ones, ${whole} ms for others`);
  await pool.close();
});

test('the queue is bounded', async () => {
  const pool = new Pool({ maxQueue: 4 });
  const session = await Session.open(model, { pool });
  const input = images(50);
  const runs = Array.from({ length: pool.concurrency + 4 }, () => session.run(input));
  assert.equal(pool.queued, 4);
  await assert.rejects(session.run(input), (e) => e instanceof QueueFullError && e.code === 'ERR_OCTET_QUEUE_FULL' && /4 requests wait already/.test(e.message));
  await Promise.all(runs);
  await session.run(input);
  await pool.close();
  for (const maxQueue of [0, -1, 1.5, '9']) assert.throws(() => new Pool({ maxQueue }), UsageError);
});

test('runAll reads no more than it can run, and keeps the order', async (t) => {
  const session = await Session.open(model);
  const batches = Array.from({ length: 40 }, (_, i) => images(1 + (i * 7) % 5));
  const want = [];
  for (const batch of batches) want.push((await session.run(batch)).data);
  let read = 0;
  let done = 0;
  let ahead = 0;
  async function* inputs() {
    for (const batch of batches) {
      ahead = Math.max(ahead, ++read - done);
      yield batch;
    }
  }
  for await (const { data } of session.runAll(inputs(), { concurrency: 3 })) bytesEqual(data, want[done++]);
  assert.equal(done, batches.length);
  assert.ok(ahead <= 4, `${ahead} inputs were read ahead`);
  const labels = [];
  for await (const [best] of session.classifyAll([pgm(), pgm(), pgm()], { top: 1 })) labels.push(best.label);
  assert.equal(labels.length, 3);
  // A broken input ends the run where it stands, and breaking off leaves nothing behind.
  let good = 0;
  await assert.rejects(async () => {
    for await (const output of session.runAll([images(1), images(1), Buffer.from('x'), images(1)])) good += output.shape[0];
  }, /not an image/);
  assert.equal(good, 2);
  for await (const output of session.runAll(batches)) {
    assert.deepEqual(output.shape, [1, 10]);
    break;
  }
  await assert.rejects(session.runAll([images(1)], { concurrency: 0 }).next(), /concurrency is 0/);
  await session.close();
});

test('data that is transferred away before it was sent fails its own call only', async () => {
  const session = await Session.open(model);
  const busy = Array.from({ length: 12 }, () => session.run(images(50)));
  const input = images(1);
  const late = session.run(input);
  structuredClone(input.data, { transfer: [input.data.buffer] });
  await assert.rejects(late, /the data was transferred away/);
  await Promise.all(busy);
  await session.run(images(1));
  await session.close();
});

test('a closed session', async () => {
  const session = await Session.open(model);
  const last = session.run(images(20));
  const closing = session.close();
  await assert.rejects(session.run(images(1)), (e) => e instanceof ClosedError && e.code === 'ERR_OCTET_CLOSED');
  assert.deepEqual((await last).shape, [20, 10]);
  await closing;
  await session.close();
  if (Symbol.asyncDispose) assert.equal(Session.prototype[Symbol.asyncDispose], Session.prototype.close);
});

test('import and require give the same classes', async () => {
  const { Session: imported } = await import('@octet-ml/octet');
  assert.equal(imported, Session);
});
