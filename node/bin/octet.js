#!/usr/bin/env node
'use strict';

// npx octet: the binary, with its arguments, streams, signals and exit code.
const { spawn } = require('node:child_process');
const os = require('node:os');
const { findBinary, notStarted } = require('../lib/binary.js');

let binary;
try {
  binary = findBinary();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
const child = spawn(binary, process.argv.slice(2), { stdio: 'inherit' });
child.on('error', (error) => {
  console.error(notStarted(binary, error).message);
  process.exit(1);
});
// The child decides what a signal means. On Windows it gets Ctrl-C by itself, and
// passing it on would end it at once.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (process.platform !== 'win32') child.kill(signal);
  });
}
child.on('close', (code, signal) => {
  if (signal === null) process.exit(code);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal); // end as the child did
  setTimeout(() => process.exit(128 + (os.constants.signals[signal] ?? 0)), 1000);
});
