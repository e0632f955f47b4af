package dataset_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/tensor"
)

// counting counts the samples that were asked for.
type counting struct {
	dataset.Source
	n atomic.Int64
}

func (c *counting) At(ctx context.Context, i int) (dataset.Sample, error) {
	c.n.Add(1)
	return c.Source.At(ctx, i)
}

func ExampleLoader() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "calibration.npy")
	if err := npy.WriteFile(path, tensor.New(tensor.Float32, 5, 3, 32, 32)); err != nil {
		panic(err)
	}

	src, err := dataset.Open(path) // or a folder, an archive ...
	if err != nil {
		panic(err)
	}
	defer src.Close()
	loader, err := dataset.NewLoader(src, dataset.LoaderOptions{BatchSize: 2})
	if err != nil {
		panic(err)
	}
	for batch, err := range loader.Batches(context.Background()) {
		if err != nil {
			panic(err)
		}
		fmt.Println(batch.Input.Shape())
	}
	// Output:
	// [2, 3, 32, 32]
	// [2, 3, 32, 32]
	// [1, 3, 32, 32]
}
