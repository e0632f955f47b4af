package octet

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/statedict"
)

// Prepared reports whether the model's file holds one with observers, calibrated or in
// training, that nobody has converted. The model itself is the int8 model that it
// converts to; Save gives the file back as it was read, and Converted what it became.
func (m *Model) Prepared() bool {
	return m.InTraining() || m.origin.state != nil && statedict.IsObserved(m.origin.state)
}

// Converted returns the int8 model that the file of a prepared one converts to, with the
// ranges in the file, as PyTorch's convert does: Save writes its integers. What FX graph
// mode made of some networks has no place in the files of torchvision's quantized models
// that Save writes, which is an error.
func (m *Model) Converted() (*Model, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	if !m.Prepared() {
		return nil, fmt.Errorf("%s is not a prepared model: it has no observers whose ranges it could be converted with", m.name())
	}
	c := *m
	c.origin, c.assumed = origin{}, nil
	c.meta = m.meta.clone()
	c.meta.Float = statedict.FloatNodes(m.graph)
	state, err := c.StateDict()
	if err != nil {
		return nil, err
	}
	again := &Model{meta: c.meta, quantized: true, origin: origin{file: m.origin.file, state: state}}
	if err := again.bindQuantized(""); err != nil || !slices.EqualFunc(again.graph.Nodes, m.graph.Nodes, sameStep) {
		return nil, fmt.Errorf("%s: this %s is quantized in steps that a file of torchvision's quantized model cannot hold: in PyTorch, "+
			"save the state dict behind convert_fx(model), in eager mode convert(model), which octet reads", m.name(), m.meta.Arch)
	}
	return &c, nil
}

// sameStep reports whether two nodes compute the same, parameters aside.
func sameStep(a, b *graph.Node) bool { return a.Name == b.Name && reflect.DeepEqual(a.Op, b.Op) }
