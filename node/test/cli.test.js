'use strict';

// npx octet: the binary behind the shim of the package manager.
const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { test, model, testImages, cli, findBinary, emulated, folder, until, alive } = require('./helpers.js');
const { version } = require('@octet-ml/octet/package.json');

const windows = process.platform === 'win32';
const octet = (args, options) => spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8', ...options });

test('arguments, streams and exit code are the binary\'s', () => {
  for (const args of [['version', '--json'], ['tensor', '-1', '2'], ['inspect', 'no-such.pth'], ['quantise'], []]) {
    const want = spawnSync(findBinary(), args, { encoding: 'utf8' });
    const got = octet(args);
    assert.deepEqual([got.status, got.stdout, got.stderr], [want.status, want.stdout, want.stderr], args.join(' '));
  }
  assert.equal(JSON.parse(octet(['version', '--json']).stdout).version, `v${version}`);
});

test('npx finds it', () => {
  const { stdout, stderr } = spawnSync('npx', ['--offline', '--no', 'octet', 'version'], { cwd: path.join(__dirname, '..'), encoding: 'utf8', shell: windows });
  assert.match(stdout, new RegExp(`^octet v${version.replaceAll('.', '\\.')} `), stderr);
});

test('standard input is passed through', () => {
  const header = Buffer.from("\x93NUMPY\x01\x00\x3c\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }  \n", 'latin1');
  const { stdout, stderr } = octet(['tensor', '-', '--json'], { input: Buffer.concat([header, Buffer.from(Float32Array.of(2).buffer)]) });
  assert.deepEqual(JSON.parse(stdout || stderr).values, [2]);
});

/** interrupted starts a quantization, signals the shim when it is at work, and tells how it ended. */
async function interrupted(t, send) {
  const output = path.join(folder(t), 'int8.pth');
  const child = spawn(process.execPath, [cli, 'quantize', model, '--calibration', testImages, '--batch-size', '1', '--output', output], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let errors = '';
  child.stderr.on('data', (chunk) => (errors += chunk));
  const ended = new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal })));
  await until('a child', () => childrenOf(child.pid).length > 0);
  const [binary] = childrenOf(child.pid);
  await sleep(emulated ? 3000 : 200);
  send(child);
  const how = await ended;
  await until('the end of the binary', () => !alive(binary));
  assert.deepEqual(fs.readdirSync(path.dirname(output)), []);
  return { ...how, errors };
}

function childrenOf(pid) {
  return fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
}

test('signals reach the binary, which ends in order', { skip: process.platform !== 'linux' }, async (t) => {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    const { code, errors } = await interrupted(t, (child) => child.kill(signal));
    assert.equal(code, 130, `${signal}: ${errors}`);
    assert.match(errors, /interrupted; no partial output was left/);
  }
});

test('Ctrl-C, which a terminal sends to both, counts once', { skip: process.platform !== 'linux' }, async (t) => {
  const { code, errors } = await interrupted(t, (child) => process.kill(-child.pid, 'SIGINT'));
  assert.equal(code, 130, errors);
  assert.match(errors, /interrupted; no partial output was left/);
});

test('signals that come together count as one, a later one ends at once', { skip: windows }, async () => {
  // It waits for input, so the first signal does not end it.
  const child = spawn(findBinary(), ['bench-worker', model, '--quiet'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.on('close', (code, signal) => resolve(signal)));
  await once(child.stdout, 'data');
  for (let i = 0; i < 3; i++) {
    child.kill('SIGINT');
    await sleep(20);
  }
  await sleep(80);
  assert.ok(alive(child.pid), 'signals within a tenth of a second have ended it');
  await sleep(500);
  child.kill('SIGINT');
  assert.equal(await ended, 'SIGINT');
});

test('the end by a signal is passed on', { skip: process.platform !== 'linux' }, async (t) => {
  const { signal } = await interrupted(t, (child) => process.kill(childrenOf(child.pid)[0], 'SIGKILL'));
  assert.equal(signal, 'SIGKILL');
});
