package octet

import (
	"context"

	"github.com/octet-ml/octet/hub"
	"github.com/octet-ml/octet/zoo"
)

// OpenWeights fetches the file of weights, unless it is in a cache, and opens
// it: with the architecture, the backend, the class names and the preprocessing
// that belong to it. opts come after those and override them. The zero
// hub.Options take cache, mirror and offline mode from the environment.
func OpenWeights(ctx context.Context, w zoo.Weights, fetch hub.Options, opts ...OpenOption) (*Model, error) {
	if _, err := zoo.Lookup(w.Arch); err != nil { // before anything is downloaded
		return nil, err
	}
	path, err := hub.Weights(ctx, w, fetch)
	if err != nil {
		return nil, err
	}
	known := []OpenOption{WithArch(w.Arch), WithMadeFor(w.Backend), WithLabels(w.Categories()), WithPreset(w.Preset)}
	return Open(path, append(known, opts...)...)
}
