// The JSON documents of the commands, as `octet ... --json` prints them.

/** The document of `octet quantize --json`. */
export interface QuantizeResult {
  model: string;
  output: string;
  arch: string;
  backend: string;
  qconfig: string;
  assumptions?: string[];
  /** Images that could not be read. */
  skipped?: string[];
  /** Layers that excludeSlower has kept in float. */
  slower_than_float?: string[];
  float_file_bytes: number;
  int8_file_bytes: number;
  accuracy?: { data: string; float: Score; float_quantizable?: Score; int8: Score };
  /** What another recipe would give, in sentences. */
  hints?: string[];
  /** Of GoogLeNet and Inception v3, where no file says whether the input is transformed: both ways on some of the images. */
  transform_input?: { inputs: number; tried: TransformAnswer; other: TransformAnswer };
  /** Of mobilenet_v2, relu6_to_relu says what ReLU in place of ReLU6 does to the float model. */
  report: Record<string, unknown>;
}

/** How sure one of two architectures of the same parameters is of its answers. */
export interface TransformAnswer {
  arch: string;
  confidence_percent: number;
}

/** The document of calls with a shard, and of `octet merge --json`. */
export interface ShardResult {
  output: string;
  kind: 'evaluation' | 'predictions' | 'statistics';
  model?: string;
  /** Such as 2/4; undefined of all together. */
  shard?: string;
  /** The files that were merged. */
  merged?: string[];
  images: number;
  skipped: number;
  /** Of an evaluation. */
  score?: { top1_correct: number; top5_correct: number; top1_percent: number; top5_percent: number };
  against?: AnswerDifference;
}

/** How the answers of a model differ from a reference's, in whole numbers. */
export interface AnswerDifference {
  /** File of the reference; undefined of merged counts. */
  reference?: string;
  /** Share of the images that both name the same class for. */
  agreement_percent: number;
  /** Images that they name different classes for. */
  changed: number;
  /** Images that only the reference had right, and that only the model had right. */
  lost: number;
  gained: number;
  /** Largest difference of two logits. */
  max_error: number;
  /** Logits that are equal, and that differ by no number. */
  equal: number;
  non_finite?: number;
  /** All others: those of a bin are apart by 2^exponent or more, and by less than twice that. */
  bins: { exponent: number; logits: number }[];
}

/** The document of `octet eval --json`. */
export interface Evaluation extends Score {
  model: string;
  arch: string;
  kind: 'int8' | 'float';
  backend?: string;
  data: string;
  classes: number;
  assumptions?: string[];
  against?: AnswerDifference;
}

/** How often a model was right. */
export interface Score {
  images: number;
  top1_correct: number;
  top5_correct: number;
  top1_percent: number;
  top5_percent: number;
  seconds: number;
  skipped?: string[];
  /** Inputs with NaN or infinite values, and how many of each. */
  non_finite?: { inputs: number; nan: number; infinite: number; names: string[] };
}

/** The document of `octet export --json`. */
export interface Exported {
  model: string;
  output: string;
  opset: number;
  format: 'qdq' | 'qoperator';
  bytes: number;
  inputs: ExportedPort[];
  outputs: ExportedPort[];
  /** The largest difference between an output of the model and of the file as it was read back, relative to the largest output; left out where it was not measured. */
  difference?: number;
  /** Files that were there before. */
  replaced?: string[];
}

/** An input or output of an ONNX file. Extents that are free are 0. */
export interface ExportedPort {
  name: string;
  dtype: string;
  sizes: number[] | null;
  names: string[] | null;
}

/** The document of `octet inspect --json`. */
export interface Inspection {
  file: string;
  bytes: number;
  format: string;
  key?: string;
  state_dicts: string[];
  tensors: number;
  parameters: number;
  elements_by_dtype: Record<string, number>;
  stripped_prefixes?: string[];
  kind: 'float' | 'int8';
  arch?: string;
  backend?: string;
  classes?: number;
  channels?: number;
  metadata?: Record<string, unknown>;
  assumptions?: string[];
  /** Why the layers are not known. */
  problem?: string;
  layers?: { name: string; op: string; dtype: string; weight?: string; scale?: number; zero_point?: number; note?: string }[];
  keys?: { key: string; value: string }[];
}

/** An input or an output that an ONNX file declares. */
export interface OnnxPort {
  name: string;
  dtype: string;
  /** 0 where a size is free; null where the file says nothing. */
  sizes: number[] | null;
  /** Names of free sizes, such as batch. */
  names: string[] | null;
}

/** The document of `octet inspect --json` of an ONNX file. */
export interface OnnxInspection {
  file: string;
  bytes: number;
  format: 'onnx';
  producer?: string;
  opset: number;
  parameters: number;
  inputs: OnnxPort[];
  outputs: OnnxPort[];
  /** Names of the sizes that are free, as the option shape takes them. */
  free: string[];
  /** How many nodes of each operator there are. */
  operators: Record<string, number>;
  /** Every node can be computed. */
  supported: boolean;
  /** The nodes that cannot, and what can be done about each. */
  unsupported: { node: string; op: string; output: string; reason: string; advice: string; computed?: boolean }[];
  /** Nodes behind those, of known operators, that could not be checked. */
  unchecked?: number;
  metadata?: Record<string, string>;
  layers?: Inspection['layers'];
}

/** The document of `octet run --json`: classes of images, or what the outputs are. */
export interface RunResult {
  model: string;
  seconds: number;
  /** The file that was written. */
  output?: string;
  /** Of images and arrays of them. */
  results?: { input: string; top: { class: number; label?: string; probability: number | null; logit: number | null }[] }[];
  /** Of named inputs. */
  outputs?: { name: string; dtype: string; shape: number[] }[];
}

/** How far numbers are from what they should be. */
export interface ErrorFigures {
  max_abs: number;
  mean_abs: number;
  /** Signal to noise in decibels; null where there is no noise. */
  sqnr_db: number | null;
}

/** The document of `octet tensor --json`, with the elements in typed arrays. */
export interface QuantizedTensor {
  shape: number[];
  dtype: 'quint8' | 'qint8' | 'qint32';
  qscheme: string;
  /** Channel axis; missing where there is one scale. */
  axis?: number;
  quant_min: number;
  quant_max: number;
  min: number[];
  max: number[];
  scales: number[];
  zero_points: number[];
  values: Float32Array;
  /** In the integer type of dtype. */
  codes: Uint8Array | Int8Array | Int32Array;
  /** The numbers that the codes stand for. */
  dequantized: Float32Array;
  error: ErrorFigures;
}

/** The document of `octet tensor --op --json`. */
export interface Operation {
  op: string;
  backend: string;
  operands: (Omit<QuantizedTensor, 'values' | 'codes' | 'dequantized'> & { values: number[]; codes: number[]; dequantized: number[] })[];
  result: {
    shape: number[];
    scale: number;
    zero_point: number;
    codes: number[];
    dequantized: number[];
    /** The same operation on the real numbers. */
    real: number[];
    error: ErrorFigures;
  };
}

/** The document of `octet compare --json`; docs/compare.md of the project explains every figure. */
export interface Comparison {
  /** Version of the document. */
  octet_compare: number;
  octet: string;
  platform: string;
  /** CPU features that were used. */
  cpu: string;
  threads: number;
  arch: string;
  classes: number;
  labels?: string[];
  inputs: { source: string; kind: 'labelled' | 'unlabelled' | 'calibration' | 'random'; count: number; layer_inputs: number; skipped?: string[] };
  /** Of the variants made here. */
  calibration?: { source: string; samples: number; batch_size: number };
  /** The reference first. */
  variants: Variant[];
  weights: WeightRanges[];
  activations?: ActivationRange[];
  /** Sentences, the most important first. */
  findings: string[];
  advice?: Advice;
}

/** A model that is compared. Ratios of signal to noise are in decibels, null where nothing differs. */
export interface Variant {
  name: string;
  kind: 'float' | 'int8';
  file?: string;
  /** Quantized by this command. */
  made: boolean;
  /** Made to prove the proposal of the advice. */
  proposed?: boolean;
  backend?: string;
  made_for?: string;
  weights?: 'per-channel' | 'per-tensor' | 'mixed';
  qconfig?: string;
  excluded?: string[];
  assumptions?: string[];
  bytes: number;
  size_ratio: number;
  int8_nodes: number;
  float_nodes?: string[];
  outputs: {
    inputs: number;
    agreement_percent: number;
    sqnr_db: number | null;
    max_error: number;
    equal_percent: number;
    changed: number;
    changed_inputs?: { input: string; label?: number; reference_class: number; class: number }[];
    accuracy?: { top1_correct: number; top5_correct: number; top1_percent: number; top5_percent: number; lost: number; gained: number; confusion?: number[][] };
  };
  latency_ms?: { min: number; p50: number; p90: number; p99: number; mean: number; runs: number; speed?: Speed; ratio: number };
  layers?: (ComparedLayer & { ms?: number })[];
}

/** How many times faster than the reference, in turns, with a 95 % interval. */
export interface Speed {
  times: number;
  low: number;
  high: number;
  turns: number;
}

/** A layer of a variant beside that of the reference. */
export interface ComparedLayer {
  node: string;
  op: string;
  int8: boolean;
  sqnr_db: number | null;
  isolated_sqnr_db: number | null;
  introduced_sqnr_db: number | null;
  parts?: { inputs: number; weights: number; result: number };
  codes_differ_percent?: number;
  isolated_codes_differ_percent?: number;
}

/** What was rounded of a weight; an entry for each int8 variant, null where it is float. */
export interface WeightRanges {
  node: string;
  shape: number[];
  channel_min: number[];
  channel_max: number[];
  variants: ({ per_channel: boolean; sqnr_db: number | null; coarse_channels: number } | null)[];
}

/** What was rounded of a layer's result; an entry for each int8 variant, null where it is float. */
export interface ActivationRange {
  value: string;
  min: number;
  max: number;
  histogram_start: number;
  histogram_bin_width: number;
  histogram: number[];
  variants: ({ scale: number; zero_point: number; clip_min: number; clip_max: number; cut_off_percent: number } | null)[];
}

/** What to do next about one variant. */
export interface Advice {
  variant: string;
  guilty: ComparedLayer[];
  exclusions?: { inputs: number; sqnr_db: number | null; agreement_percent: number; trials: ExclusionTrial[]; proposal?: ExclusionTrial };
  steps: string[];
  commands: string[];
}

/** What keeping layers in float gives. */
export interface ExclusionTrial {
  exclude: string[];
  layers: number;
  float_macs_percent: number;
  sqnr_db: number | null;
  gain_db: number;
  agreement_percent: number;
}
