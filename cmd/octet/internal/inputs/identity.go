package inputs

import (
	"context"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/dataset"
)

// Under makes joined sources a dataset.Wrapper.
func (j joined) Under(i int) (dataset.Source, int) { return j.locate(i) }

// Under makes a relabelled source a dataset.Wrapper.
func (r relabelled) Under(i int) (dataset.Source, int) { return r.Source, i }

// Identity reads the files of the inputs, for statistics that are kept or reused.
func (d *Data) Identity(ctx context.Context) (octet.QuantizeOption, error) {
	id, err := dataset.Identify(ctx, d.Source, d.Preset, dataset.IdentifyOptions{})
	return octet.WithIdentity(id), err
}
