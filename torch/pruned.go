package torch

import (
	"fmt"
	"strings"

	"github.com/octet-ml/octet/tensor"
)

// The suffixes by which torch.nn.utils.prune keeps a parameter and its mask; the
// parameter itself, their product, is no entry of the state dict.
const (
	prunedOrig = "_orig"
	prunedMask = "_mask"
)

// Unwrap removes what wrappers add to the names of modules, and gives layers that
// torch.nn.utils.prune has pruned the parameters that they compute with: weight_orig times
// weight_mask becomes weight, and so for biases. A Checkpoint does it itself; this is for state
// dicts of other files.
func (s *StateDict) Unwrap() error {
	s.strip()
	s.unwrap()
	s.pairMasks()
	return s.applyMasks()
}

// pairMasks removes each mask from the entries, and names the masked parameter weight or bias
// again.
func (s *StateDict) pairMasks() {
	masks := map[string]*Tensor{}
	for _, k := range s.keys {
		name, ok := strings.CutSuffix(k, prunedOrig)
		if !ok {
			continue
		}
		orig, isTensor := s.values[k].(*Tensor)
		mask, masked := s.values[name+prunedMask].(*Tensor)
		if _, taken := s.values[name]; isTensor && masked && !taken && orig.Shape().Equal(mask.Shape()) {
			masks[name] = mask
		}
	}
	if len(masks) == 0 {
		return
	}
	paired := s.Select(func(key string) (string, bool) {
		if name, ok := strings.CutSuffix(key, prunedMask); ok && masks[name] != nil {
			return "", false
		}
		if name, ok := strings.CutSuffix(key, prunedOrig); ok && masks[name] != nil {
			return name, true
		}
		return key, true
	})
	s.keys, s.values = paired.keys, paired.values
	for _, k := range s.keys {
		if mask := masks[k]; mask != nil {
			s.mask(k, mask)
			s.Pruned = append(s.Pruned, k)
		}
	}
}

func (s *StateDict) mask(key string, mask *Tensor) {
	if s.masks == nil {
		s.masks = map[string]*Tensor{}
	}
	s.masks[key] = mask
}

// applyMasks multiplies, in float32, which is exact for masks of zeros and ones.
func (s *StateDict) applyMasks() error {
	for k, mask := range s.masks {
		orig := s.values[k].(*Tensor)
		w, err := orig.Data.ToFloat32()
		if err != nil {
			return atKey(fmt.Errorf("a pruned parameter of %v: %w", orig.DType(), err), k+prunedOrig)
		}
		factor, err := floats(mask.Data)
		if err != nil {
			return atKey(fmt.Errorf("the mask of a pruned parameter: %w", err), k+prunedMask)
		}
		product := tensor.New(tensor.Float32, w.Shape()...)
		for i, v := range w.Float32s() {
			product.Float32s()[i] = v * factor[i]
		}
		s.values[k] = NewTensor(product)
	}
	s.masks = nil
	return nil
}

// floats reads a mask: of numbers, or of bools.
func floats(t *tensor.Tensor) ([]float32, error) {
	if t.DType() == tensor.Bool {
		out := make([]float32, t.Numel())
		for i, b := range t.Bytes() {
			out[i] = float32(b)
		}
		return out, nil
	}
	f, err := t.ToFloat32()
	if err != nil {
		return nil, err
	}
	return f.Float32s(), nil
}

// Reparametrized reports, as an error with the remedy, that weights are computed
// of other parameters in a way that is not folded here: weight_norm, spectral_norm
// and torch.nn.utils.parametrize.
func (s *StateDict) Reparametrized() error {
	for _, k := range s.keys {
		module, param := cutLast(k)
		what, remedy := "", ""
		switch {
		case strings.Contains(k, ".parametrizations.") || strings.HasPrefix(k, "parametrizations."):
			what, remedy = "torch.nn.utils.parametrize", `torch.nn.utils.parametrize.remove_parametrizations(layer, "weight")`
		case param == "weight_g" && s.Has(module+"weight_v"):
			what, remedy = "torch.nn.utils.weight_norm", "torch.nn.utils.remove_weight_norm(layer)"
		case param == "weight_orig" && s.Has(module+"weight_u"):
			what, remedy = "torch.nn.utils.spectral_norm", "torch.nn.utils.remove_spectral_norm(layer)"
		default:
			continue
		}
		return &Error{File: s.Source, Key: k, Err: fmt.Errorf("the weight is computed by %s and not in the file itself", what),
			Remedy: "call " + remedy + " on each such layer and save the state dict again"}
	}
	return nil
}

// cutLast cuts a key before its last element.
func cutLast(key string) (module, param string) {
	dot := strings.LastIndexByte(key, '.') + 1
	return key[:dot], key[dot:]
}
