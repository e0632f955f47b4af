package eager_test

import (
	"fmt"

	"github.com/octet-ml/octet/internal/eager"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Codes stand for (code - zero point) * scale: here 1, 2, 3, 4 and 0.5, 0.5, -8, 0.
func ExampleAddReLU() {
	a := tensor.OfQuantized([]uint8{110, 120, 130, 140}, tensor.Affine(0.1, 100), 4)
	b := tensor.OfQuantized([]uint8{130, 130, 45, 125}, tensor.Affine(0.1, 125), 4)
	sum, err := eager.AddReLU(a, b, tensor.Affine(0.05, 0))
	if err != nil {
		panic(err)
	}
	fmt.Println(sum.Uint8s(), sum)
	// Output: [30 50 0 80] quint8[4] (scale=0.05 zero_point=0)
}

func ExampleConv2D() {
	x := tensor.OfQuantized([]uint8{1, 2, 3, 4, 5, 6, 7, 8, 9}, tensor.Affine(1, 0), 1, 1, 3, 3)
	w := tensor.OfQuantized([]int8{1, 1, 1, 1}, tensor.Affine(1, 0), 1, 1, 2, 2)
	y, err := eager.Conv2D(x, w, nil, op.Conv2D{}, tensor.Affine(2, 10), eager.WithNumerics(quant.QNNPACK))
	if err != nil {
		panic(err)
	}
	fmt.Println(y.Shape(), y.Uint8s())
	// Output: [1, 1, 2, 2] [16 18 22 24]
}
