'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test: nodeTest } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');

/** test is that of node:test, with an end for what hangs. */
function test(name, options, body) {
  if (typeof options === 'function') [options, body] = [{}, options];
  return nodeTest(name, { timeout: slower(120_000), ...options }, body);
}

/** The model and data of `octet demo`. */
const demo = (name) => path.join(process.env.OCTET_DEMO, name);
const model = demo('fashion_resnet8.pth');
const calibration = demo('calibration-images-idx3-ubyte.gz');
const testImages = demo('t10k-images-idx3-ubyte.gz');

/** The files of the installed package. */
const library = path.dirname(require.resolve('@octet-ml/octet'));
const { findBinary } = require(path.join(library, 'binary.js'));
const cli = path.join(library, '..', 'bin', 'octet.js');

/** emulated says that another program starts the binary, and computes in its place, slowly. */
const emulated = fs.existsSync(`${findBinary()}.emulated`);
const slower = (limit) => (emulated ? 10 * limit : limit);

/** octet runs the binary itself. */
function octet(...args) {
  const { status, stdout, stderr } = spawnSync(findBinary(), args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout;
}

/** folder makes a folder that is gone after the test. */
function folder(t) {
  const name = fs.mkdtempSync(path.join(os.tmpdir(), 'octet-test-'));
  t.after(() => fs.rmSync(name, { recursive: true, force: true }));
  return name;
}

/** quantized makes an int8 model of the demo's on a few images. */
function quantized(t) {
  const output = path.join(folder(t), 'int8.pth');
  octet('quantize', model, '--calibration', calibration, '--limit', '8', '--qconfig', 'torchvision', '--output', output);
  return output;
}

/** images makes n random inputs for the demo's model. */
function images(n, size = 28) {
  const data = new Float32Array(n * size * size);
  for (let i = 0; i < data.length; i++) data[i] = 4 * Math.random() - 2;
  return { data, shape: [n, 1, size, size] };
}

/** pgm makes a random grey image file. */
function pgm(size = 28) {
  return Buffer.concat([Buffer.from(`P5 ${size} ${size} 255\n`), crypto.randomBytes(size * size)]);
}

/** npy writes a float32 array in NumPy's format, without help of the package. */
function npy(file, { data, shape }) {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')},), }\n`;
  const head = Buffer.alloc(10);
  head.write('\x93NUMPY\x01\x00', 'latin1');
  head.writeUInt16LE(text.length, 8);
  fs.writeFileSync(file, Buffer.concat([head, Buffer.from(text), Buffer.from(data.buffer, data.byteOffset, data.byteLength)]));
  return file;
}

/** readNpy returns the elements of a float32 array. */
function readNpy(file) {
  const b = fs.readFileSync(file);
  const at = 10 + b.readUInt16LE(8);
  return new Float32Array(Uint8Array.from(b.subarray(at)).buffer);
}

/** logits are what the binary computes on its command line. */
function logits(t, file, input) {
  const where = folder(t);
  const output = path.join(where, 'y.npy');
  octet('run', file, '--input', npy(path.join(where, 'x.npy'), input), '--output', output);
  return readNpy(output);
}

/** bytesEqual compares numbers by their bits. */
function bytesEqual(got, want) {
  assert.deepEqual(Buffer.from(got.buffer, got.byteOffset, got.byteLength), Buffer.from(want.buffer, want.byteOffset, want.byteLength));
}

/** until waits for a condition. */
async function until(what, condition, limit = 20_000) {
  const end = Date.now() + slower(limit);
  while (!condition()) {
    if (Date.now() > end) assert.fail(`waited ${slower(limit)} ms for: ${what}`);
    await sleep(10);
  }
}

/** alive tells whether a process exists, and is more than a zombie. */
function alive(pid) {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return process.platform !== 'linux';
  }
}

/** script writes an executable file that stands in for the binary. */
function script(t, text) {
  const file = path.join(folder(t), 'octet');
  fs.writeFileSync(file, text, { mode: 0o755 });
  return file;
}

module.exports = {
  test, model, calibration, testImages, library, cli, findBinary, emulated, octet, folder, quantized, images, pgm, npy, readNpy, logits, bytesEqual, until, alive, script,
};
