package quant_test

import (
	"fmt"

	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Quantize by hand: a range gives scale and zero point, those give codes, and the
// codes give the numbers back, up to half a step.
func Example_manual() {
	x := tensor.Of([]float32{-1, -0.25, 0, 0.11, 2}, 5)

	lo, hi := quant.MinMaxOf(x.Float32s())
	codes, err := quant.NewCodeRange(tensor.QUInt8, nil, nil, false)
	if err != nil {
		fmt.Println(err)
		return
	}
	scale, zero, err := quant.CalculateQParams(lo, hi, quant.PerTensorAffine, tensor.QUInt8, codes, quant.DefaultEps)
	if err != nil {
		fmt.Println(err)
		return
	}
	q, err := quant.QuantizePerTensor(x, scale, zero, tensor.QUInt8)
	if err != nil {
		fmt.Println(err)
		return
	}
	ints, _ := quant.IntRepr(q)
	back, _ := quant.Dequantize(q)
	fmt.Printf("scale %.6f zero point %d\n", scale, zero)
	fmt.Println(ints.Uint8s())
	fmt.Printf("%.4f\n", back.Float32s())
	// Output:
	// scale 0.011765 zero point 85
	// [0 64 85 94 255]
	// [-1.0000 -0.2471 0.0000 0.1059 2.0000]
}

func ExampleQuantizePerChannel() {
	w := tensor.Of([]float32{1, -1, 0.01, 0.005}, 2, 2)
	q, err := quant.QuantizePerChannel(w, []float64{1.0 / 127, 0.01 / 127}, []int64{0, 0}, 0, tensor.QInt8)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(q.Int8s())
	// Output: [127 -127 127 64]
}

func ExampleParseQConfig() {
	c, err := quant.ParseQConfig("default", quant.FBGEMM)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Activation)
	fmt.Println(c.Weight)
	// Output:
	// histogram quint8 per_tensor_affine 0..127
	// per_channel_minmax qint8 per_channel_symmetric -128..127
}
