package octet

// Backend names a numeric preset in PyTorch's words: the rules by which one of its
// engines turns real numbers into codes and accumulators into outputs. It is no machine:
// any of them runs on any CPU.
type Backend string

// The backends. Backend("x86") is another name of FBGEMM.
const (
	FBGEMM  Backend = "fbgemm"  // x86 servers
	QNNPACK Backend = "qnnpack" // ARM devices
	ONEDNN  Backend = "onednn"  // PyTorch's oneDNN engine
)
