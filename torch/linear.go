package torch

import (
	"fmt"

	"github.com/octet-ml/octet/tensor"
)

// Linear returns weight and bias of the Linear module at prefix, quantized or
// float; bias is nil where the layer has none. PyTorch has stored them in four
// ways over time: as prefix.weight, as prefix._packed_params.weight, and as the
// pair prefix._packed_params._packed_params. Which one it is, the keys tell: the
// version in the metadata is often lost.
func (s *StateDict) Linear(prefix string) (weight, bias *tensor.Tensor, err error) {
	p := prefix + "."
	if prefix == "" {
		p = ""
	}
	var ways []string
	if v, ok := s.Entry(p + "_packed_params._packed_params"); ok {
		pair, isPair := v.(*PackedLinear)
		if !isPair {
			return nil, nil, s.linearError(p+"_packed_params._packed_params", "%s, expected (weight, bias)", v.kind())
		}
		ways = append(ways, p+"_packed_params._packed_params")
		weight, bias = pair.Weight.Data, nil
		if pair.Bias != nil {
			bias = pair.Bias.Data
		}
	}
	for _, base := range []string{p + "_packed_params.", p} {
		v, ok := s.Entry(base + "weight")
		if !ok {
			continue
		}
		ways = append(ways, base+"weight")
		t, isTensor := v.(*Tensor)
		if !isTensor {
			return nil, nil, s.linearError(base+"weight", "%s, expected a tensor", v.kind())
		}
		weight = t.Data
		switch b, _ := s.Entry(base + "bias"); b := b.(type) {
		case *Tensor:
			bias = b.Data
		case nil, None:
			bias = nil
		default:
			return nil, nil, s.linearError(base+"bias", "%s, expected a tensor or None", b.kind())
		}
	}
	if len(ways) == 0 {
		return nil, nil, s.linearError(p+"weight", "missing, and so are %s_packed_params.weight and %[1]s_packed_params._packed_params", p)
	}
	if len(ways) > 1 {
		return nil, nil, s.linearError(ways[0], "given a second time by %s", ways[1])
	}
	if sh := weight.Shape(); len(sh) != 2 || bias != nil && !bias.Shape().Equal(sh[:1]) {
		return nil, nil, s.linearError(ways[0], "weight %v and bias %v do not make a Linear", weight, bias)
	}
	return weight, bias, nil
}

func (s *StateDict) linearError(key, format string, args ...any) error {
	return &Error{File: s.Source, Key: key, Err: fmt.Errorf(format, args...)}
}
