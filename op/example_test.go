package op_test

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// An operator infers the shape of its result and then computes it; the type of
// the result decides that this addition is one of codes.
func Example() {
	a := tensor.OfQuantized([]uint8{10, 20, 30}, tensor.Affine(0.1, 10), 3)
	b := tensor.OfQuantized([]uint8{0, 5, 250}, tensor.Affine(0.2, 5), 3)
	add := op.Add{Act: quant.ReLU}
	types, err := add.Infer(graph.FactsOf(a, b))
	if err != nil {
		fmt.Println(err)
		return
	}
	out := graph.Type{DType: tensor.QUInt8, Shape: types[0].Shape, Q: tensor.Affine(0.25, 3)}
	y, err := add.Eval(graph.Context{Numerics: quant.FBGEMM}, []*tensor.Tensor{a, b}, []graph.Type{out})
	fmt.Println(y[0], y[0].Uint8s(), err)
	// Output: quint8[3] (scale=0.25 zero_point=3) [3 7 207] <nil>
}

func ExampleDecode() {
	o, err := op.Decode("max_pool2d", []byte(`{"kernel":[3,3],"stride":[2,2],"padding":[1,1],"dilation":[1,1]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	image := graph.Fact{Type: graph.Type{DType: tensor.Float32, Shape: tensor.Shape{1, 64, 112, 112}}}
	types, err := o.Infer([]graph.Fact{image})
	fmt.Println(types, err)
	// Output: [float32[1, 64, 56, 56]] <nil>
}
