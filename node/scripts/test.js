#!/usr/bin/env node
'use strict';

// Packs the package and that of this platform, installs both into an empty folder
// without network, and runs the checks of test/ there:
//
//   node scripts/test.js [--emulator COMMAND] [FILE.test.js ...]
//
// It needs Go, and npm ci in test/ beforehand (for tsc). With --emulator, such as
// 'qemu-aarch64-static -cpu max', the package is that of linux-arm64: the command starts
// its binary, and Node.js says that it runs on arm64.
const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { PLATFORMS } = require('../lib/platforms.js');
const { pack, host } = require('./pack.js');

const root = path.join(__dirname, '..');
const sources = path.join(root, 'test');
const tools = path.join(sources, 'node_modules');
if (!fs.existsSync(tools)) {
  console.error('typescript is missing: run npm ci in node/test first');
  process.exit(1);
}

const app = fs.mkdtempSync(path.join(os.tmpdir(), 'octet-npm-'));
process.on('exit', () => fs.rmSync(app, { recursive: true, force: true }));
const { values: { emulator }, positionals: wanted } = parseArgs({ options: { emulator: { type: 'string' } }, allowPositionals: true });
const wantedPlatform = emulator ? 'linux-arm64' : host;
const packages = pack({ only: wantedPlatform, out: path.join(app, 'packages') });
const platform = PLATFORMS.find((p) => p.name === wantedPlatform);
const env = { ...process.env, OCTET_DEMO: path.join(root, '..', 'cmd', 'octet', 'demodata'), OCTET_TEST_TOOLS: tools };
delete env.OCTET_BINARY;
if (emulator) env.NODE_OPTIONS = `--require ${nameCPU()}`;
fs.writeFileSync(path.join(app, 'package.json'), '{ "private": true }\n');
execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', '--loglevel=error', ...packages], { cwd: app, env, stdio: 'inherit', shell: process.platform === 'win32' });
if (emulator) emulate(path.join(app, 'node_modules', platform.package, platform.binary));

const tests = path.join(app, 'test');
fs.cpSync(sources, tests, { recursive: true, filter: (from) => from !== tools });
const files = fs.readdirSync(tests).filter((f) => f.endsWith('.test.js') && (wanted.length === 0 || wanted.includes(f)));
const { status } = spawnSync(process.execPath, ['--test', ...files.map((f) => path.join(tests, f))], { cwd: app, env, stdio: 'inherit' });
process.exit(status ?? 1);

/** nameCPU writes what makes Node.js say that it runs on the platform's CPU. */
function nameCPU() {
  const file = path.join(app, 'cpu.js');
  fs.writeFileSync(file, `Object.defineProperty(process, 'arch', { value: ${JSON.stringify(platform.cpu)} });\n`);
  return file;
}

/** emulate puts a script in place of the binary, which starts it by the emulator. */
function emulate(binary) {
  fs.renameSync(binary, `${binary}.emulated`);
  fs.writeFileSync(binary, `#!/bin/sh\nexec ${emulator} '${binary}.emulated' "$@"\n`, { mode: 0o755 });
}
