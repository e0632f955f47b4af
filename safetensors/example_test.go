package safetensors_test

import (
	"bytes"
	"fmt"

	"github.com/octet-ml/octet/safetensors"
	"github.com/octet-ml/octet/tensor"
)

func ExampleWrite() {
	f := &safetensors.File{Metadata: map[string]string{"format": "pt"}}
	f.Set("weight", tensor.Of([]float32{1, 2, 3}, 3))
	f.Set("bias", tensor.Of([]float64{4}))
	var b bytes.Buffer
	if err := safetensors.Write(&b, f); err != nil {
		fmt.Println(err)
		return
	}
	g, err := safetensors.Read(bytes.NewReader(b.Bytes()), int64(b.Len()), "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range g.Names() {
		t, _ := g.Tensor(name)
		fmt.Println(name, t)
	}
	// Output:
	// bias float64[]
	// weight float32[3]
}
