package inputs

import (
	"context"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/dataset"
)

// Identity reads the files of the inputs, for statistics that are kept or reused.
func (d *Data) Identity(ctx context.Context) (octet.CalibrationOption, error) {
	id, err := dataset.Identify(ctx, d.Source, d.Preset, dataset.IdentifyOptions{})
	return octet.WithIdentity(id), err
}
