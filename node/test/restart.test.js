'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { Worker } = require('node:worker_threads');
const { Session, Pool, BinaryError, ProcessError, quantize } = require('@octet-ml/octet');
const { test, model, testImages, library, findBinary, folder, images, logits, bytesEqual, until, alive, script } = require('./helpers.js');

// For larger numbers: OCTET_TEST_REQUESTS=1000 node scripts/test.js restart.test.js
const REQUESTS = Number(process.env.OCTET_TEST_REQUESTS ?? 200);
const KILLS = Number(process.env.OCTET_TEST_KILLS ?? 10);
const WORKERS = 8;

/** kill ends the process of a pool, if it has one, and says whether it did. */
function kill(pid, signal = 'SIGKILL') {
  try {
    return pid !== undefined && process.kill(pid, signal);
  } catch {
    return false; // it has just ended
  }
}

test('eight clients of one process lose nothing when it is killed', async (t) => {
  const pool = new Pool();
  const exits = [];
  pool.on('exit', (exit) => exits.push(exit));
  const session = await Session.open(model, { pool });
  const inputs = Array.from({ length: WORKERS }, (_, i) => images(20 + i));
  const want = inputs.map((input) => logits(t, model, input));
  let left = REQUESTS;
  let answered = 0;
  const client = async (i) => {
    while (left-- > 0) {
      bytesEqual((await session.run(inputs[i])).data, want[i]);
      answered++;
    }
  };
  const clients = Promise.all(inputs.map((_, i) => client(i)));
  // Every kill hits a process that is at work: the next one waits for an answer.
  for (let n = 0; n < KILLS; n++) {
    const before = answered;
    await until('an answer', () => answered > before || answered >= REQUESTS);
    if (kill(pool.pid, n % 3 === 2 ? 'SIGTERM' : 'SIGKILL')) await until('its end', () => exits.length > n || answered >= REQUESTS);
  }
  await clients;
  assert.equal(answered, REQUESTS);
  t.diagnostic(`${answered} answers, ${exits.length} processes killed`);
  assert.ok(exits.length >= Math.min(KILLS, 5), `only ${exits.length} kills have met a process`);
  for (const { signal, code } of exits) assert.ok(signal === 'SIGKILL' || signal === 'SIGTERM' || code === 130, `${signal} ${code}`);
  await pool.close();
});

test('eight worker threads lose nothing when their processes are killed', async (t) => {
  const input = images(20);
  const want = logits(t, model, input);
  const pids = new Map(); // of the processes at work, by worker
  let exits = 0;
  let answered = 0;
  const workers = Array.from({ length: WORKERS }, (_, i) => {
    const worker = new Worker(path.join(__dirname, 'worker.js'), { workerData: { model, input, want, requests: Math.ceil(REQUESTS / WORKERS) } });
    worker.on('message', ({ pid, exit }) => {
      if (exit) exits++;
      if (pid) {
        pids.set(i, pid);
        answered++;
      }
    });
    return new Promise((resolve, reject) => {
      worker.on('error', reject);
      worker.on('exit', (code) => {
        pids.delete(i);
        code === 0 ? resolve() : reject(new Error(`worker ${i} ended with ${code}`));
      });
    });
  });
  const all = Promise.all(workers);
  let running = true;
  all.finally(() => (running = false)).catch(() => {});
  const killing = (async () => {
    while (exits < KILLS && running) {
      await sleep(5 + Math.random() * 20);
      const victims = [...pids.keys()];
      const victim = victims[Math.floor(Math.random() * victims.length)];
      const before = exits;
      if (victim !== undefined && kill(pids.get(victim))) await until('its end', () => exits > before || !running);
      pids.delete(victim);
    }
  })();
  await all;
  await killing;
  t.diagnostic(`${answered} answers, ${exits} processes killed`);
  assert.equal(answered, WORKERS * Math.ceil(REQUESTS / WORKERS));
  assert.ok(exits > 0, 'no kill has met a process');
});

test('a command that was killed is done again', async (t) => {
  const output = path.join(folder(t), 'int8.pth');
  // The process of commands is not of a pool that is at hand here: find it.
  const stages = [];
  let killed = false;
  const result = await quantize(model, {
    calibration: testImages, limit: 2000, output,
    onProgress: (p) => {
      stages.push(p.done);
      if (!killed && p.done > 0) killed = kill(childOf(process.pid));
    },
  });
  assert.ok(killed, 'nothing was killed');
  assert.ok(stages.filter((done) => done === 0).length >= 2, `it was not begun again: ${stages}`);
  assert.equal(result.report.images, 2000);
  assert.ok(fs.statSync(output).size > 0);
  assert.deepEqual(fs.readdirSync(path.dirname(output)), ['int8.pth']);
});

/** childOf finds the octet process that was started last. */
function childOf(pid) {
  const children = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
  return children.findLast((child) => alive(child));
}

test('the session is opened again, also where its process died while nothing ran', async () => {
  const pool = new Pool();
  const session = await Session.open(model, { pool });
  const input = images(1);
  const { data: want } = await session.run(input);
  const { pid } = pool;
  kill(pid);
  await until('its end', () => pool.pid !== pid);
  bytesEqual((await session.run(input)).data, want);
  assert.notEqual(pool.pid, pid);
  await pool.close();
});

test('a model that is gone when the process starts again', async (t) => {
  const copy = path.join(folder(t), 'model.pth');
  fs.copyFileSync(model, copy);
  const pool = new Pool();
  const session = await Session.open(copy, { pool });
  fs.renameSync(copy, `${copy}.away`);
  kill(pool.pid);
  for (const { status, reason } of await Promise.allSettled([1, 2, 3].map(() => session.run(images(1))))) {
    assert.equal(status, 'rejected');
    assert.match(reason.message, /model\.pth: no such file|cannot find the file/);
  }
  fs.renameSync(`${copy}.away`, copy);
  assert.deepEqual((await session.run(images(1))).shape, [1, 10]);
  await pool.close();
});

test('Ctrl-C is for the program, not for its child', { skip: process.platform === 'win32' }, async () => {
  const pool = new Pool();
  const session = await Session.open(model, { pool });
  const { pid } = pool;
  process.kill(pid, 'SIGINT');
  await session.run(images(1));
  assert.equal(pool.pid, pid);
  await pool.close();
});

/** standIn is a program that begins as the binary does. */
const standIn = (body) => `#!${process.execPath}
const { encode, Decoder } = require(${JSON.stringify(path.join(library, 'frame.js'))});
const send = (header) => process.stdout.write(encode(header, 0));
${body}`;

const hello = (more) => `send({ hello: { protocol: 1, version: 'v9.9.9', in_flight: 3, max_payload: 1, ...${JSON.stringify(more ?? {})} } });`;

const windows = process.platform === 'win32'; // which starts no scripts

test('a request that kills every process is given up', { skip: windows }, async (t) => {
  const log = path.join(folder(t), 'log');
  const binary = script(t, standIn(`${hello()}
    require('node:fs').appendFileSync(${JSON.stringify(log)}, 'x');
    process.stdin.on('data', () => { console.error('out of memory'); process.exit(2); });`));
  const pool = new Pool({ binary });
  await assert.rejects(Session.open(model, { pool }), (e) => {
    assert.ok(e instanceof ProcessError);
    assert.equal(e.code, 'ERR_OCTET_PROCESS');
    assert.match(e.message, /ended 11 times while it worked on this request; the last time with code 2: out of memory/);
    return true;
  });
  assert.equal(fs.readFileSync(log, 'utf8').length, 11);
  await pool.close();
});

test('a binary that does not start says why', async (t) => {
  const where = folder(t);
  const rejects = async (binary, pattern) => {
    const pool = new Pool({ binary });
    await assert.rejects(Session.open(model, { pool }), (e) => (e instanceof BinaryError && e.code === 'ERR_OCTET_BINARY' && pattern.test(e.message)) || assert.fail(`${e.stack} is not ${pattern}`));
    await pool.close();
  };
  await rejects(path.join(where, 'nothing'), /cannot start .*nothing: the file is not there/);
  if (windows) return;
  const plain = path.join(where, 'plain');
  fs.writeFileSync(plain, 'x');
  await rejects(plain, /chmod \+x plain/);
  const foreign = path.join(where, 'foreign');
  fs.writeFileSync(foreign, '\x7fELF no more', { mode: 0o755 });
  await rejects(foreign, /does not start: [^]*Is it the octet binary for /);
  await rejects(script(t, '#!/bin/sh\necho no such library >&2; exit 127\n'), /does not start: it ended with code 127: no such library/);
  await rejects(script(t, '#!/bin/sh\necho Welcome to my shell; cat >/dev/null\n'), /is no octet binary of this version: it answers "Welcome/);
  await rejects(script(t, standIn(`${hello({ protocol: 2 })} process.stdin.resume();`)), /speaks version 2 of the protocol, this package version 1: install both in the same version/);
});

test('a process that is killed again and again before it is ready', { skip: windows }, async (t) => {
  const count = path.join(folder(t), 'count');
  const binary = script(t, `#!/bin/sh\necho x >> ${count}\n[ $(wc -l < ${count}) -gt 5 ] || kill -9 $$\nexec ${findBinary()} "$@"\n`);
  const pool = new Pool({ binary });
  const session = await Session.open(model, { pool });
  assert.deepEqual((await session.run(images(1))).shape, [1, 10]);
  await pool.close();
  fs.rmSync(count);
  const text = (times) => `#!/bin/sh\necho x >> ${count}\n[ $(wc -l < ${count}) -gt ${times} ] || kill -9 $$\nexec ${findBinary()} "$@"\n`;
  const bad = script(t, text(1000));
  const never = new Pool({ binary: bad });
  await assert.rejects(Session.open(model, { pool: never }), /does not start: it ended by SIGKILL/);
  assert.equal(fs.readFileSync(count, 'utf8').length, 2 * 13);
  // It is tried anew with the next call.
  fs.writeFileSync(bad, text(15));
  assert.equal((await Session.open(model, { pool: never })).info.classes, 10);
  await never.close();
});
