package ptq

import (
	"fmt"
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Saturation is a layer whose accumulators may saturate in PyTorch on an x86 CPU without VNNI:
// see quant.SaturatingPairs.
type Saturation struct {
	Node     string `json:"node"`     // name of the layer
	Channels int    `json:"channels"` // that may saturate
	Of       int    `json:"of"`       // output channels
}

// Saturations lists the layers of an int8 graph that may saturate in PyTorch; codes is the
// range that calibration maps activations to. There are none if it ends at 127, where no
// weights saturate, nor with qnnpack, whose kernels do not add in pairs.
func Saturations(g *graph.Graph, codes quant.CodeRange) ([]Saturation, error) {
	if g.Numerics == quant.QNNPACK {
		return nil, nil
	}
	var list []Saturation
	for _, n := range g.Running().Nodes {
		if len(n.Inputs) < 2 || n.Inputs[1].Data == nil || n.Inputs[1].Type.DType != tensor.QInt8 {
			continue
		}
		w := n.Inputs[1].Data
		channels, err := quant.SaturatingChannels(w, codes.Max)
		if err != nil {
			return nil, err
		}
		if channels > 0 {
			list = append(list, Saturation{n.Name, channels, w.Shape()[0]})
		}
	}
	return list, nil
}

// SaturationText lists the layers in a sentence; empty for none.
func SaturationText(list []Saturation) string {
	if len(list) == 0 {
		return ""
	}
	var names []string
	for _, s := range list[:min(3, len(list))] {
		names = append(names, fmt.Sprintf("%s (%d of %d channels)", s.Node, s.Channels, s.Of))
	}
	text := strings.Join(names, ", ")
	if more := len(list) - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return "PyTorch may saturate on x86 CPUs without VNNI (AVX2), in the worst case of the weights in " + text + "; octet is exact on every CPU"
}
