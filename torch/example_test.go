package torch_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

// A training checkpoint: the model lies under the key "state_dict", next to
// the optimiser and leftovers that are never executed.
func ExampleOpen() {
	ckpt, err := torch.Open("testdata/golden/training.pth")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ckpt.Close()
	sd, err := ckpt.StateDict("")
	if err != nil {
		fmt.Println(err)
		return
	}
	w, _ := sd.Tensor("conv.weight")
	fmt.Println(ckpt.Format(), sd.Len(), sd.Source)
	fmt.Println(w)
	// Output:
	// zip 9 testdata/golden/training.pth: state_dict
	// float32[4, 3, 3, 3]
}

func ExampleSave() {
	sd := &torch.StateDict{Metadata: map[string]int{"": 1, "conv": 1}}
	q := tensor.PerAxis([]float64{0.5, 0.25}, []int64{0, 0}, 0)
	sd.SetTensor("conv.weight", tensor.NewQuantized(tensor.QInt8, q, 2, 3, 3, 3))
	sd.Set("conv.bias", torch.NewParameter(tensor.New(tensor.Float32, 2), false))
	sd.SetTensor("conv.scale", tensor.Of([]float32{0.1}))
	sd.SetTensor("conv.zero_point", tensor.Of([]int64{64}))

	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "model_state.pth")
	if err := torch.Save(path, sd); err != nil {
		fmt.Println(err)
		return
	}
	again, err := torch.Load(path, "")
	fmt.Println(again.Keys(), err)
	// Output: [conv.weight conv.bias conv.scale conv.zero_point] <nil>
}
