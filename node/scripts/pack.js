#!/usr/bin/env node
'use strict';

// Builds the binaries and packs all packages of a checkout:
//
//   node scripts/pack.js [--host] [--out FOLDER]
//
// It needs Go, and writes one tarball per package into FOLDER (dist). --host packs
// the main package and that of this platform only.
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { PLATFORMS } = require('../lib/platforms.js');

const root = path.join(__dirname, '..');
const repository = path.join(root, '..');
const manifest = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));

/** The name of this platform. */
const host = `${process.platform}-${process.arch}`;

/** pack writes the tarballs and returns their paths, the main package first: of all platforms, or only of one. */
function pack({ only, out = path.join(root, 'dist') } = {}) {
  const platforms = PLATFORMS.filter((p) => !only || p.name === only);
  if (platforms.length === 0) throw new Error(`there is no package for ${only}`);
  fs.mkdirSync(out, { recursive: true });
  const staging = fs.mkdtempSync(path.join(os.tmpdir(), 'octet-pack-'));
  try {
    const steps = [
      { name: 'octet', stage: () => stageMain(staging) },
      ...platforms.map((p) => ({ name: `${p.name}: building the binary`, stage: () => stagePlatform(staging, p) })),
    ];
    return steps.map(({ name, stage }, i) => {
      console.error(`[${i + 1}/${steps.length}] ${name}`);
      return tarball(stage(), out);
    });
  } finally {
    fs.rmSync(staging, { recursive: true });
  }
}

/** stageMain copies what users get of this folder. */
function stageMain(staging) {
  const folder = path.join(staging, 'octet');
  for (const name of [...manifest.files, 'README.md']) fs.cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
  fs.copyFileSync(path.join(repository, 'LICENSE'), path.join(folder, 'LICENSE'));
  const { scripts, ...published } = manifest;
  write(path.join(folder, 'package.json'), published);
  return folder;
}

/** stagePlatform builds the binary of a platform and describes it. */
function stagePlatform(staging, platform) {
  const folder = path.join(staging, platform.name);
  const env = { ...process.env, CGO_ENABLED: '0', GOOS: platform.goos, GOARCH: platform.goarch };
  go(env, 'build', '-tags', 'grpcnotrace', '-trimpath', '-buildvcs=false', '-ldflags', `-s -w -X main.release=v${manifest.version}`, '-o', path.join(folder, platform.binary), './cmd/octet');
  fs.chmodSync(path.join(folder, platform.binary), 0o755);
  fs.copyFileSync(path.join(repository, 'LICENSE'), path.join(folder, 'LICENSE'));
  fs.writeFileSync(path.join(folder, 'THIRD_PARTY_LICENSES'), go(process.env, 'run', './tools/release', 'licences', `${platform.goos}/${platform.goarch}`));
  fs.writeFileSync(path.join(folder, 'README.md'), `# ${platform.package}\n\nThe octet binary for ${platform.name}. It comes with the package @octet-ml/octet.\n`);
  const { version, license, homepage, bugs, repository: source } = manifest;
  write(path.join(folder, 'package.json'), {
    name: platform.package,
    version,
    description: `The octet binary for ${platform.name}`,
    license, homepage, bugs,
    repository: source,
    os: [platform.os],
    cpu: [platform.cpu],
    files: ['bin', 'THIRD_PARTY_LICENSES'],
    preferUnplugged: true, // Yarn must not leave it in an archive
  });
  return folder;
}

function go(env, ...args) {
  return execFileSync('go', args, { cwd: repository, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1 << 26 });
}

function write(file, value) {
  fs.writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}

function tarball(folder, out) {
  const windows = process.platform === 'win32';
  const listing = execFileSync(windows ? 'npm.cmd' : 'npm', ['pack', '--json', '--pack-destination', path.resolve(out)], { cwd: folder, encoding: 'utf8', shell: windows, stdio: ['ignore', 'pipe', 'inherit'] });
  const result = JSON.parse(listing);
  const [{ filename, size, unpackedSize }] = Array.isArray(result) ? result : Object.values(result);
  const file = path.join(out, filename.replace('@', '').replace('/', '-'));
  console.error(`      ${file}  ${(size / 1e6).toFixed(1)} MB packed, ${(unpackedSize / 1e6).toFixed(1)} MB installed`);
  return file;
}

if (require.main === module) {
  const { values } = parseArgs({ options: { host: { type: 'boolean' }, out: { type: 'string' } } });
  pack({ only: values.host ? host : undefined, out: values.out });
}

module.exports = { pack, host };
