// The package itself is CommonJS, so that import and require give the same classes.
import octet from './index.js';

export const {
  Session, RemoteSession, Pool, quantize, inspect, run, evaluate, merge, exportModel, compare, quantizeTensor,
  OctetError, UsageError, ModelError, DataError, OutputError, BinaryError, ProcessError, ClosedError, QueueFullError,
} = octet;
