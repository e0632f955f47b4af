'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { BinaryError } = require('./errors.js');
const { PLATFORMS } = require('./platforms.js');
const { version } = require('../package.json');

/**
 * findBinary returns the path of the binary: OCTET_BINARY, or the one in the
 * package of this platform. The arguments are there for tests.
 */
function findBinary({ env = process.env, os = process.platform, cpu = process.arch, resolve = require.resolve } = {}) {
  if (env.OCTET_BINARY) {
    if (!fs.existsSync(env.OCTET_BINARY)) {
      throw new BinaryError(`OCTET_BINARY is ${env.OCTET_BINARY}, which does not exist: set it to the octet binary, or unset it to use the one of the npm package`);
    }
    return env.OCTET_BINARY;
  }
  const platform = PLATFORMS.find((p) => p.os === os && p.cpu === cpu);
  if (!platform) throw unsupported(os, cpu);
  const found = resolveIn(platform, resolve);
  if (!found) throw missing(platform, resolve);
  return unpacked(found);
}

function resolveIn(platform, resolve) {
  try {
    return resolve(`${platform.package}/${platform.binary}`);
  } catch {
    return undefined;
  }
}

/** unpacked is where Electron puts files of an asar archive that have to be executed. */
function unpacked(file) {
  const outside = file.replace(/\.asar([\\/])/, '.asar.unpacked$1');
  return outside !== file && fs.existsSync(outside) ? outside : file;
}

function unsupported(os, cpu) {
  return new BinaryError(
    `octet has no package for ${os}-${cpu}; there are ${PLATFORMS.map((p) => p.name).join(', ')}.\n` +
      'octet is pure Go and may well run here: build it with\n' +
      '  go install github.com/octet-ml/octet/cmd/octet@latest\n' +
      'and set OCTET_BINARY to the path of the result.',
    { code: 'ERR_OCTET_PLATFORM' },
  );
}

function missing(platform, resolve) {
  const others = PLATFORMS.filter((p) => p !== platform && resolveIn(p, resolve)).map((p) => p.package);
  const lines = [`The package ${platform.package} is not installed; it holds the octet binary for this platform.`];
  if (others.length > 0) {
    lines.push(`${others.join(' and ')} is installed instead: node_modules comes from another platform, or Node.js runs under emulation here. Install again on this platform.`);
  }
  lines.push(
    'It is an optional dependency of @octet-ml/octet. Package managers leave it out when they are told to (--omit=optional, --no-optional),',
    'and npm does when package-lock.json was written on another platform: remove node_modules and package-lock.json and install again, or',
    `  npm install ${platform.package}@${version}`,
    'Or set OCTET_BINARY to the path of an octet binary.',
  );
  return new BinaryError(lines.join('\n'));
}

/** notStarted explains why the system did not start the binary. */
function notStarted(file, error) {
  const advice = {
    ENOENT: 'the file is not there, or the folder to start it in',
    EACCES: `it may not be executed: chmod +x ${path.basename(file)}, or install the package again`,
    EPERM: 'the system forbids it; look at its security settings',
    ENOEXEC: 'it is for another platform; install the package of this one',
  }[error.code];
  return new BinaryError(`cannot start ${file}: ${advice ?? error.message}`, { cause: error });
}

module.exports = { findBinary, notStarted };
