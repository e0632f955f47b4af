#!/usr/bin/env node
'use strict';

// Packs the package and that of this platform, installs both into an empty folder
// without network, and runs the checks of test/ there:
//
//   node scripts/test.js [FILE.test.js ...]
//
// It needs Go, and npm ci in test/ beforehand (for tsc).
const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { pack } = require('./pack.js');

const root = path.join(__dirname, '..');
const sources = path.join(root, 'test');
const tools = path.join(sources, 'node_modules');
if (!fs.existsSync(tools)) {
  console.error('typescript is missing: run npm ci in node/test first');
  process.exit(1);
}

const app = fs.mkdtempSync(path.join(os.tmpdir(), 'octet-npm-'));
process.on('exit', () => fs.rmSync(app, { recursive: true, force: true }));
const packages = pack({ host: true, out: path.join(app, 'packages') });
fs.writeFileSync(path.join(app, 'package.json'), '{ "private": true }\n');
execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', '--loglevel=error', ...packages], { cwd: app, stdio: 'inherit', shell: process.platform === 'win32' });

const wanted = process.argv.slice(2);
const tests = path.join(app, 'test');
fs.cpSync(sources, tests, { recursive: true, filter: (from) => from !== tools });
const files = fs.readdirSync(tests).filter((f) => f.endsWith('.test.js') && (wanted.length === 0 || wanted.includes(f)));
const env = { ...process.env, OCTET_DEMO: path.join(root, '..', 'cmd', 'octet', 'demodata'), OCTET_TEST_TOOLS: tools };
delete env.OCTET_BINARY;
const { status } = spawnSync(process.execPath, ['--test', ...files.map((f) => path.join(tests, f))], { cwd: app, env, stdio: 'inherit' });
process.exit(status ?? 1);
