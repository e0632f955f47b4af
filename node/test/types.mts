// Checked by tsc, not run: what users write, and what must not check.
import { readFile } from 'node:fs/promises';
import { Session, RemoteSession, Pool, quantize, inspect, run, evaluate, merge, compare, quantizeTensor, OctetError, DataError, QueueFullError, type Prediction, type Tensor, type SessionOptions } from '@octet-ml/octet';

const options: SessionOptions = { arch: 'resnet18', backend: 'fbgemm', threads: 2, resize: [256, 256], crop: 224, mean: [0.5], onProgress: ({ stage, done, total }) => console.log(stage, done / total) };
const session = await Session.open('resnet18.pth', options);
const output: Tensor<Float32Array> = await session.run({ data: new Float32Array(784), shape: [1, 1, 28, 28] }, { signal: AbortSignal.timeout(1000) });
const best: number = Math.max(...output.data);

const one: Prediction[] = await session.classify(await readFile('cat.jpg'), { top: 3 });
const several: Prediction[][] = await session.classify([await readFile('cat.jpg'), new Uint8Array(8)]);
const label: string | undefined = one[0]?.label ?? several[0]?.[0]?.label;
for await (const { shape } of session.runAll([{ data: [1, 2], shape: [2] }])) console.log(shape);
async function* photos() {
  yield await readFile('cat.jpg');
}
for await (const [first] of session.classifyAll(photos(), { top: 1, concurrency: 2 })) console.log(first?.probability);
const merged: number | undefined = (await merge(['s1.json', 's2.json'], { output: 'all.json' })).score?.top1_correct;
const part: string | undefined = (await evaluate('int8.pth', 'val', { shard: '1/2', output: 's1.json' })).shard;
const agrees: number | undefined = (await evaluate('int8.pth', 'val', { against: 'float.pth' })).against?.agreement_percent;
const statistics: number = (await quantize('float.pth', { calibration: 'photos/', qconfig: 'mse', shard: '2/2', stats: 's2.json' })).images;
const kind: 'float' | 'int8' = session.info.kind;

const result = await quantize(new URL('file:///model.pth'), { calibration: 'photos/', output: 'int8.pth', exclude: ['fc'], perChannel: true });
const drop: number | undefined = result.accuracy && result.accuracy.float.top1_percent - result.accuracy.int8.top1_percent;
const ratio: number | null | undefined = (await compare(['float.pth', 'zoo:ResNet18_QuantizedWeights.DEFAULT'], { backend: ['fbgemm'], duration: '0s' })).variants[1]?.outputs.sqnr_db;
const found: string | undefined = (await inspect('int8.pth', { tensors: true })).arch;
const codes = (await quantizeTensor([1, 2, 3], { dtype: 'qint8' })).codes;
const sum: number[] = (await quantizeTensor(Float32Array.of(1), { op: 'add', with: [2] })).result.codes;

const named = await session.runNamed({ ids: { data: BigInt64Array.of(1n), shape: [1, 1] }, mask: { data: new Uint8Array(1), shape: [1, 1], dtype: 'bool' } });
const first: bigint | number | undefined = named['y']?.data[0];
const free: string[] = (await inspect('model.onnx', { shape: { batch: 4, x: [1, 3, 8, 8] } })).free;
const outputs: string[] | undefined = (await run('model.onnx', { ids: 'ids.npy' }, { output: 'y.npz' })).outputs?.map((o) => o.name);

const pool = new Pool({ maxQueue: 10, env: process.env });
pool.on('exit', ({ pid, signal }) => console.log(pid, signal));
await Session.open('model.pth', { pool });
await pool.close();

try {
  await session.close();
} catch (error) {
  if (!(error instanceof OctetError)) throw error;
  if (error instanceof QueueFullError) console.log(error.code satisfies 'ERR_OCTET_QUEUE_FULL');
  else if (error instanceof DataError) console.log(error.message);
  else console.log(error.code.toLowerCase());
}
{
  await using other = await Session.open('model.pth');
  console.log(other.info.classes);
}

{
  await using far: Pick<Session, 'run' | 'runNamed' | 'runAll' | 'classify' | 'classifyAll' | 'close'> & AsyncDisposable = await RemoteSession.open(new URL('http://localhost:8080'), { model: 'resnet18', version: '2', token: 'secret' });
  console.log((await far.classify(await readFile('cat.jpg')))[0]?.label);
}
// @ts-expect-error: the model is missing
await RemoteSession.open('http://localhost:8080');
// @ts-expect-error: a path is no image
await session.classify('cat.jpg');
// @ts-expect-error: the shape is missing
await session.run({ data: new Float32Array(4) });
// @ts-expect-error: there is no such element type
await session.runNamed({ x: { data: new Uint8Array(1), shape: [1], dtype: 'complex64' } });
// @ts-expect-error: there is no such backend
await Session.open('model.pth', { backend: 'cuda' });
// @ts-expect-error: output is missing
await quantize('model.pth', { calibration: 'photos/' });
// @ts-expect-error: sessions are opened
new Session();
// @ts-expect-error: the document of a session is not for writing
session.info.arch = 'resnet50';

export { best, label, kind, drop, ratio, found, codes, sum, first, free, outputs };
