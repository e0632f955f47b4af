package quant

import (
	"testing"

	"github.com/octet-ml/octet/tensor"
)

func BenchmarkQuantizePerTensor(b *testing.B) {
	x := tensor.New(tensor.Float32, 1, 64, 112, 112)
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(i%977)/100 - 3
	}
	b.SetBytes(int64(4 * x.Numel()))
	for b.Loop() {
		if _, err := QuantizePerTensor(x, 0.04, 77, tensor.QUInt8); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDequantize(b *testing.B) {
	q := tensor.NewQuantized(tensor.QUInt8, tensor.Affine(0.04, 77), 1, 64, 112, 112)
	b.SetBytes(int64(q.Numel()))
	for b.Loop() {
		if _, err := Dequantize(q); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRequant(b *testing.B) {
	r, err := NewRequant(FBGEMM, tensor.Affine(0.02, 3), tensor.Affine(0.01, 0), tensor.Affine(0.05, 9), tensor.QUInt8, []float32{0.5}, ReLU, 1)
	if err != nil {
		b.Fatal(err)
	}
	acc := int32(0)
	for b.Loop() {
		acc += 17
		r.Code(acc&0xffff, 0)
	}
}
