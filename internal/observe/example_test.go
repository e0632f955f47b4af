package observe_test

import (
	"fmt"

	"github.com/octet-ml/octet/internal/observe"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

func Example() {
	o, err := observe.New(quant.ObserverSpec{Kind: quant.MinMax, DType: tensor.QUInt8})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, batch := range [][]float32{{0.5, 1, -0.1}, {2, 0.3, 0}} {
		if err := o.Observe(batch, tensor.Shape{3}); err != nil {
			fmt.Println(err)
			return
		}
	}
	q, err := o.QParams()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("scale %.6f zero point %d\n", q.Scale(), q.ZeroPoint())
	// Output: scale 0.008235 zero point 12
}

// Statistics of two shards merge to what one observer of both would have.
func ExampleObserver_Merge() {
	spec := quant.ObserverSpec{Kind: quant.Percentile, DType: tensor.QUInt8, Percent: 99}
	a, err := observe.New(spec)
	if err != nil {
		fmt.Println(err)
		return
	}
	b, _ := observe.New(spec)
	_ = a.Observe([]float32{1, 2, 3}, tensor.Shape{3})
	_ = b.Observe([]float32{-4, 5}, tensor.Shape{2})
	if err := a.Merge(b); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(a.Range())

	h, _ := observe.New(quant.ObserverSpec{Kind: quant.Histogram, DType: tensor.QUInt8})
	fmt.Println(h.Merge(h))
	// Output:
	// -4 5 true
	// the statistics of a histogram observer depend on the order of the batches and cannot be merged: calibrate in one process, or use mergeable_histogram, percentile or mse
}
