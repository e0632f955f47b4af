'use strict';

// What is installed.
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { Session } = require('@octet-ml/octet');
const { test, model, library, findBinary, folder, images, npy } = require('./helpers.js');
const { PLATFORMS } = require(path.join(library, 'platforms.js'));

const modules = path.join(__dirname, '..', 'node_modules');
const manifest = require('@octet-ml/octet/package.json');
const platform = PLATFORMS.find((p) => p.os === process.platform && p.cpu === process.arch);

test('one optional dependency for each platform, of the same version', () => {
  assert.deepEqual(manifest.optionalDependencies, Object.fromEntries(PLATFORMS.map((p) => [p.package, manifest.version]).sort()));
  assert.equal(PLATFORMS.length, 6);
});

test('no scripts, no dependencies, nothing but the package', () => {
  assert.deepEqual(fs.readdirSync(path.join(modules, '@octet-ml')).sort(), ['octet', `octet-${platform.name}`]);
  const own = JSON.parse(fs.readFileSync(path.join(modules, platform.package, 'package.json'), 'utf8'));
  assert.deepEqual([own.os, own.cpu, own.version], [[platform.os], [platform.cpu], manifest.version]);
  for (const m of [manifest, own]) assert.deepEqual([m.scripts, m.dependencies, m.gypfile], [undefined, undefined, undefined]);
  const files = fs.readdirSync(path.join(modules, platform.package)).sort();
  assert.deepEqual(files, ['LICENSE', 'README.md', 'THIRD_PARTY_LICENSES', 'bin', 'package.json']);
  assert.match(fs.readFileSync(path.join(modules, platform.package, 'THIRD_PARTY_LICENSES'), 'utf8'), /golang\.org\/x\/image[^]*Redistribution and use/);
});

test('it takes at most 36 MB', (t) => {
  const size = (name) => fs.readdirSync(name, { withFileTypes: true }).reduce((sum, e) => sum + (e.isDirectory() ? size(path.join(name, e.name)) : fs.statSync(path.join(name, e.name)).size), 0);
  const bytes = size(path.join(modules, '@octet-ml'));
  t.diagnostic(`${(bytes / 1e6).toFixed(1)} MB`);
  assert.ok(bytes <= 36e6, `${bytes} bytes`);
});

/** emptyRoot is how a program can be run that sees nothing but a folder. */
function emptyRoot(where) {
  for (const command of [['chroot', where], ['unshare', '--map-root-user', `--root=${where}`]]) {
    if (spawnSync(command[0], [...command.slice(1), '/octet', 'version']).status === 0) return command;
  }
  return undefined;
}

test('the binary runs in an empty root folder', { skip: process.platform !== 'linux' }, async (t) => {
  const where = folder(t);
  fs.copyFileSync(findBinary(), path.join(where, 'octet'));
  const enter = emptyRoot(where);
  if (!enter) return t.skip('neither chroot nor unshare is permitted here');
  fs.copyFileSync(model, path.join(where, 'model.pth'));
  const input = images(1);
  npy(path.join(where, 'x.npy'), input);
  const { status, stdout, stderr } = spawnSync(enter[0], [...enter.slice(1), '/octet', 'run', '/model.pth', '--input', '/x.npy', '--json'], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const session = await Session.open(model);
  assert.deepEqual(JSON.parse(stdout).results[0].top, (await session.classify(input))[0]);
  await session.close();
  assert.deepEqual(fs.readdirSync(where).sort(), ['model.pth', 'octet', 'x.npy']);
});
