package zoo_test

import (
	"fmt"

	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/zoo"
)

func ExampleBuild() {
	// The sizes come from a file; here from a function that knows two keys.
	shapes := map[string]tensor.Shape{"conv1.weight": {64, 1, 7, 7}, "fc.weight": {10, 512}}
	g, err := zoo.Build("resnet18", func(key string) (tensor.Shape, bool) { s, ok := shapes[key]; return s, ok }, zoo.Quantizable)
	if err != nil {
		fmt.Println(err)
		return
	}
	types, err := g.Infer(tensor.Shape{4, 1, 96, 96})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(g.Nodes), "nodes give", types[g.Outputs[0]])
	// Output: 63 nodes give float32[4, 10]
}
