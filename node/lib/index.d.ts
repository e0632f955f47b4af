/// <reference lib="esnext.disposable" />

import { EventEmitter } from 'node:events';
import type { Comparison, Evaluation, Exported, Inspection, OnnxInspection, Operation, QuantizedTensor, QuantizeResult, RunResult, ShardResult } from './documents.js';

export type * from './documents.js';

/** Arrays that hold the elements of a tensor. Models of images take Float32Array. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint8ClampedArray
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | readonly number[];

/** A dense array in row-major order. Numbers in a plain array are taken as float32. */
export interface Tensor<Data extends TensorData = TensorData> {
  /** Leave it alone until the call that was given it has ended: it is not copied. */
  readonly data: Data;
  /** The extent of each axis, outermost first: [1, 3, 224, 224]. */
  readonly shape: readonly number[];
  /** The element type, where the array does not say it: bool of a Uint8Array; float16 and bfloat16 of a Uint16Array with their bits. */
  readonly dtype?: DType;
}

/** Element types of ONNX models. */
export type DType = 'float32' | 'float64' | 'float16' | 'bfloat16' | 'int8' | 'int16' | 'int32' | 'int64' | 'uint8' | 'uint16' | 'uint32' | 'uint64' | 'bool';

/** A tensor that was computed. int64 and uint64 are BigInt arrays, bool is a Uint8Array of 0 and 1. float16 is a Float16Array where there is one (Node.js 24), else a Uint16Array with the bits, as bfloat16 is. */
export interface OutputTensor {
  readonly data: Exclude<TensorData, readonly number[] | Uint8ClampedArray>;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** An input or an output of a model. */
export interface Port {
  name: string;
  dtype: DType;
  /** -1 where any size will do; null where only a run tells. */
  shape: number[] | null;
  /** Names of extents that are free, such as batch; empty where there is none. */
  dims?: string[];
}

/** The bytes of an image file: PNG, JPEG, WebP, GIF, BMP, TIFF, PPM or PGM. A Buffer is one. */
export type ImageBytes = Uint8Array | ArrayBuffer | SharedArrayBuffer;

/** What a model is run on: a tensor [N, C, H, W], or images that the model's own preprocessing makes one of. */
export type Input = Tensor | ImageBytes | readonly ImageBytes[];

/** One class that the model considers. */
export interface Prediction {
  /** The number of the output. A model with one output decides between 0 and 1. */
  class: number;
  /** Its name, where the model knows names. */
  label?: string;
  /** The probability of the class, 0..1; null where the logits are not finite. */
  probability: number | null;
  /** null where it is not finite. */
  logit: number | null;
  /** Of a model with one output: the probability of class 1. */
  sigmoid?: number;
}

export interface CallOptions {
  /** Ends the call with the signal's reason; what is being computed for it is broken off. */
  signal?: AbortSignal;
}

/** How far a stage of long work is. */
export interface Progress {
  /** calibrate, eval, download ... */
  stage: string;
  /** What is counted: inputs, images, kB. */
  unit: string;
  done: number;
  /** 0 where it is not known. */
  total: number;
}

export interface LongCallOptions extends CallOptions {
  /** Called about 20 times a second, and when a stage begins and ends. What it throws ends the call. */
  onProgress?: (progress: Progress) => void;
  /** Called with assumptions, warnings and hints, as the command line prints them. */
  onNote?: (note: string) => void;
}

/** What a model file may not say itself. */
export interface ModelOptions {
  /** Architecture in torchvision's words, such as resnet18. */
  arch?: string;
  /** Numeric preset. Any of them runs on any CPU. An ONNX file says itself how it is computed. */
  backend?: 'fbgemm' | 'qnnpack' | 'onednn' | 'x86';
  /** Which state dict of a checkpoint to use, such as ema.state_dict. */
  key?: string;
  /** A file with one class name per line, in the order of the outputs. */
  labels?: string;
  /** Fixes free sizes of an ONNX model: of an input, { x: [1, 3, 480, 640] }, or of an extent that the file names, { batch: 4 }. */
  shape?: Readonly<Record<string, number | readonly number[]>>;
  /** Preprocessing of images by name; the options below replace parts of it. */
  preset?: 'imagenet' | 'imagenet-v2' | 'fashion-mnist' | 'cifar10';
  /** The length of the shorter edge, or [height, width]; 0 does not resize. This and the following replace single parts of what the model has, or of what is assumed. */
  resize?: number | readonly [height: number, width: number];
  /** The edge of a square in the middle, or [height, width]; 0 does not crop. */
  crop?: number | readonly [height: number, width: number];
  /** Per channel, of values in 0..1, or one for all channels. */
  mean?: readonly number[];
  /** Per channel, of values in 0..1, or one for all channels. */
  std?: readonly number[];
  interpolation?: 'bilinear' | 'bicubic' | 'nearest';
}

/** How images become the input of a model. */
export interface Preset {
  channels: 1 | 3;
  resize?: number[];
  interpolation?: 'bilinear' | 'bicubic' | 'nearest';
  crop?: [height: number, width: number];
  /** The size that images must have, where they are neither resized nor cropped. */
  input?: [height: number, width: number];
  mean?: number[];
  std?: number[];
}

/** What is known about an open model. */
export interface SessionInfo {
  model: string;
  arch: string;
  kind: 'float' | 'int8';
  /** Of an int8 model. */
  backend?: string;
  /** Channels of the input. */
  channels: number;
  /** Number of outputs. */
  classes: number;
  labels?: string[];
  /** Missing where the model does not say how images are prepared, and it cannot be assumed. */
  preset?: Preset;
  /** What runNamed takes. */
  inputs: Port[];
  /** What it gives; of an ONNX model. */
  outputs?: Port[];
  /** What neither the file nor an option said. */
  assumptions: string[];
}

export interface SessionOptions extends ModelOptions, LongCallOptions {
  /** CPU threads; 0, the default, uses all. Results do not depend on it. */
  threads?: number;
  /** Refuses inputs with NaN or infinite values, which an int8 model has no codes for. */
  strict?: boolean;
  /** Turns images upright, as their EXIF orientation says; PyTorch's loaders do not. */
  exif?: boolean;
  /** The pool whose process computes; by default one that all sessions of a thread share. */
  pool?: Pool;
}

export interface ClassifyOptions extends CallOptions {
  /** How many classes to return; 5 by default. */
  top?: number;
}

export interface ConcurrencyOptions {
  /** How many inputs are on their way at a time; by default as many as keep the process busy, 8 of a RemoteSession. */
  concurrency?: number;
}

/**
 * A model that is open in a process of its pool. Calls may overlap. The process is
 * replaced when it dies, and what it had not answered is computed again.
 */
export class Session implements AsyncDisposable {
  private constructor();

  /**
   * Opens a model file, float or int8, or weights that torchvision publishes, which
   * are downloaded once: `zoo:ResNet50_QuantizedWeights.DEFAULT`, or `zoo:resnet50` for the same.
   */
  static open(model: string | URL, options?: SessionOptions): Promise<Session>;

  readonly info: Readonly<SessionInfo>;

  /** Computes the logits, float32 [N, classes]; of an ONNX model with one input and one output, whatever that is. */
  run(input: Input, options?: CallOptions): Promise<Tensor<Float32Array>>;

  /** Computes all outputs, by their names, of all inputs, by theirs: info.inputs and info.outputs list them. */
  runNamed(inputs: Readonly<Record<string, Tensor>>, options?: CallOptions): Promise<Record<string, OutputTensor>>;

  /** Returns the most probable classes of an image, best first. */
  classify(image: ImageBytes, options?: ClassifyOptions): Promise<Prediction[]>;
  /** The same for each of several images, or for each row of a tensor. */
  classify(input: Tensor | readonly ImageBytes[], options?: ClassifyOptions): Promise<Prediction[][]>;

  /** Runs inputs as fast as they can be computed, reads no more of them ahead, and yields the outputs in their order. */
  runAll(inputs: Iterable<Input> | AsyncIterable<Input>, options?: CallOptions & ConcurrencyOptions): AsyncGenerator<Tensor<Float32Array>, void, undefined>;

  /** Does the same with classify. */
  classifyAll(inputs: Iterable<ImageBytes> | AsyncIterable<ImageBytes>, options?: ClassifyOptions & ConcurrencyOptions): AsyncGenerator<Prediction[], void, undefined>;

  /** Lets the calls come to their end, and the model go. Later calls fail. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface RemoteOptions extends CallOptions {
  /** The name of the model: that of its file, without the ending. */
  model: string;
  /** By default the newest, of each call. */
  version?: string;
  /** One of the server's tokens. */
  token?: string;
  /** What calls the server, in place of Node.js' own: with a certificate of the client, for example. */
  fetch?: typeof globalThis.fetch;
}

/** What a server tells of a model. */
export interface RemoteInfo {
  model: string;
  /** The one that was asked for. */
  version?: string;
  /** Those that are served. */
  versions: string[];
  /** The server's word for what computes: octet_pytorch, octet_onnx. */
  platform: string;
  /** What runNamed takes. */
  inputs: Port[];
  /** What it gives. */
  outputs: Port[];
}

/**
 * A model that a server computes: `octet serve`, or another that speaks the Open Inference Protocol (V2) with binary
 * tensors over HTTP. Results and errors are those of a Session.
 */
export class RemoteSession implements AsyncDisposable {
  private constructor();

  /** Asks the server at an address, such as http://localhost:8080, for one of its models. */
  static open(address: string | URL, options: RemoteOptions): Promise<RemoteSession>;

  readonly info: Readonly<RemoteInfo>;

  /** Computes the only output of a model with one input; images are prepared by the server. */
  run(input: Input, options?: CallOptions): Promise<Tensor<Float32Array>>;

  /** Computes all outputs, by their names, of all inputs, by theirs: info.inputs and info.outputs list them. */
  runNamed(inputs: Readonly<Record<string, Tensor>>, options?: CallOptions): Promise<Record<string, OutputTensor>>;

  /** Returns the most probable classes of an image, best first. Only octet serve answers it. */
  classify(image: ImageBytes, options?: ClassifyOptions): Promise<Prediction[]>;
  /** The same for each of several images, or for each row of a tensor. */
  classify(input: Tensor | readonly ImageBytes[], options?: ClassifyOptions): Promise<Prediction[][]>;

  /** Runs inputs, some at a time, reads no more of them ahead, and yields the outputs in their order. */
  runAll(inputs: Iterable<Input> | AsyncIterable<Input>, options?: CallOptions & ConcurrencyOptions): AsyncGenerator<Tensor<Float32Array>, void, undefined>;

  /** Does the same with classify. */
  classifyAll(inputs: Iterable<ImageBytes> | AsyncIterable<ImageBytes>, options?: ClassifyOptions & ConcurrencyOptions): AsyncGenerator<Prediction[], void, undefined>;

  /** Lets the calls come to their end. Later calls fail. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface PoolOptions {
  /** Path of the octet binary; by default OCTET_BINARY, or that of the package for this platform. */
  binary?: string;
  /** Folder in which the process starts. */
  cwd?: string;
  /** Environment of the process; by default that of this one. */
  env?: Record<string, string | undefined>;
  /** How many requests may wait; 1024 by default. Further ones fail with a QueueFullError. */
  maxQueue?: number;
}

/** How a process has ended: of code and signal, one is null. */
export interface ProcessExit {
  pid: number;
  code: number | null;
  signal: string | null;
}

/**
 * A process of the binary, kept while it is used, and the requests that wait for
 * it. Sessions share one unless they are given another.
 */
export class Pool extends EventEmitter implements AsyncDisposable {
  constructor(options?: PoolOptions);

  /** Number of the running process; undefined where none is running. */
  readonly pid: number | undefined;
  /** How many requests wait for their turn. */
  readonly queued: number;
  /** How many requests the process takes at a time; 0 before it has started. */
  readonly concurrency: number;

  /** The process has ended unasked; another one takes its place when it is needed. */
  on(event: 'exit', listener: (exit: ProcessExit) => void): this;
  once(event: 'exit', listener: (exit: ProcessExit) => void): this;
  off(event: 'exit', listener: (exit: ProcessExit) => void): this;

  /** Lets all requests come to their end, and then the process. Later calls fail. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Options of `octet quantize`, whose help says more about each. */
export interface QuantizeOptions extends ModelOptions, LongCallOptions {
  /** Calibration data, needed unless dynamic is set: a folder or tar archive of images, an IDX file, a .npy or a .npz. Of an ONNX model with several inputs a .npy for each, by name. */
  calibration?: string | readonly string[] | { readonly [input: string]: string };
  /** The int8 model to write, a .pth, or an .onnx as QDQ. It appears complete or not at all. */
  output: string;
  /** Quantizes activations by their own range in every run, without calibration data: for transformers. */
  dynamic?: boolean;
  /** Quantize the weights of linear layers and embeddings alone, without calibration: activations stay float32. The output is an .onnx file. */
  weightOnly?: boolean;
  /** Of weightOnly: how many numbers of an output channel share a scale, such as 128; without it all of them do. */
  groupSize?: number;
  /** Of transformers: the share, such as 0.5, of the ranges of channels that goes from activations to weights before the calibration. */
  smooth?: number;
  /** Observers: default (histogram), octet (all codes of activations, a scale per channel: for files that octet runs), torchvision (minimum and maximum), minmax, percentile, mse, or another of PyTorch's names. */
  qconfig?: string;
  /** One scale per weight, whatever qconfig says. */
  perTensor?: boolean;
  /** One scale per output channel, whatever qconfig says. */
  perChannel?: boolean;
  /** How ranges of activations are found: histogram, minmax, percentile or mse. */
  ranges?: string;
  /** Brings the ranges of weights together across layers first, which weights with one scale gain from. */
  equalize?: boolean;
  /** Adds to biases the mean error of their layers, on samples of the calibration data. */
  biasCorrection?: boolean;
  /** How weights are rounded: nearest, each by itself, or adaptive, so that the sums of a layer come closest on such samples. */
  round?: string;
  /** Keeps as few layers in float as bring the outputs within so many decibels of the float model's, such as '25dB'. */
  fix?: string;
  /** Patterns of layers that stay in float. */
  exclude?: string | readonly string[];
  /** Keeps layers in float whose int8 form measures slower on this machine. */
  excludeSlower?: boolean;
  /** Of mobilenet_v2: calibrates with ReLU6 as it was trained, though ReLU is what torchvision's file has. */
  relu6Ranges?: boolean;
  /** A file that keeps the statistics, also when the call is broken off; the next one continues there. Other data or preprocessing is a DataError. */
  stats?: string;
  /** A file for the full report. */
  report?: string;
  /** Labelled data on which float and int8 accuracy are measured. */
  eval?: string;
  /** Of eval: a file that maps folders to classes. */
  classMap?: string;
  /** Fails where a layer stays in float that was not excluded. */
  strictInt8?: boolean;
  /** Inputs shown to the observers at a time; part of the recipe. */
  batchSize?: number;
  threads?: number;
  /** Use so many inputs only; 0, the default, uses all. */
  limit?: number;
  /** Stops at the first image that cannot be read, instead of skipping it. */
  strict?: boolean;
  /** Turns images upright, as their EXIF orientation says; PyTorch's loaders do not. */
  exif?: boolean;
}

/** Which part of the data a call takes, whose file merge joins with those of the others. */
export interface ShardOptions {
  /** Part I of N of the data as 'I/N', such as '2/4'; '1/1' is all of it, and 'auto' takes the number of this task from its scheduler. */
  shard: string;
  /** Limits the instruction sets to such as 'avx2+fma', so that machines of several kinds give the same bits of float arithmetic. */
  cpu?: string;
}

/** Calibrates with one shard, and writes the statistics alone. With those of all shards, merged, as stats, and without calibration, the next call makes the model. */
export function quantize(model: string | URL, options: Omit<QuantizeOptions, 'output'> & { stats: string } & ShardOptions): Promise<ShardResult>;
/** Makes an int8 model of a float one by post-training quantization. */
export function quantize(model: string | URL, options: QuantizeOptions): Promise<QuantizeResult>;

/** Options of `octet inspect`. */
export interface InspectOptions extends ModelOptions, LongCallOptions {
  /** List every key of the state dict. */
  tensors?: boolean;
}

/** Tells what a model file holds. Nothing of it is executed. */
export function inspect<File extends string | URL>(model: File, options?: InspectOptions): Promise<File extends `${string}.onnx` ? OnnxInspection : Inspection>;

/** Options of `octet run`, whose help says more about each. */
export interface RunOptions extends ModelOptions, LongCallOptions {
  /** Write the output as a .npy, or all outputs by name as a .npz. */
  output?: string;
  /** How many classes of each image to tell. */
  top?: number;
  batchSize?: number;
  threads?: number;
  limit?: number;
  strict?: boolean;
  exif?: boolean;
}

/** Writes the predictions for one shard of the images as lines of JSON. */
export function run(model: string | URL, inputs: string | URL | readonly (string | URL)[], options: RunOptions & { output: string } & ShardOptions): Promise<ShardResult>;
/** Computes a model once on files: images, arrays, or arrays by the names of the inputs of an ONNX model. A Session computes many times. */
export function run(model: string | URL, inputs: string | URL | readonly (string | URL)[] | Readonly<Record<string, string | URL>>, options?: RunOptions): Promise<RunResult>;

/** Options of `octet eval`, whose help says more about each. */
export interface EvaluateOptions extends ModelOptions, LongCallOptions {
  /** A file with the true classes, where the data do not have them. */
  truth?: string;
  /** The class of an image is in its file's name, before a number. */
  truthFromNames?: boolean;
  /** A file that maps folders to classes. */
  classMap?: string;
  /** Another model, such as the float one, whose answers those of the model are compared with. */
  against?: string;
  batchSize?: number;
  threads?: number;
  limit?: number;
  strict?: boolean;
  exif?: boolean;
}

/** Counts the right answers on one shard of labelled data, and writes the counts. */
export function evaluate(model: string | URL, data: string | URL, options: EvaluateOptions & { output: string } & ShardOptions): Promise<ShardResult>;
/** Measures the accuracy of a model on labelled data: a folder or archive of images, an IDX file, a .npy or a .npz. */
export function evaluate(model: string | URL, data: string | URL, options?: EvaluateOptions): Promise<Evaluation>;

/** Options of `octet merge`. */
export interface MergeOptions extends LongCallOptions {
  /** The file to write: .json, or .jsonl of predictions. It appears complete or not at all. */
  output: string;
}

/** Joins what calls with a shard have written: to the byte what one call over all data writes. Missing, repeated and foreign shards are a DataError that names them. */
export function merge(files: string | URL | readonly (string | URL)[], options: MergeOptions): Promise<ShardResult>;

/** Options of `octet export`, whose help says more about each. */
export interface ExportOptions extends ModelOptions, LongCallOptions {
  /** The .onnx to write. It appears complete or not at all. */
  output: string;
  /** How an int8 model is written: qdq, the default, or qoperator. */
  format?: 'qdq' | 'qoperator';
  /** The operator set, from 10 to 21. */
  opset?: number;
}

/** Writes a model, float or int8, as an ONNX file. */
export function exportModel(model: string | URL, options: ExportOptions): Promise<Exported>;

/** Options of `octet compare`, whose help says more about each. */
export interface CompareOptions extends Omit<ModelOptions, 'backend'>, LongCallOptions {
  /** Make int8 variants for these backends, and run files by their rules. */
  backend?: string | readonly string[];
  /** Make int8 variants of the float model, calibrated on this data. */
  calibration?: string;
  /** Calibrate on so many inputs only; 0, the default, uses all. */
  calibrationLimit?: number;
  /** Observers of the variants, as of quantize. */
  qconfig?: string | readonly string[];
  /** Make variants with one scale per weight only. */
  perTensor?: boolean;
  /** Make variants with one scale per output channel only. */
  perChannel?: boolean;
  /** Patterns of layers of the variants that stay in float. */
  exclude?: string | readonly string[];
  /** A folder for the variants. */
  keep?: string;
  /** Compare on labelled data, and measure accuracy. */
  eval?: string;
  /** Compare on data without labels. */
  inputs?: string;
  /** Of eval: a file with the true classes of a .npy or IDX file. */
  truth?: string;
  /** Of eval: a file that maps folders to classes. */
  classMap?: string;
  /** Compare every layer on so many inputs; 0 leaves the layers out, 16 is the default. */
  layerInputs?: number;
  /** How long to time each variant, such as 1s or 500ms; 0s does not. */
  duration?: string;
  /** A file for the report in Markdown. */
  markdown?: string;
  /** A file for the report as a page with plots. */
  html?: string;
  batchSize?: number;
  threads?: number;
  /** Use so many inputs only; 0, the default, uses all. */
  limit?: number;
  /** Stops at the first image that cannot be read, instead of skipping it. */
  strict?: boolean;
  /** Turns images upright, as their EXIF orientation says; PyTorch's loaders do not. */
  exif?: boolean;
}

/** Puts variants of a model side by side: files, zoo: names, and int8 variants made of the float one. */
export function compare(models: string | URL | readonly (string | URL)[], options?: CompareOptions): Promise<Comparison>;

/** Options of `octet tensor`. */
export interface QuantizeTensorOptions extends CallOptions {
  dtype?: 'quint8' | 'qint8' | 'qint32';
  /** Zero point in the middle of the codes. */
  symmetric?: boolean;
  /** A scale and a zero point for every index of axis. */
  perChannel?: boolean;
  /** PyTorch's name of the scheme, in place of symmetric and perChannel. */
  qscheme?: 'per_tensor_affine' | 'per_tensor_symmetric' | 'per_channel_affine' | 'per_channel_symmetric';
  /** Channel axis of perChannel; negative counts from the end. */
  axis?: number;
  /** Smallest and largest code that the range is mapped to. */
  quantMin?: number;
  quantMax?: number;
  /** Given together: use these instead of ones from the minimum and maximum. */
  scale?: number;
  zeroPoint?: number;
  /** Name of the tensor, where the input is a file with several. */
  tensor?: string;
  /** Another shape for the numbers. */
  shape?: readonly number[];
}

/** An operation on the codes of one or two tensors, as `octet tensor --op` has them. */
export interface OperationOptions extends QuantizeTensorOptions {
  op: 'add' | 'add-relu' | 'mul' | 'matmul' | 'cat' | 'linear' | 'conv2d' | 'relu' | 'relu6' | 'max-pool2d' | 'avg-pool2d';
  /** The second operand. */
  with?: Numbers;
  withTensor?: string;
  withShape?: readonly number[];
  /** Rules of rounding. */
  backend?: 'fbgemm' | 'qnnpack' | 'onednn' | 'x86';
}

/** Numbers, a tensor, or a .npy, .npz, .safetensors or .pth file. */
export type Numbers = TensorData | Tensor | string | URL;

/** Computes on the codes of quantized tensors, and compares with the real numbers. */
export function quantizeTensor(input: Numbers, options: OperationOptions): Promise<Operation>;
/** Quantizes numbers by hand, and tells the error made. */
export function quantizeTensor(input: Numbers, options?: QuantizeTensorOptions): Promise<QuantizedTensor>;

/** Base of all errors of this package. */
export class OctetError extends Error {
  /** What kind of error it is. */
  readonly code: string;
}
/** A call that cannot be meant. */
export class UsageError extends OctetError {
  readonly code: 'ERR_OCTET_USAGE';
}
/** The model file cannot be used. */
export class ModelError extends OctetError {
  readonly code: 'ERR_OCTET_MODEL';
  /** Keys that the architecture needs and the file lacks; set, as the next three, where keys do not fit. */
  readonly missing?: string[];
  /** Keys of the file that the architecture does not know. */
  readonly extra?: string[];
  /** Keys of another shape or type, or of impossible values. */
  readonly misshapen?: { key: string; problem: string; expected?: string; found?: string }[];
  /** The architectures that fit better, best first. */
  readonly looksLike?: string[];
  /** The networks of a file that holds several: key is what the option key takes. */
  readonly choices?: { key: string; arch: string }[];
}
/** The data cannot be used, such as a tensor of the wrong shape. */
export class DataError extends OctetError {
  readonly code: 'ERR_OCTET_DATA';
}
/** The output cannot be written. */
export class OutputError extends OctetError {
  readonly code: 'ERR_OCTET_OUTPUT';
}
/** There is no binary that can be started; ERR_OCTET_PLATFORM where there is none for the platform. */
export class BinaryError extends OctetError {
  readonly code: 'ERR_OCTET_BINARY' | 'ERR_OCTET_PLATFORM';
}
/** The process died too often while it worked on a request. */
export class ProcessError extends OctetError {
  readonly code: 'ERR_OCTET_PROCESS';
}
/** The session or pool was closed. */
export class ClosedError extends OctetError {
  readonly code: 'ERR_OCTET_CLOSED';
}
/** More requests wait than the pool may hold. */
export class QueueFullError extends OctetError {
  readonly code: 'ERR_OCTET_QUEUE_FULL';
}
