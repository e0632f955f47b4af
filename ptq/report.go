package ptq

import (
	"fmt"
	"math"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/observe"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Report says what a conversion did.
type Report struct {
	Architecture string         `json:"architecture"` // name of the graph
	Numerics     quant.Numerics `json:"numerics"`     // the rules that the graph was converted for
	QConfig      quant.QConfig  `json:"qconfig"`      // how activations and weights were observed
	Images       int            `json:"images"`       // how many were observed
	BatchSize    int            `json:"batch_size"`   // of the first batch

	// Int8Nodes and FloatNodes count the nodes that compute on integers and
	// those left in float; stubs at the end count as neither.
	Int8Nodes  int `json:"int8_nodes"`
	FloatNodes int `json:"float_nodes"`
	// FloatBytes and Int8Bytes are the sizes of all parameters with batch norms
	// folded, the scales and zero points of the converted model included.
	FloatBytes int64 `json:"float_bytes"`
	Int8Bytes  int64 `json:"int8_bytes"`

	// Equalized counts the layers whose channels were scaled, to bring the ranges of weights
	// together across layers; the caller who equalized the graph sets it.
	Equalized int `json:"equalized_layers,omitempty"`
	// BiasCorrected and Rounded count the layers whose bias was corrected, and whose weights
	// were rounded with regard to each other.
	BiasCorrected int `json:"bias_corrected_layers,omitempty"`
	Rounded       int `json:"adaptively_rounded_layers,omitempty"`

	// ReLU6 compares the float model that was quantized with the trained one; nil
	// where both are the same.
	ReLU6 *ClampEffect `json:"relu6_to_relu,omitempty"`

	Nodes    []NodeReport `json:"nodes"`              // in order of computation, inserted ones included
	Warnings []string     `json:"warnings,omitempty"` // sentences about what may cost accuracy
	// Saturation lists the layers that may saturate in PyTorch on x86 CPUs without
	// VNNI; octet computes them exactly.
	Saturation []Saturation `json:"pytorch_saturation,omitempty"`

	// Idle are modules that the network never calls, stored with scale 1 and zero
	// point 0 as PyTorch stores them.
	Idle []string `json:"never_called,omitempty"`

	activations map[string]ActivationReport
	sqnr        map[string]float64
}

// NodeReport describes a node of the converted graph.
type NodeReport struct {
	Name string `json:"name"` // of the node
	Op   string `json:"op"`   // kind of its operator
	Int8 bool   `json:"int8"` // whether it computes on codes, or keeps its weight in them
	// Dynamic says that it chooses the parameters of its codes in every run, or computes on such codes.
	Dynamic bool `json:"dynamic,omitempty"`
	// Reason says why the node stayed float.
	Reason Reason `json:"-"`
	// Note says it in words, or why the node was inserted; may be empty.
	Note string `json:"note,omitempty"`
	// Activation is set where the result was observed.
	Activation *ActivationReport `json:"activation,omitempty"`
	// WeightSQNR is the signal-to-quantization-noise ratio of the weight in
	// decibels; set for quantized weights, and absent where they are exact.
	WeightSQNR *float64 `json:"weight_sqnr_db,omitempty"`
}

// ActivationReport holds what calibration found for a value.
type ActivationReport struct {
	Min       float32 `json:"min"`        // the range that was seen
	Max       float32 `json:"max"`        // its upper end
	Scale     float64 `json:"scale"`      // of the codes, chosen by the observer
	ZeroPoint int64   `json:"zero_point"` // the code of 0
}

func newReport(p *Prepared, numerics quant.Numerics) *Report {
	return &Report{
		Architecture: p.Graph.Name, Numerics: numerics, QConfig: p.QConfig,
		activations: map[string]ActivationReport{}, sqnr: map[string]float64{},
	}
}

func (r *Report) activation(name string, o observe.Observer, q *tensor.QParams) {
	lo, hi, _ := o.Range()
	r.activations[name] = ActivationReport{Min: lo, Max: hi, Scale: q.Scale(), ZeroPoint: q.ZeroPoint()}
	if lo == hi {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%s: every value seen is %v, so its scale says nothing; calibrate with more varied images, or exclude it", name, lo))
	}
}

func (r *Report) weight(node string, w, q *tensor.Tensor) {
	if r == nil {
		return
	}
	r.sqnr[node] = weightSQNR(w, q)
	if math.IsNaN(r.sqnr[node]) {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%s: all weights are zero", node))
	}
}

// finish fills in what depends on the finished graph.
func (r *Report) finish(p *Prepared, converted *graph.Graph) (err error) {
	if r == nil {
		return nil
	}
	codes, _ := p.QConfig.Activation.Codes() // none where nothing becomes int8
	for _, p := range p.Graph.Params {
		r.FloatBytes += int64(len(p.Data.Bytes()))
	}
	reasons := map[string]Reason{}
	for _, d := range p.Decisions {
		reasons[d.Node] = d.Reason
	}
	r.list(converted, reasons)
	r.Saturation, err = Saturations(converted, codes)
	return err
}

// Keep turns r into the report of the same conversion with more nodes kept in float; converted
// is its graph.
func (r *Report) Keep(converted *graph.Graph, kept []string) {
	reasons, notes := map[string]Reason{}, map[string]string{}
	for _, n := range r.Nodes {
		reasons[n.Name], notes[n.Name] = n.Reason, n.Note
	}
	for _, name := range kept {
		reasons[name], notes[name] = Sensitive, "kept float: the outputs lose too much with it on codes"
	}
	var here []Saturation
	for _, s := range r.Saturation {
		if !slices.Contains(kept, s.Node) {
			here = append(here, s)
		}
	}
	r.Nodes, r.Int8Nodes, r.FloatNodes, r.Int8Bytes, r.Saturation = nil, 0, 0, 0, here
	for _, n := range converted.Nodes {
		if n.Note == "" {
			n.Note = notes[n.Name]
		}
	}
	r.list(converted, reasons)
}

// list fills in the nodes.
func (r *Report) list(converted *graph.Graph, reasons map[string]Reason) {
	for _, p := range converted.Params {
		r.Int8Bytes += int64(len(p.Data.Bytes())) + paramBytes(p.Type)
	}
	for _, n := range converted.Nodes {
		d := NodeReport{Name: n.Name, Op: n.Op.Kind(), Int8: onCodes(n), Dynamic: isDynamic(n), Reason: reasons[n.Name], Note: n.Note}
		if a, ok := r.activations[n.Name]; ok && reasons[n.Name] != Sensitive {
			d.Activation = &a
		}
		if s, ok := r.sqnr[n.Name]; ok && reasons[n.Name] != Sensitive && !math.IsInf(s, 0) && !math.IsNaN(s) {
			d.WeightSQNR = &s
		}
		boundary := n.Op.Kind() == "dequantize"
		switch {
		case d.Int8:
			r.Int8Nodes++
			r.Int8Bytes += paramBytes(n.Output().Type)
		case !boundary:
			r.FloatNodes++
		}
		r.Nodes = append(r.Nodes, d)
	}
	r.Idle = converted.Idle
}

// onCodes reports whether n computes on codes, its result has codes or is made of
// accumulators, or keeps its weight in them.
func onCodes(n *graph.Node) bool {
	if isDynamic(n) || isWeightOnly(n) {
		return true
	}
	w := op.WeightOf(n)
	return n.Output().Type.DType.IsQuantized() || w != nil && w.Type.DType.IsQuantized()
}

// paramBytes is the size of scales (float64) and zero points (int64).
func paramBytes(t graph.Type) int64 {
	if t.Q == nil {
		return 0
	}
	return 16 * int64(len(t.Q.Scales))
}

// weightSQNR compares a weight [O, ...] with its quantized form.
func weightSQNR(w, q *tensor.Tensor) float64 {
	real, codes, params := w.Float32s(), q.Int8s(), q.QParams()
	row := max(1, len(real)/len(params.Scales)) // all of it, where there is one scale
	var p powers
	for j, scale := range params.Scales {
		z := quant.Dequantizer{Scale: float32(scale), Zero: int32(params.ZeroPoints[j])}
		for i := j * row; i < min((j+1)*row, len(real)); i++ {
			p.add(real[i], z.Real(int32(codes[i])))
		}
	}
	return p.ratio()
}

// SQNR is the ratio of the power of a signal to the power of its difference from approx, in
// decibels: 10*log10(sum(x^2) / sum((x-y)^2)). It is +Inf where both are equal, and NaN if both
// are all zeros.
func SQNR(signal, approx []float32) float64 {
	var p powers
	for i, x := range signal {
		p.add(x, approx[i])
	}
	return p.ratio()
}

// powers are those of a signal and of its difference from an approximation.
type powers struct{ signal, noise float64 }

func (p *powers) add(x, approx float32) {
	d := float64(x) - float64(approx)
	p.signal += float64(float64(x) * float64(x))
	p.noise += float64(d * d)
}

func (p *powers) ratio() float64 { return 10 * math.Log10(p.signal/p.noise) }
