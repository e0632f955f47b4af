'use strict';

// Sessions of a server: octet serve, and one that answers what it is told to.
const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const readline = require('node:readline');
const { RemoteSession, Session, ClosedError, DataError, ModelError, OctetError, QueueFullError, UsageError } = require('@octet-ml/octet');
const { test, model, findBinary, folder, quantized, images, pgm, bytesEqual } = require('./helpers.js');
const onnx = require('./onnx.js');

/** serve starts octet serve on a free port, which ends with the test, and returns its address. */
async function serve(t, ...args) {
  const child = spawn(findBinary(), ['serve', '--http', '127.0.0.1:0', '--grpc', '', '--admin', '', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill();
    await ended;
  });
  let address;
  for await (const line of readline.createInterface({ input: child.stderr })) {
    const { msg, http: at, error } = JSON.parse(line);
    assert.ok(!error, line);
    if (msg === 'listening') address = `http://${at}`;
    if (msg === 'ready') break;
  }
  child.stderr.resume();
  assert.ok(address, 'the server did not become ready');
  return address;
}

/** stub is a server that gives one answer to all. */
async function stub(t, answer) {
  const server = http.createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return `http://127.0.0.1:${server.address().port}`;
}

const metadata = JSON.stringify({ name: 'm', versions: ['1'], platform: 'p', inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }], outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 2] }] });

test('what a server computes has the bits of the local session', async (t) => {
  const int8 = quantized(t);
  const address = await serve(t, model, int8);
  for (const file of [model, int8]) {
    const local = await Session.open(file);
    const remote = await RemoteSession.open(address, { model: path.basename(file, '.pth') });
    for (const input of [images(1), images(5), pgm(), [pgm(), pgm()]]) {
      const [want, got] = [await local.run(input), await remote.run(input)];
      assert.deepEqual(got.shape, want.shape);
      bytesEqual(got.data, want.data);
      for (const top of [1, 5, 20]) assert.deepEqual(await remote.classify(input, { top }), await local.classify(input, { top }));
    }
    const batches = [3, 1, 4, 1, 5].map((n) => images(n));
    let i = 0;
    for await (const { data } of remote.runAll(batches, { concurrency: 2 })) bytesEqual(data, (await local.run(batches[i++])).data);
    assert.equal(i, batches.length);
    for await (const [best, ...more] of remote.classifyAll([pgm(), pgm()], { top: 1 })) assert.deepEqual([typeof best.label, more.length], ['string', 0]);
    await Promise.all([local.close(), remote.close()]);
  }
});

test('inputs and outputs by name, of every element type', async (t) => {
  const types = { float32: 1, uint8: 2, int8: 3, uint16: 4, int16: 5, int32: 6, int64: 7, bool: 9, float16: 10, float64: 11, uint32: 12, uint64: 13 };
  const names = Object.keys(types);
  const file = path.join(folder(t), 'same.onnx');
  fs.writeFileSync(file, onnx.model(
    ...names.map((n) => onnx.port(11, n, types[n], ['n'])), ...names.map((n) => onnx.port(12, `${n}_same`, types[n], ['n'])),
    ...names.map((n) => onnx.node('Identity', [n], [`${n}_same`])),
  ));
  const address = await serve(t, file);
  const [local, remote] = [await Session.open(file), await RemoteSession.open(address, { model: 'same', version: '1' })];
  const { model: name, version, versions, platform, inputs } = remote.info;
  assert.deepEqual([name, version, versions, platform], ['same', '1', ['1'], 'octet_onnx']);
  assert.deepEqual(inputs, local.info.inputs.map(({ name: n, dtype, shape }) => ({ name: n, dtype, shape })));
  const array = { float32: Float32Array, float64: Float64Array, float16: Uint16Array, int8: Int8Array, int16: Int16Array, int32: Int32Array, int64: BigInt64Array, uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, uint64: BigUint64Array, bool: Uint8Array };
  const given = Object.fromEntries(names.map((n) => [n, { data: array[n].from(n.endsWith('64') && n !== 'float64' ? [1n, 0n, 1n] : [1, 0, 1]), shape: [3], dtype: n }]));
  const [want, got] = [await local.runNamed(given), await remote.runNamed(given)];
  assert.deepEqual(Object.keys(got).sort(), Object.keys(want).sort());
  for (const n of Object.keys(want)) {
    assert.deepEqual([got[n].dtype, got[n].shape, got[n].data.constructor], [want[n].dtype, want[n].shape, want[n].data.constructor]);
    bytesEqual(got[n].data, want[n].data);
  }
  await assert.rejects(remote.run(given.float32), (e) => e instanceof DataError && /inputs float32, uint8.*use runNamed/.test(e.message));
  await assert.rejects(remote.classify(pgm()), /use runNamed/);
  const { float32, ...rest } = given;
  await assert.rejects(remote.runNamed(rest), (e) => e instanceof DataError && /input "float32" is missing/.test(e.message));
  for (const wrong of [undefined, {}, float32, { float32: [1, 2, 3] }]) await assert.rejects(remote.runNamed(wrong), UsageError);
  await local.close();
});

test('refusals have the server\'s text', async (t) => {
  const tokens = path.join(folder(t), 'tokens');
  fs.writeFileSync(tokens, 'a-token-that-nobody-guesses\n');
  const address = await serve(t, model, '--token-file', tokens);
  const options = { model: 'fashion_resnet8', token: 'a-token-that-nobody-guesses' };
  const refused = (promise, type, pattern) => assert.rejects(promise, (e) => (e instanceof type && pattern.test(e.message)) || assert.fail(e.stack));
  await refused(RemoteSession.open(address, { ...options, token: 'other' }), UsageError, /a token is needed/);
  await refused(RemoteSession.open(address, { model: 'fashion_resnet8' }), UsageError, /a token is needed/);
  await refused(RemoteSession.open(address, { ...options, model: '../x' }), ModelError, /"\.\.\/x" is not served/);
  await refused(RemoteSession.open(address, { ...options, version: '7' }), ModelError, /version/);
  const session = await RemoteSession.open(new URL(address), options);
  await refused(session.run({ data: new Float32Array(3 * 784), shape: [1, 3, 28, 28] }), DataError, /input x has shape \[1 3 28 28\]/);
  await refused(session.run({ data: new Int8Array(784), shape: [1, 1, 28, 28] }), DataError, /the model takes FP32/);
  await refused(session.run(Buffer.from('hello')), DataError, /not an image/);
  await refused(session.run('cat.jpg'), UsageError, /read the file first/);
  await refused(session.classify(pgm(), { top: 0 }), UsageError, /top is 0/);
  await refused(session.runAll([images(1)], { concurrency: 0 }).next(), UsageError, /concurrency is 0/);
  for (const wrong of [undefined, '', 'localhost:8080', 'file:///m.pth', 7]) await refused(RemoteSession.open(wrong, options), UsageError, /give one such as http:\/\/localhost:8080/);
  for (const wrong of [undefined, '', 7]) await refused(RemoteSession.open(address, { model: wrong }), UsageError, /option model/);
  await refused(RemoteSession.open(address, { ...options, version: 1 }), UsageError, /option version is 1/);
  assert.deepEqual((await session.run(images(1))).shape, [1, 10]); // nothing of this has harmed the session
});

test('every status has its error', async (t) => {
  const says = { 400: DataError, 401: UsageError, 403: UsageError, 404: ModelError, 413: DataError, 429: QueueFullError };
  const codes = { 500: 'ERR_OCTET_INTERNAL', 503: 'ERR_OCTET_NETWORK', 504: 'ERR_OCTET_NETWORK' };
  let status = 200;
  const address = await stub(t, (_, response) => response.writeHead(status).end(status === 200 ? metadata : '{"error":"so it is"}'));
  const session = await RemoteSession.open(`${address}/prefix/`, { model: 'm' });
  for (status of [400, 401, 403, 404, 413, 429, 500, 503, 504]) {
    await assert.rejects(session.run({ data: [1, 2], shape: [1, 2] }), (e) => e.message === 'so it is' && e instanceof (says[status] ?? OctetError) && e.code === (codes[status] ?? says[status].code));
  }
  status = 200; // an answer without outputs, and without classes
  await assert.rejects(session.run({ data: [1, 2], shape: [1, 2] }), DataError);
  await assert.rejects(session.classify({ data: [1, 2], shape: [1, 2] }), (e) => e instanceof DataError && /octet serve does/.test(e.message));
});

test('answers that are none', async (t) => {
  let body = metadata;
  const address = await stub(t, (_, response) => response.writeHead(200, body === metadata ? {} : { 'inference-header-content-length': String(body.length) }).end(body));
  const session = await RemoteSession.open(address, { model: 'm' });
  for (const [text, type] of [['<html>', OctetError], ...['{"datatype":"FP32","shape":[1,2]}', '{"datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}}',
    '{"datatype":"BYTES","shape":[1],"parameters":{"binary_data_size":8}}', '{"datatype":"FP32","shape":[-1],"parameters":{"binary_data_size":-4}}'].map((o) => [`{"outputs":[${o}]}`, DataError])]) {
    body = text;
    await assert.rejects(session.run({ data: [1, 2], shape: [1, 2] }), (e) => e instanceof type || assert.fail(`${text}: ${e.stack}`));
  }
  const nobody = await stub(t, (request) => request.socket.destroy());
  await assert.rejects(RemoteSession.open(nobody, { model: 'm' }), (e) => e.code === 'ERR_OCTET_NETWORK' && e.message.startsWith(`${nobody}/v2/models/m: `) && e.cause instanceof Error);
});

test('an aborted call ends with the reason of its signal, and a closed session takes no more', async (t) => {
  let answer;
  const address = await stub(t, (request, response) => (request.method === 'GET' ? response.end(metadata) : answer?.(response)));
  const session = await RemoteSession.open(address, { model: 'm' });
  const input = { data: [1, 2], shape: [1, 2] };
  const reason = new Error('changed my mind');
  await assert.rejects(RemoteSession.open(address, { model: 'm', signal: AbortSignal.abort(reason) }), reason);
  await assert.rejects(session.run(input, { signal: AbortSignal.abort(reason) }), reason);
  await assert.rejects(session.run(input, { signal: AbortSignal.timeout(20) }), { name: 'TimeoutError' });
  const controller = new AbortController();
  answer = () => controller.abort(reason);
  await assert.rejects(session.run(input, { signal: controller.signal }), reason);
  const order = [];
  answer = (response) => response.writeHead(503).end('{"error":"later"}');
  const last = session.run(input).catch(() => order.push('answered'));
  await session.close().then(() => order.push('closed'));
  await last;
  assert.deepEqual(order, ['answered', 'closed']);
  await assert.rejects(session.run(input), ClosedError);
  if (Symbol.asyncDispose) assert.equal(RemoteSession.prototype[Symbol.asyncDispose], RemoteSession.prototype.close);
});

test('an idle session does not keep a program alive', async (t) => {
  const address = await serve(t, model);
  const code = `const { RemoteSession } = require('@octet-ml/octet');
    RemoteSession.open(${JSON.stringify(address)}, { model: 'fashion_resnet8' }).then((s) => s.run({ data: new Float32Array(784), shape: [1, 1, 28, 28] })).then(({ shape }) => console.log(shape.join()));`;
  const { status, stdout } = spawnSync(process.execPath, ['-e', code], { cwd: __dirname, encoding: 'utf8', timeout: 60_000 });
  assert.deepEqual([status, stdout], [0, '1,10\n']);
});
