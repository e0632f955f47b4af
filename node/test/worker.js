'use strict';

// A worker thread that computes the same thing over and over and checks it; with
// stay, it computes until it is terminated.
const { parentPort, workerData } = require('node:worker_threads');
const { Session, Pool } = require('@octet-ml/octet');
const { bytesEqual } = require('./helpers.js');

async function main({ model, input, want, requests, stay }) {
  const pool = new Pool();
  pool.on('exit', () => parentPort.postMessage({ exit: true }));
  const session = await Session.open(model, { pool, threads: 1 });
  for (let i = 0; i < requests; i++) {
    bytesEqual((await session.run(input)).data, want);
    parentPort.postMessage({ pid: pool.pid });
  }
  if (stay) parentPort.postMessage({ pid: pool.pid });
  while (stay) await session.run(input);
  await pool.close();
}

main(workerData);
