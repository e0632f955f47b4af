package engine

import (
	"encoding/binary"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Kernels take unsigned codes. In the memory of a run, codes of qint8 and their zero points
// are 128 higher (quant.Unsigned); in tensors and for operators they are signed.

// flip converts the codes of qint8 in m from signed to unsigned ones or back; it leaves
// other types alone.
func flip(m memory, d tensor.DType) {
	const signs = 0x8080808080808080
	if d != tensor.QInt8 {
		return
	}
	for ; len(m) >= 8; m = m[8:] {
		binary.NativeEndian.PutUint64(m, binary.NativeEndian.Uint64(m)^signs)
	}
	for i := range m {
		m[i] ^= 0x80
	}
}

// zeroOf is the zero point of the first operand of n, for unsigned codes.
func zeroOf(n *graph.Node) uint8 { return zeroIn(n.Inputs[0].Type) }

// zeroIn is the zero point of a type, for unsigned codes.
func zeroIn(t graph.Type) uint8 { return uint8(quant.Unsigned(t.Q, t.DType).ZeroPoint()) }
