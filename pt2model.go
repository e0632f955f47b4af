package octet

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/rewrite"
	"github.com/octet-ml/octet/pt2"
	"github.com/octet-ml/octet/quant"
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
	what, backend := "a program of torch.export.save", o.backend
	if f.IsScript() {
		what = "a TorchScript file"
	}
	if f.IsScript() { // a converted one does not say for which backend, and its graph tells whether it is
		o.backend = ""
	}
	if err := o.graphsOnly(f.Name(), what); err != nil {
		return nil, err
	}
	g, err := f.Graph(o.given)
	if err != nil {
		return nil, err
	}
	if f.Quantized() {
		return ofConverted(g, f, backend, o)
	}
	o.backend = backend
	if err := o.graphsOnly(f.Name(), what); err != nil {
		return nil, err
	}
	m, err := fromGraph(g, f, o)
	if err != nil {
		return nil, err
	}
	return m, m.describe(o)
}

// ofConverted makes a model of a graph that torch.ao has converted: its layers compute on codes,
// with the rules of a backend that the file does not name. Layers between a dequantization and a
// quantization are float in PyTorch, and stay so.
func ofConverted(g *graph.Graph, f *pt2.File, backend Backend, o openOptions) (*Model, error) {
	m := &Model{origin: origin{file: f.Name()}, declared: &declared{}, quantized: true}
	if backend != "" {
		numerics, err := quant.ParseNumerics(string(backend))
		if err != nil {
			return nil, fmt.Errorf("%s: the backend that it was made for: %w", f.Name(), err)
		}
		g.Numerics = numerics
	} else if f.Dynamic() {
		m.assume(AssumedNumerics, "quantized dynamically for %v: the file does not say; WithBackend (--backend) takes another", g.Numerics)
	} else {
		how := "per channel"
		if g.Numerics == quant.QNNPACK {
			how = "per tensor"
		}
		m.assume(AssumedNumerics, "backend %v: the weights are quantized %s, and the file does not name it", g.Numerics, how)
	}
	g, _, err := rewrite.Fuse(g)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	if err := m.declare(f, o.given); err != nil {
		return nil, err
	}
	m.setGraph(g)
	m.meta.Numerics, m.madeFor = g.Numerics.String(), Backend(g.Numerics.String())
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
