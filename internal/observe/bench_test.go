package observe

import (
	"testing"

	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

func BenchmarkObserve(b *testing.B) {
	for _, shape := range []string{"normal", "relu"} {
		x := batch{Seed: 1, N: 1 << 20, Shape: shape, Scale: 0x3f800000}.values()
		for _, k := range Kinds() {
			s := quant.ObserverSpec{Kind: k.Name, DType: tensor.QInt8, Scale: 1}
			if specOf(k.Name).QScheme.IsPerChannel() {
				s.QScheme = quant.PerChannelSymmetric
			}
			b.Run(string(k.Name)+"/"+shape, func(b *testing.B) {
				o := open(b, s)
				b.SetBytes(int64(4 * len(x)))
				for b.Loop() {
					observe(b, o, x, 64, len(x)/64)
				}
			})
		}
	}
}

func BenchmarkQParams(b *testing.B) {
	x := batch{Seed: 1, N: 1 << 20, Shape: "cubic", Scale: 0x3f800000}.values()
	for _, k := range []quant.ObserverKind{quant.Histogram, quant.Percentile, quant.MSE} {
		b.Run(string(k), func(b *testing.B) {
			o := open(b, quant.ObserverSpec{Kind: k, DType: tensor.QUInt8})
			observe(b, o, x)
			for b.Loop() {
				if _, err := o.QParams(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
