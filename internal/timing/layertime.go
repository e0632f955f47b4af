package timing

import (
	"slices"

	"github.com/octet-ml/octet/graph"
)

// LayerTime is what one node of the graph takes.
type LayerTime struct {
	Node   string  `json:"node"`             // name of the node
	Op     string  `json:"op"`               // kind of its operator
	Kernel string  `json:"kernel"`           // its name, or identity where nothing is computed
	ISA    string  `json:"isa"`              // the instruction set; go for portable code
	Reason string  `json:"reason,omitempty"` // why no kernel computes it
	MACs   int64   `json:"macs"`             // of all images of a run
	Time   float64 `json:"ms"`               // median, milliseconds
	Rate   float64 `json:"gmac_per_s"`       // MACs by Time, 10^9 per second
	Share  float64 `json:"share"`            // of the sum of all layers

	// The same layer in float32; nil for float nodes and conversions.
	WithQDQ     *float64 `json:"ms_with_qdq,omitempty"`       // Time with its part of the conversions around it
	Float       *float64 `json:"float_ms,omitempty"`          // median
	FloatKernel string   `json:"float_kernel,omitempty"`      // that Float was measured with
	Slower      bool     `json:"slower_than_float,omitempty"` // WithQDQ against Float, see Spread.SlowerThan
}

// LayerTimes are the medians of the nodes, in order of computation.
func (t *Timer) LayerTimes() []LayerTime {
	layers := make([]LayerTime, len(t.Plan))
	for i, p := range t.Plan {
		l := LayerTime{Node: p.Node.Name, Op: p.Node.Op.Kind(), Kernel: p.Kernel, ISA: p.ISA, Reason: p.Reason, MACs: p.MACs}
		l.Time = SpreadOf(t.Each[i]).Median
		if l.Time > 0 {
			l.Rate = float64(l.MACs) / l.Time / 1e6
		}
		layers[i] = l
	}
	return layers
}

// CompareWithFloat fills in the float side of the integer layers and names those
// that are slower than it.
func CompareWithFloat(layers []LayerTime, codes, float *Timer) []string {
	slower := []string{}
	number := map[string]int{}
	for i, n := range float.Graph.Nodes {
		number[n.Name] = i
	}
	with := withConversions(codes)
	for i, n := range codes.Graph.Nodes {
		at, ok := number[n.Name]
		if !ok || !OnCodes(n) {
			continue
		}
		other := SpreadOf(float.Each[at])
		l := &layers[i]
		l.WithQDQ, l.Float, l.FloatKernel = &with[i].Median, &other.Median, float.Plan[at].Kernel
		if l.Slower = with[i].SlowerThan(other, 1); l.Slower {
			slower = append(slower, l.Node)
		}
	}
	return slower
}

// withConversions is, by node, its time with that of the conversions around it:
// a Quantize counts to the integer layers that read it, in equal parts, a
// Dequantize to the integer layer in front of it.
func withConversions(t *Timer) []Spread {
	times := make([]Spread, len(t.Graph.Nodes))
	number := map[*graph.Node]int{}
	for i, n := range t.Graph.Nodes {
		times[i] = SpreadOf(t.Each[i])
		number[n] = i
	}
	with := slices.Clone(times)
	for i, n := range t.Graph.Nodes {
		if !IsConversion(n) {
			continue
		}
		var payers []int
		source := n.Inputs[0].Node
		for source != nil && t.Plan[number[source]].Kernel == "identity" {
			source = source.Inputs[0].Node // a flatten that computes nothing
		}
		if !n.Output().Type.DType.IsQuantized() && source != nil && OnCodes(source) {
			payers = append(payers, number[source])
		}
		for _, reader := range t.Graph.Consumers(n.Output()) {
			if n.Output().Type.DType.IsQuantized() && OnCodes(reader) {
				payers = append(payers, number[reader])
			}
		}
		for _, p := range payers {
			with[p] = with[p].plus(times[i], 1/float64(len(payers)))
		}
	}
	return with
}
