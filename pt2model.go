package octet

import (
	"fmt"

	"github.com/octet-ml/octet/pt2"
	"github.com/octet-ml/octet/torch"
)

// openPT2 reads a program of torch.export.save.
func openPT2(path string, o openOptions) (*Model, error) {
	f, err := pt2.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ofPT2(f, o)
}

// OpenPT2 is Open for a program of torch.export.save that is read already. With WithArch
// or AsStateDict it takes the state dict alone.
func OpenPT2(f *pt2.File, opts ...OpenOption) (*Model, error) {
	if f == nil {
		return nil, errNil("file", "pt2.Open returns one")
	}
	return ofPT2(f, collect(opts))
}

func ofPT2(f *pt2.File, o openOptions) (*Model, error) {
	if (o.stateDict || o.arch != "") && o.graphOf == "" {
		return stateOfPT2(f, o)
	}
	if err := o.graphsOnly(f.Name(), "a program of torch.export.save"); err != nil {
		return nil, err
	}
	g, err := f.Graph(o.given)
	if err != nil {
		return nil, err
	}
	m, err := fromGraph(g, f, o)
	if err != nil {
		return nil, err
	}
	return m, m.describe(o)
}

// stateOfPT2 reads the state dict of a program as that of an architecture.
func stateOfPT2(f *pt2.File, o openOptions) (*Model, error) {
	sd := &torch.StateDict{Source: f.Name()}
	for _, name := range f.Names() {
		t, err := f.Tensor(name)
		if err != nil {
			return nil, err
		}
		sd.SetTensor(name, t)
	}
	if err := sd.Unwrap(); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	m := &Model{origin: origin{file: f.Name()}}
	explain, err := m.choose([]stateDict{{o.key, sd}}, o)
	if err != nil {
		return nil, err
	}
	return m.complete(o, explain)
}
