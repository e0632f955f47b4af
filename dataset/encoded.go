package dataset

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/octet-ml/octet/vision"
)

// encoded is image files in memory.
type encoded struct {
	images  [][]byte
	names   []string // may be fewer
	decoder vision.Decoder
}

// Encoded is the set of the given image files, which are in memory, in that
// order and without labels. They are named image 0, image 1 ... unless WithNames
// names them.
func Encoded(images [][]byte, opts ...Option) (Source, error) {
	if len(images) == 0 {
		return nil, errors.New("the list of images is empty; give at least one")
	}
	o := collect(opts)
	return &encoded{slices.Clone(images), o.names, o.decoder}, nil
}

func (e *encoded) Len() int          { return len(e.images) }
func (e *encoded) Kind() Kind        { return KindImages }
func (e *encoded) Classes() []string { return nil }
func (e *encoded) Label(int) int     { return -1 }
func (e *encoded) Close() error      { return nil }

func (e *encoded) Name(i int) string {
	if i < len(e.names) {
		return e.names[i]
	}
	return fmt.Sprintf("image %d", i)
}

func (e *encoded) At(ctx context.Context, i int) (Sample, error) {
	if err := ctx.Err(); err != nil {
		return Sample{}, err
	}
	m, err := e.decoder.Decode(e.images[i])
	if err != nil {
		err = fmt.Errorf("%s: %w", e.Name(i), err)
	}
	return Sample{Name: e.Name(i), Label: -1, Image: m}, err
}
