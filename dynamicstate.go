package octet

import (
	"slices"
	"strings"

	"github.com/octet-ml/octet/statedict"
	"github.com/octet-ml/octet/torch"
)

// undynamic replaces the state dicts that PyTorch quantized dynamically by the float ones that
// they stand for, with the scales of their weights by state dict.
func undynamic(dicts []stateDict, slots []statedict.Slot, fill func(*torch.StateDict) error) ([]stateDict, *statedict.DynamicScales, error) {
	has := func(key string) bool {
		return slices.ContainsFunc(slots, func(s statedict.Slot) bool { return s.Key == key || strings.HasSuffix(s.Key, "."+key) })
	}
	for i, d := range dicts {
		if len(dicts) > 1 || !statedict.IsDynamic(d.StateDict) {
			continue
		}
		if err := fill(d.StateDict); err != nil {
			return nil, nil, err
		}
		float, scales, err := statedict.Undynamic(d.StateDict, has)
		return []stateDict{{dicts[i].key, float}}, scales, err
	}
	return dicts, nil, nil
}

// dynamicOf makes m, whose weights are those of a model that PyTorch quantized dynamically, that
// model; without scales it is m.
func (m *Model) dynamicOf(scales *statedict.DynamicScales, backend Backend) (*Model, error) {
	if scales == nil {
		return m, nil
	}
	if backend == "" {
		backend = DefaultBackend
		m.assume(AssumedNumerics, "quantized dynamically for %s: the file does not say; WithBackend (--backend) takes another", backend)
	}
	made, _, err := QuantizeDynamic(m, WithBackend(backend), layers(func(o *quantizeOptions) { o.scaleOf = scales.Of }))
	if err != nil {
		return nil, err
	}
	made.origin.file, made.assumed = m.origin.file, m.assumed
	return made, nil
}
