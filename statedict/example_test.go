package statedict_test

import (
	"fmt"

	"github.com/octet-ml/octet/statedict"
	"github.com/octet-ml/octet/torch"
)

// The layer of a quantized model, however its PyTorch version stored it.
func ExampleLinear() {
	sd, err := torch.Load("../torch/testdata/samples/quant_old_linear_v1.pth", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	weight, bias, err := statedict.Linear(sd, "fc")
	fmt.Println(weight, bias, err)
	// Output: qint8[10, 32] (per channel, axis 0, 10 scales) float32[10] <nil>
}
