package octet

import (
	"context"

	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/tensor"
)

// Inputs streams the samples at path as inputs of m: a folder of images, a tar
// archive, an IDX file, a .npy or .npz of float32 [N, C, H, W], or one image.
// Images are prepared as m.Preset says. The first one that cannot be read ends
// the stream with an error; use a dataset.Loader to skip such images.
func Inputs(ctx context.Context, m *Model, path string, opts ...dataset.Option) Batches {
	return func(yield func(*tensor.Tensor, error) bool) {
		if err := m.check(); err != nil {
			yield(nil, err)
			return
		}
		source, err := dataset.Open(path, opts...)
		if err != nil {
			yield(nil, err)
			return
		}
		defer source.Close()
		load := dataset.LoaderOptions{BatchSize: DefaultBatchSize, Strict: true}
		if source.Kind() == dataset.KindImages {
			if load.Preset, _, err = m.Preset(); err != nil {
				yield(nil, err)
				return
			}
		}
		loader, err := dataset.NewLoader(source, load)
		if err != nil {
			yield(nil, err)
			return
		}
		for b, err := range loader.Batches(ctx) {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(b.Input, nil) {
				return
			}
		}
	}
}
