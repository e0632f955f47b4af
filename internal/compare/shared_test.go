package compare_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/quant"
)

// Graphs that are compared together have the figures that they have alone, to the bit:
// with equal weights and other activations, with other weights, with layers in float,
// the same graph twice; whatever the number of threads.
func TestLayersOfShareWithoutAChange(t *testing.T) {
	float, inputs := small(t), smallInputs(3)
	var graphs []*graph.Graph
	add := func(recipe string, n quant.Numerics, exclude ...string) {
		g, _ := convert(t, float, recipe, n, inputs, exclude...)
		graphs = append(graphs, g)
	}
	add("default", quant.FBGEMM)
	add("octet", quant.FBGEMM)
	add("torchvision", quant.QNNPACK)
	add("default", quant.OneDNN, "fc")
	add("octet", quant.QNNPACK, "layer1.0.conv1")
	add("default_per_channel_qconfig", quant.OneDNN, "conv1")
	graphs = append(graphs, graphs[0])
	exactly := cmpopts.EquateNaNs()
	for _, threads := range []int{1, 2, 3, 16} {
		together, err := compare.LayersOf(context.Background(), float, graphs, compare.Each(inputs), compare.Options{Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		for i, g := range graphs {
			if diff := cmp.Diff(layersOf(t, float, g, inputs), together[i], exactly); diff != "" {
				t.Errorf("%d threads, graph %d (-alone +together)\n%s", threads, i, diff)
			}
		}
	}
	// An int8 reference too.
	together, err := compare.LayersOf(context.Background(), graphs[0], graphs[1:3], compare.Each(inputs), compare.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, g := range graphs[1:3] {
		if diff := cmp.Diff(layersOf(t, graphs[0], g, inputs), together[i], exactly); diff != "" {
			t.Errorf("int8 reference, graph %d (-alone +together)\n%s", i, diff)
		}
	}
}
