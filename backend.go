package octet

// Backend names a numeric preset, mostly in PyTorch's words: the rules by which an
// engine turns real numbers into codes and accumulators into outputs. It is no machine:
// any of them runs on any CPU.
type Backend string

// The backends. Backend("x86") is another name of FBGEMM.
const (
	FBGEMM  Backend = "fbgemm"  // x86 servers
	QNNPACK Backend = "qnnpack" // ARM devices
	ONEDNN  Backend = "onednn"  // PyTorch's oneDNN engine
	ONNX    Backend = "onnx"    // ONNX's operators as ONNX Runtime computes them
)
