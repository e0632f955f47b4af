// What the way through the child process costs: one client, one tensor, in turns
// with the same model run in Go by `octet bench-worker`.
//
//   node bench/overhead.mjs MODEL.pth [ARCH] [N,C,H,W] [RUNS]
//
// OCTET_BINARY names the binary of both. Bind them to one core, and keep others off
// it, for either side waits for the other: chrt -r 1 taskset -c 1 node ...
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';
import { Session } from '../lib/index.mjs';

const { findBinary } = createRequire(import.meta.url)('../lib/binary.js');
const [model, arch, dims = '1,3,224,224', runs = '1000'] = process.argv.slice(2);
const shape = dims.split(',').map(Number);
const data = Float32Array.from({ length: shape.reduce((n, d) => n * d) }, () => 2 * Math.random() - 1);

const options = arch ? [`--arch=${arch}`] : [];
const worker = spawn(findBinary(), ['bench-worker', model, ...options, '--threads=1', '--quiet', `--batch=${shape[0]}`, `--size=${shape[2]},${shape[3]}`], { stdio: ['pipe', 'pipe', 'inherit'] });
const lines = createInterface(worker.stdout)[Symbol.asyncIterator]();
const next = async () => JSON.parse((await lines.next()).value);
await next(); // ready

const session = await Session.open(model, { arch, threads: 1 });
const go = [];
const node = [];
for (let i = 0; i < Number(runs) + 50; i++) {
  worker.stdin.write('{"run": 1}\n');
  const { ns } = await next();
  const start = performance.now();
  await session.run({ data, shape });
  if (i < 50) continue; // warming up
  node.push(performance.now() - start);
  go.push(ns[0] / 1e6);
}
worker.stdin.end();
await session.close();

const quantile = (times, q) => times.sort((a, b) => a - b)[Math.floor(q * (times.length - 1))];
const row = (name, f) => console.log(name.padEnd(10), ...[0, 0.1, 0.5, 0.9].map((q) => f(q).toFixed(3).padStart(8)));
console.log(`${data.byteLength} bytes, ${runs} runs; milliseconds\n${''.padEnd(10)}      min      p10      p50      p90`);
row('Go', (q) => quantile(go, q));
row('Node.js', (q) => quantile(node, q));
row('overhead', (q) => quantile(node, q) - quantile(go, q));
