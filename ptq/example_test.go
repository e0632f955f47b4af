package ptq_test

import (
	"context"
	"fmt"

	"github.com/octet-ml/octet/internal/hashweights"
	"github.com/octet-ml/octet/internal/rewrite"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/zoo"
)

// The stages from a float model to an int8 one.
func Example() {
	g, err := zoo.Build("fashion_resnet8", nil, zoo.Quantizable)
	if err != nil {
		fmt.Println(err)
		return
	}
	bindHashed(g, hashweights.Model{Seed: 1}) // statedict.Bind for a real file
	fused, _, err := rewrite.Fuse(g)
	if err != nil {
		fmt.Println(err)
		return
	}
	qconfig, err := quant.DefaultQConfig(quant.FBGEMM)
	if err != nil {
		fmt.Println(err)
		return
	}
	prepared, err := ptq.Prepare(fused, qconfig, ptq.Options{Exclude: []string{"fc"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	batches := func(yield func(*tensor.Tensor, error) bool) {
		yield(hashweights.Images(8, 1, 28, 1), nil)
	}
	stats, err := ptq.Calibrate(context.Background(), prepared, batches, ptq.CalibrateOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, report, err := ptq.Convert(prepared, stats, quant.FBGEMM)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.Int8Nodes, "nodes on integers,", report.FloatNodes, "in float")
	for _, n := range report.Nodes {
		if n.Note != "" {
			fmt.Printf("%s: %s\n", n.Name, n.Note)
		}
	}
	// Output:
	// 16 nodes on integers, 1 in float
	// flatten.dequant: inserted: fc needs float32
	// fc: kept float: excluded by "fc"
}
