package statedict

import (
	"fmt"
	"strings"

	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

// Linear returns weight and bias of the Linear module at prefix, quantized or float; bias is
// nil where the layer has none. PyTorch has stored them in four ways over time: as
// prefix.weight, as prefix._packed_params.weight, and as the pair
// prefix._packed_params._packed_params. The keys decide which one it is, because the version in
// the metadata is often lost.
func Linear(sd *torch.StateDict, prefix string) (weight, bias *tensor.Tensor, err error) {
	p := prefix + "."
	if prefix == "" {
		p = ""
	}
	var ways []string
	if v, ok := sd.Entry(p + "_packed_params._packed_params"); ok {
		pair, isPair := v.(*torch.PackedLinear)
		if !isPair {
			return nil, nil, linearError(sd, p+"_packed_params._packed_params", "%s, expected (weight, bias)", torch.Describe(v))
		}
		ways = append(ways, p+"_packed_params._packed_params")
		weight, bias = pair.Weight.Data, nil
		if pair.Bias != nil {
			bias = pair.Bias.Data
		}
	}
	for _, base := range []string{p + "_packed_params.", p} {
		v, ok := sd.Entry(base + "weight")
		if !ok {
			continue
		}
		ways = append(ways, base+"weight")
		t, isTensor := v.(*torch.Tensor)
		if !isTensor {
			return nil, nil, linearError(sd, base+"weight", "%s, expected a tensor", torch.Describe(v))
		}
		weight = t.Data
		switch b, _ := sd.Entry(base + "bias"); b := b.(type) {
		case *torch.Tensor:
			bias = b.Data
		case nil, torch.None:
			bias = nil
		default:
			return nil, nil, linearError(sd, base+"bias", "%s, expected a tensor or None", torch.Describe(b))
		}
	}
	if len(ways) == 0 {
		return nil, nil, linearError(sd, p+"weight", "missing, and so are %s_packed_params.weight and %[1]s_packed_params._packed_params", p)
	}
	if len(ways) > 1 {
		return nil, nil, linearError(sd, ways[0], "given a second time by %s", ways[1])
	}
	if sh := weight.Shape(); len(sh) != 2 || bias != nil && !bias.Shape().Equal(sh[:1]) {
		return nil, nil, linearError(sd, ways[0], "weight %v and bias %v do not make a Linear", weight, bias)
	}
	return weight, bias, nil
}

func linearError(sd *torch.StateDict, key, format string, args ...any) error {
	return &torch.Error{File: sd.Source, Key: key, Err: fmt.Errorf(format, args...)}
}

// ShapesOf tells the shape of the tensor that a float model has at a key, as
// package zoo asks for it; the weight and bias of a packed Linear are found too.
func ShapesOf(sd *torch.StateDict) func(key string) (tensor.Shape, bool) {
	return func(key string) (tensor.Shape, bool) { return shapeOf(sd, key) }
}

func shapeOf(sd *torch.StateDict, key string) (tensor.Shape, bool) {
	entry := func(key string) any { v, _ := sd.Entry(key); return v }
	_, param := splitKey(key)
	module := strings.TrimSuffix(key, param)
	if t, ok := entry(key).(*torch.Tensor); ok {
		return t.Shape(), true
	}
	if t, ok := entry(module + "_packed_params." + param).(*torch.Tensor); ok {
		return t.Shape(), true
	}
	pair, ok := entry(module + "_packed_params._packed_params").(*torch.PackedLinear)
	switch {
	case ok && param == "weight":
		return pair.Weight.Shape(), true
	case ok && param == "bias" && pair.Bias != nil:
		return pair.Bias.Shape(), true
	}
	// An excluded convolution, fused with its ReLU by hand.
	if t, ok := entry(module + "0." + param).(*torch.Tensor); ok && param == "weight" && len(t.Shape()) == 4 {
		return t.Shape(), true
	}
	return nil, false
}
