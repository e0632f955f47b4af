'use strict';

// Finding the binary, and what is said where there is none.
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { BinaryError } = require('@octet-ml/octet');
const { test, model, library, cli, findBinary, folder } = require('./helpers.js');
const { PLATFORMS } = require(path.join(library, 'platforms.js'));
const { version } = require('@octet-ml/octet/package.json');

const fails = (call, code, ...patterns) => assert.throws(call, (e) => {
  assert.ok(e instanceof BinaryError, e.stack);
  assert.equal(e.code, code);
  for (const p of patterns) assert.match(e.message, p);
  return true;
});

/** installed resolves as if these packages were there. */
const installed = (...names) => (file) => {
  if (names.some((name) => file.startsWith(`${name}/`))) return `/node_modules/${file}`;
  throw Object.assign(new Error('not found'), { code: 'MODULE_NOT_FOUND' });
};

test('every platform finds its own package', () => {
  for (const { os, cpu, package: name, binary } of PLATFORMS) {
    const found = findBinary({ env: {}, os, cpu, resolve: installed(name) });
    assert.equal(found, `/node_modules/@octet-ml/octet-${os}-${cpu}/bin/octet${os === 'win32' ? '.exe' : ''}`);
    assert.ok(found.endsWith(binary));
  }
});

test('an unsupported platform says what there is, and how to build', () => {
  for (const [os, cpu] of [['freebsd', 'x64'], ['linux', 'riscv64'], ['win32', 'ia32']]) {
    fails(() => findBinary({ env: {}, os, cpu, resolve: installed() }), 'ERR_OCTET_PLATFORM',
      new RegExp(`octet has no package for ${os}-${cpu}; there are linux-x64, linux-arm64, darwin-x64, darwin-arm64, win32-x64, win32-arm64`),
      /go install github\.com\/octet-ml\/octet\/cmd\/octet@latest/, /set OCTET_BINARY/);
  }
});

test('a missing package says which to install', () => {
  fails(() => findBinary({ env: {}, os: 'linux', cpu: 'arm64', resolve: installed() }), 'ERR_OCTET_BINARY',
    /The package @octet-ml\/octet-linux-arm64 is not installed/, /--omit=optional/, /remove node_modules and package-lock\.json/,
    new RegExp(`npm install @octet-ml/octet-linux-arm64@${version}`), /set OCTET_BINARY/);
  fails(() => findBinary({ env: {}, os: 'linux', cpu: 'x64', resolve: installed('@octet-ml/octet-darwin-arm64') }), 'ERR_OCTET_BINARY',
    /@octet-ml\/octet-linux-x64 is not installed/, /@octet-ml\/octet-darwin-arm64 is installed instead: node_modules comes from another platform/);
});

test('OCTET_BINARY goes first', (t) => {
  assert.equal(findBinary({ env: { OCTET_BINARY: __filename }, os: 'plan9', cpu: 'mips' }), __filename);
  fails(() => findBinary({ env: { OCTET_BINARY: '/no/such/octet' } }), 'ERR_OCTET_BINARY', /OCTET_BINARY is \/no\/such\/octet, which does not exist/);
  const where = path.join(folder(t), 'mine');
  fs.symlinkSync(findBinary(), where);
  const body = `require('@octet-ml/octet').Session.open(${JSON.stringify(model)}).then((s) => console.log(s.info.arch))`;
  const { stdout } = spawnSync(process.execPath, ['-e', body], { cwd: __dirname, encoding: 'utf8', env: { ...process.env, OCTET_BINARY: where } });
  assert.equal(stdout, 'fashion_resnet8\n');
});

test('Electron finds the binary beside its archive', (t) => {
  const where = folder(t);
  const inside = path.join(where, 'app.asar', 'node_modules', 'octet');
  const resolve = () => inside;
  assert.equal(findBinary({ env: {}, os: 'linux', cpu: 'x64', resolve }), inside);
  const outside = path.join(where, 'app.asar.unpacked', 'node_modules', 'octet');
  fs.mkdirSync(path.dirname(outside), { recursive: true });
  fs.writeFileSync(outside, '');
  assert.equal(findBinary({ env: {}, os: 'linux', cpu: 'x64', resolve }), outside);
});

/** alone is the main package without that of a platform. */
function alone(t) {
  const where = path.join(folder(t), 'node_modules', '@octet-ml', 'octet');
  fs.cpSync(path.join(library, '..'), where, { recursive: true });
  return where;
}

test('the API and the command line say it too', (t) => {
  const where = alone(t);
  const api = spawnSync(process.execPath, ['-e', `require(${JSON.stringify(where)}).Session.open('x').catch((e) => console.log(e.code, e.message))`], { encoding: 'utf8' });
  assert.match(api.stdout, /^ERR_OCTET_BINARY The package @octet-ml\/octet-\S+ is not installed/);
  const line = spawnSync(process.execPath, [path.join(where, 'bin', 'octet.js'), 'version'], { encoding: 'utf8' });
  assert.equal(line.status, 1);
  assert.match(line.stderr, /^The package @octet-ml\/octet-\S+ is not installed/);
  assert.ok(!line.stderr.includes('    at '), line.stderr);
  const elsewhere = "Object.defineProperty(process, 'platform', { value: 'sunos' });";
  const foreign = spawnSync(process.execPath, ['-e', `${elsewhere} require(${JSON.stringify(library)}).inspect('x').catch((e) => console.log(e.code, e.message))`], { encoding: 'utf8' });
  assert.match(foreign.stdout, /^ERR_OCTET_PLATFORM octet has no package for sunos-/);
  assert.ok(fs.existsSync(cli));
});
