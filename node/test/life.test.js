'use strict';

// What becomes of the processes.
const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { Worker } = require('node:worker_threads');
const { Session, Pool, ClosedError } = require('@octet-ml/octet');
const { test, model, testImages, folder, images, until, alive } = require('./helpers.js');

/** program runs a program of a user and returns its process, and what it prints. */
function program(t, body) {
  const file = path.join(__dirname, `program-${process.pid}-${Math.random()}.cjs`);
  fs.writeFileSync(file, `const octet = require('@octet-ml/octet');
const { test, model, testImages, images } = require('./helpers.js');
const print = (x) => require('node:fs').writeSync(1, x + '\\n');
(async () => { ${body} })();`);
  t.after(() => fs.rmSync(file));
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.text = '';
  child.errors = '';
  child.stdout.on('data', (chunk) => (child.text += chunk));
  child.stderr.on('data', (chunk) => (child.errors += chunk));
  child.ended = new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal })));
  return child;
}

test('an idle session does not keep the program alive, a running one does', async (t) => {
  const child = program(t, `
    const pool = new octet.Pool();
    const session = await octet.Session.open(model, { pool });
    print(pool.pid);
    session.run(images(2000)).then(() => print('answered'));`);
  assert.deepEqual(await child.ended, { code: 0, signal: null }, child.errors);
  const [pid, last] = child.text.trim().split('\n');
  assert.equal(last, 'answered');
  await until('the end of the process', () => !alive(Number(pid)));
});

test('a call between two processes keeps the program alive', async (t) => {
  const child = program(t, `
    const pool = new octet.Pool();
    const session = await octet.Session.open(model, { pool });
    const alive = setInterval(() => {}, 1000);
    pool.on('exit', () => {
      clearInterval(alive);
      session.run(images(1)).then(() => print('answered'));
    });
    process.kill(pool.pid, 'SIGKILL');`);
  assert.deepEqual(await child.ended, { code: 0, signal: null }, child.errors);
  assert.equal(child.text, 'answered\n');
});

test('no process is left when the program is gone', async (t) => {
  const ends = {
    'killed while it computes': (child) => child.kill('SIGKILL'),
    'terminated while it computes': (child) => child.kill('SIGTERM'),
    'process.exit': () => {},
    'an uncaught error': () => {},
  };
  for (const [how, end] of Object.entries(ends)) {
    const child = program(t, `
      const pool = new octet.Pool();
      const session = await octet.Session.open(model, { pool });
      const long = images(5000);
      for (let i = 0; i < 6; i++) session.run(long).catch(() => {});
      print(pool.pid);
      ${how === 'process.exit' ? 'process.exit(3);' : how === 'an uncaught error' ? 'setTimeout(() => { throw new Error("mine"); }, 20);' : ''}`);
    await until('a process', () => child.text.includes('\n'));
    await sleep(50);
    end(child);
    await child.ended;
    await until(`${how}: the end of the process`, () => !alive(Number(child.text)));
  }
});

test('a quantization leaves no file when the program is gone', async (t) => {
  const where = folder(t);
  const child = program(t, `await octet.quantize(model, { calibration: testImages, output: ${JSON.stringify(path.join(where, 'int8.pth'))}, onProgress: (p) => print(p.done) });`);
  await until('progress', () => child.text.split('\n').length > 3);
  child.kill('SIGKILL');
  await child.ended;
  await sleep(500);
  assert.deepEqual(fs.readdirSync(where), []);
});

test('a terminated worker takes its process along', async () => {
  const pid = await new Promise((resolve, reject) => {
    const worker = new Worker(path.join(__dirname, 'worker.js'), { workerData: { model, input: images(2000), want: undefined, requests: 0, stay: true } });
    worker.on('error', reject);
    worker.on('message', async ({ pid }) => {
      if (!pid) return;
      assert.ok(alive(pid));
      await worker.terminate();
      resolve(pid);
    });
  });
  await until('the end of the process', () => !alive(pid));
});

test('a closed pool ends its process after its requests', async () => {
  const pool = new Pool();
  let exits = 0;
  pool.on('exit', () => exits++);
  const session = await Session.open(model, { pool });
  const { pid } = pool;
  const runs = [1, 2, 3, 4, 5, 6].map(() => session.run(images(100)));
  const closing = pool.close();
  session.close(); // on top of it
  await assert.rejects(session.run(images(1)), ClosedError);
  await assert.rejects(Session.open(model, { pool }), ClosedError);
  for (const { shape } of await Promise.all(runs)) assert.deepEqual(shape, [100, 10]);
  await closing;
  assert.ok(!alive(pid));
  assert.equal(exits, 0, 'an end that was asked for is no event');
  await pool.close();
  await session.close();
  await new Pool().close(); // that never had a process
});

test('a process without sessions is let go, and started again when it is needed', async () => {
  const pool = new Pool();
  const first = await Session.open(model, { pool });
  const { pid } = pool;
  await first.close();
  await until('the end of the idle process', () => !alive(pid), 10_000);
  assert.equal(pool.pid, undefined);
  const second = await Session.open(model, { pool });
  await second.run(images(1));
  assert.notEqual(pool.pid, pid);
  await pool.close();
});

test('many sessions share a process', async () => {
  const pool = new Pool();
  const sessions = await Promise.all(Array.from({ length: 12 }, () => Session.open(model, { pool, threads: 1 })));
  const { pid } = pool;
  const input = images(3);
  const outputs = await Promise.all(sessions.map((s) => s.run(input)));
  for (const { data } of outputs) assert.deepEqual(data, outputs[0].data);
  await sessions[0].close();
  await sessions[1].run(input);
  assert.equal(pool.pid, pid);
  await pool.close();
});
