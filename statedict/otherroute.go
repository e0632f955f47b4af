package statedict

import (
	"errors"
	"slices"
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

// otherRoute refuses, with a remedy, models that were quantized in a way that this package
// cannot bind to g, which is unfused.
func otherRoute(g *graph.Graph, sd *torch.StateDict) error {
	refuse := func(key, what, remedy string) error {
		return &torch.Error{File: sd.Source, Key: key, Err: errors.New(what), Remedy: remedy}
	}
	if key := unfusedNorm(g, sd); key != "" {
		return refuse(key, "the model was not fused: a batch norm stands beside the quantized convolution in front of it",
			"call fuse_model() before prepare or prepare_qat, or let octet quantize the float checkpoint, which fuses")
	}
	if key := dynamicLinear(g, sd); key != "" {
		return refuse(key, "the model is quantized dynamically: its linear layers hold int8 weights, and no activation has a scale",
			"export the float model, torch.export.save(torch.export.export(model, inputs), \"model.pt2\"), and give its graph: --graph-of model.pt2; or quantize the float checkpoint: octet quantize FLOAT.pth --calibration IMAGES")
	}
	if key := signedZero(sd); key != "" {
		return refuse(key, "activations are quantized to qint8, with a negative zero point; those of octet are quint8",
			"convert with a qconfig of quint8 activations, such as get_default_qconfig('fbgemm') or ('qnnpack')")
	}
	if key := "_scale_0"; sd.Has(key) && sd.Has(zeroPointOf(key)) {
		return refuse(key, "the model transforms its input on codes, as FX graph mode traces transform_input=True; octet transforms what is not yet quantized",
			transformRemedy(g))
	}
	return nil
}

// transformRemedy is for networks that FX graph mode traced with transform_input=True.
func transformRemedy(g *graph.Graph) string {
	arch := strings.TrimSuffix(g.Name, transformSuffix) + transformSuffix
	return "convert torchvision's quantizable model in eager mode (prepare, convert), which octet runs with --arch " + arch +
		", or quantize the float checkpoint: octet quantize FLOAT.pth --arch " + arch + " --calibration IMAGES"
}

// transformSuffix ends the names of graphs that transform their input.
const transformSuffix = "+transform_input"

// mayTransform reports whether torchvision's model has the flag transform_input.
func mayTransform(g *graph.Graph) bool {
	return slices.Contains([]string{"googlenet", "inception_v3"}, strings.TrimSuffix(g.Name, transformSuffix))
}

// unfusedNorm returns a key of a batch norm that is a module of its own behind a
// convolution on codes.
func unfusedNorm(g *graph.Graph, sd *torch.StateDict) string {
	for _, n := range g.Nodes {
		if _, ok := n.Op.(op.BatchNorm); !ok || n.Inputs[0].Node == nil || !sd.Has(n.Name+".running_mean") {
			continue
		}
		conv := n.Inputs[0].Node.Name
		if w, ok := sd.Tensor(conv + ".weight"); sd.Has(conv+weightQuant+".fake_quant_enabled") || sd.Has(conv+actQuant+".min_val") || ok && w.DType() == tensor.QInt8 {
			return n.Name + ".running_mean"
		}
	}
	return ""
}

// dynamicLinear returns a key of a linear layer on codes in a model whose
// convolutions are float with their batch norms, and whose input is not quantized.
func dynamicLinear(g *graph.Graph, sd *torch.StateDict) string {
	key := ""
	for _, n := range g.Nodes {
		switch n.Op.(type) {
		case op.Quantize:
			if sd.Has(n.Name + ".scale") {
				return ""
			}
		case op.BatchNorm:
			if !sd.Has(n.Name + ".running_mean") {
				return ""
			}
		case op.Conv2D:
			if w, ok := sd.Tensor(n.Name + ".weight"); !ok || w.DType().IsQuantized() {
				return ""
			}
		case op.Linear:
			if w, _, err := Linear(sd, n.Name); err == nil && w.DType().IsQuantized() {
				key = n.Name
			}
		}
	}
	return key
}

// signedZero returns the key of a negative zero point.
func signedZero(sd *torch.StateDict) string {
	for _, k := range sd.Keys() {
		_, name := splitKey(k)
		if name != "zero_point" && !strings.Contains(name, "_zero_point_") || strings.Contains(k, weightQuant) || strings.Contains(k, actQuant) {
			continue
		}
		if t, ok := sd.Tensor(k); ok && t.DType() == tensor.Int64 && slices.ContainsFunc(t.Int64s(), func(z int64) bool { return z < 0 }) {
			return k
		}
	}
	return ""
}
