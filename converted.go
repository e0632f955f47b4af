package octet

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/statedict"
	"github.com/octet-ml/octet/torch"
)

// Prepared reports whether the model's file holds one with observers, calibrated or in
// training, that nobody has converted. The model itself is the int8 model that it
// converts to; Save gives the file back as it was read, and Converted what it became.
func (m *Model) Prepared() bool {
	return m.InTraining() || m.origin.state != nil && statedict.IsObserved(m.origin.state)
}

// Converted returns the int8 model that the file of a prepared one converts to, with the
// ranges in the file, as PyTorch's convert does: Save writes its integers. The keys are those
// of torchvision's quantized models in eager mode. What only FX graph mode does, with the
// chunks of ShuffleNet and with ReLU6, has no place there: such a model has the keys that
// convert_fx gives.
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
	c.meta.Converted = &ConvertedRecord{Source: filepath.Base(m.origin.file), Training: m.InTraining(), Codes: [2]int64{m.origin.codes.Min, m.origin.codes.Max}}
	var err error
	if c.meta.Saturation, err = ptq.Saturations(m.graph, m.origin.codes); err != nil {
		return nil, fmt.Errorf("%s: %w", m.name(), err)
	}
	c.meta.Float = statedict.FloatNodes(m.graph)
	eager, err := c.StateDict()
	if err != nil {
		return nil, err
	}
	if m.holds(eager, c.meta) {
		return &c, nil
	}
	c.meta.Float = nil // keys tell what is float in graph mode
	if c.origin.state, err = statedict.ExportTraced(m.graph); err != nil {
		return nil, err
	}
	if !m.holds(c.origin.state, c.meta) {
		return nil, fmt.Errorf("%s: this %s is quantized in steps that octet cannot write: in PyTorch, "+
			"save the state dict behind convert_fx(model), in eager mode convert(model), which octet reads", m.name(), m.meta.Arch)
	}
	return &c, nil
}

// holds reports whether a file of state and meta says what m computes.
func (m *Model) holds(state *torch.StateDict, meta Metadata) bool {
	again := &Model{meta: meta, quantized: true, origin: origin{file: m.origin.file, state: state}}
	return again.bindQuantized("") == nil && slices.EqualFunc(again.graph.Nodes, m.graph.Nodes, sameStep)
}

// sameStep reports whether two nodes compute the same, parameters aside.
func sameStep(a, b *graph.Node) bool { return a.Name == b.Name && reflect.DeepEqual(a.Op, b.Op) }
