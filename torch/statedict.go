package torch

import (
	"fmt"
	"iter"
	"slices"
	"strings"

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

	// Unwrapped lists the names that wrappers of single layers had put into keys,
	// anywhere: _orig_mod and its like.
	Unwrapped []string

	// Pruned lists the keys whose weight was computed of a weight_orig and its
	// weight_mask.
	Pruned []string

	keys   []string
	values map[string]Value
	masks  map[string]*Tensor // by key; of weights that were pruned and not yet masked
	path   string             // within the file
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

// Has reports whether the key is there.
func (s *StateDict) Has(key string) bool {
	_, ok := s.values[key]
	return ok
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

// Select returns the entries for which name returns true, in order, under the names that it
// returns. So are the versions of modules, for which name gets the module's path with a dot
// behind.
func (s *StateDict) Select(name func(key string) (string, bool)) *StateDict {
	out := &StateDict{Stripped: s.Stripped, Unwrapped: s.Unwrapped, Source: s.Source, Extra: s.Extra, path: s.path}
	for _, k := range s.keys {
		as, ok := name(k)
		if !ok {
			continue
		}
		out.Set(as, s.values[k])
		if mask := s.masks[k]; mask != nil {
			out.mask(as, mask)
		}
		if slices.Contains(s.Pruned, k) {
			out.Pruned = append(out.Pruned, as)
		}
	}
	if s.Metadata == nil {
		return out
	}
	out.Metadata = map[string]int{}
	for path, n := range s.Metadata {
		dotted := path + "."
		if path == "" {
			dotted = ""
		}
		if as, ok := name(dotted); ok {
			out.Metadata[strings.TrimSuffix(as, ".")] = n
		}
	}
	return out
}

// Under returns the entries whose keys begin with prefix and a dot, without them;
// all for "" and ".".
func (s *StateDict) Under(prefix string) (*StateDict, error) {
	if prefix = strings.TrimSuffix(prefix, "."); prefix == "" {
		return s, nil
	}
	part := s.Select(func(key string) (string, bool) { return strings.CutPrefix(key, prefix+".") })
	if part.Len() == 0 {
		return nil, &Error{File: s.Source, Err: fmt.Errorf("%w under the key %q", ErrNoStateDict, prefix),
			Remedy: "no key begins with " + prefix + "."}
	}
	part.Source += ": " + prefix
	return part, nil
}

// Tensors gives all tensors in order, those within packed values included.
func (s *StateDict) Tensors() iter.Seq[*Tensor] {
	return func(yield func(*Tensor) bool) {
		for _, k := range s.keys {
			for _, t := range tensorsIn(s.values[k]) {
				if !yield(t) {
					return
				}
			}
		}
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
