package torch

import (
	"slices"

	"github.com/octet-ml/octet/tensor"
)

// StateDict is an ordered state dict: what model.state_dict() returns. The zero
// value is empty and ready for use.
type StateDict struct {
	// Metadata gives the version of each module's layout, by module path; "" is the
	// root. nil when the file has none: dict(state_dict) loses it.
	Metadata map[string]int

	// Stripped lists the prefixes taken off all keys, outermost first.
	Stripped []string

	// Source says where the state dict lay: the file, and the key within it.
	Source string

	// Extra holds JSON records beside the pickle, by name. PyTorch ignores them.
	Extra map[string][]byte

	keys   []string
	values map[string]Value
}

// Keys returns the keys in order. The caller must not change them.
func (s *StateDict) Keys() []string { return s.keys }

// Len returns the number of keys.
func (s *StateDict) Len() int { return len(s.keys) }

// Entry returns the value of a key.
func (s *StateDict) Entry(key string) (Value, bool) {
	v, ok := s.values[key]
	return v, ok
}

// Tensor returns the tensor at a key; false when the key is missing or holds
// something else, such as the None of a convolution without bias.
func (s *StateDict) Tensor(key string) (*tensor.Tensor, bool) {
	t, ok := s.values[key].(*Tensor)
	if !ok {
		return nil, false
	}
	return t.Data, true
}

// Set stores a value: in its place when the key exists, else at the end.
func (s *StateDict) Set(key string, v Value) {
	if s.values == nil {
		s.values = map[string]Value{}
	}
	if _, ok := s.values[key]; !ok {
		s.keys = append(s.keys, key)
	}
	s.values[key] = v
}

// SetTensor stores a plain tensor in the writer's default layout.
func (s *StateDict) SetTensor(key string, t *tensor.Tensor) { s.Set(key, NewTensor(t)) }

// Delete removes a key.
func (s *StateDict) Delete(key string) {
	if _, ok := s.values[key]; ok {
		delete(s.values, key)
		s.keys = slices.DeleteFunc(s.keys, func(k string) bool { return k == key })
	}
}

// tensorsIn lists the tensors in a value of a state dict, those of packed
// recurrent cells included.
func tensorsIn(v Value) []*Tensor {
	switch v := v.(type) {
	case *Tensor:
		return []*Tensor{v}
	case *PackedLinear:
		if v.Bias == nil {
			return []*Tensor{v.Weight}
		}
		return []*Tensor{v.Weight, v.Bias}
	case *ScriptObject, *List:
		var out []*Tensor
		for _, kid := range childrenOf(v) {
			out = append(out, tensorsIn(kid)...)
		}
		return out
	}
	return nil
}
