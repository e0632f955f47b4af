package octet

import (
	"context"

	"github.com/octet-ml/octet/zoo"
)

// Fetcher brings the file of weights onto this machine and returns its path.
// hub.Options is one, from whose zero value cache, mirror and offline mode are taken
// from the environment. That this package knows no other keeps HTTP and TLS out of
// programs that download nothing.
type Fetcher interface {
	// Fetch returns the path of the file; ctx ends it early.
	Fetch(ctx context.Context, w zoo.Weights) (path string, err error)
}

// OpenWeights fetches the file of weights, unless it is in a cache, and opens
// it: with the architecture, the backend, the class names and the preprocessing
// that belong to it. opts come after those and override them.
func OpenWeights(ctx context.Context, w zoo.Weights, fetch Fetcher, opts ...OpenOption) (*Model, error) {
	if _, err := zoo.Lookup(w.Arch); err != nil { // before anything is downloaded
		return nil, err
	}
	if fetch == nil {
		return nil, errNil("fetcher", "hub.Options is one")
	}
	path, err := fetch.Fetch(ctx, w)
	if err != nil {
		return nil, err
	}
	known := []OpenOption{WithArch(w.Arch), WithMadeFor(Backend(w.Backend)), WithLabels(w.Categories()), WithPreset(w.Preset)}
	return Open(path, append(known, opts...)...)
}
