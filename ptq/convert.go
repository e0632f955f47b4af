package ptq

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/observe"
	"github.com/octet-ml/octet/internal/rewrite"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Convert returns the int8 graph of a prepared one: results of nodes take the
// type that the statistics give them, weights are quantized by the QConfig's
// weight observer, and Quantize and Dequantize are inserted around layers that
// stay float. Parameters and weights are those of torch.ao's convert to the
// bit, for equal statistics.
func Convert(p *Prepared, stats *Stats, numerics quant.Numerics) (*graph.Graph, *Report, error) {
	if numerics == quant.NumericsUnset {
		return nil, nil, fmt.Errorf("%s: convert needs a backend: fbgemm, qnnpack or onednn", p.Graph.Name)
	}
	if err := stats.check(p); err != nil {
		return nil, nil, err
	}
	if stats.Images == 0 {
		return nil, nil, ErrNoImages
	}
	c := newConverter(p, numerics)
	c.report.Images, c.report.BatchSize = stats.Images, stats.BatchSize
	if err := c.activations(stats); err != nil {
		return nil, nil, statsError{err}
	}
	return c.convert()
}

// Trained holds the quantization parameters that training has chosen, in place of a
// calibration's statistics.
type Trained struct {
	// Activations has the parameters of every value of Prepared.Observed.
	Activations map[string]*tensor.QParams
	// Weights has those of every weight that is quantized, by the name of its node.
	// Weights needed only by auxiliary outputs are not trained and may be missing.
	Weights map[string]*tensor.QParams
	// Unreported leaves out the report, which costs as much as the conversion.
	Unreported bool
}

// ConvertTrained is Convert with the parameters that training has decided.
func ConvertTrained(p *Prepared, t Trained, numerics quant.Numerics) (*graph.Graph, *Report, error) {
	if numerics == quant.NumericsUnset {
		return nil, nil, fmt.Errorf("%s: convert needs a backend: fbgemm, qnnpack or onednn", p.Graph.Name)
	}
	c := newConverter(p, numerics)
	c.weights = t.Weights
	if t.Unreported {
		c.report = nil
	}
	for _, name := range p.Observed {
		q := t.Activations[name]
		if q == nil {
			return nil, nil, fmt.Errorf("%s: training has decided no scale for %q", p.Graph.Name, name)
		}
		if err := q.Validate(tensor.QUInt8, nil); err != nil {
			return nil, nil, fmt.Errorf("parameters of %q: %w", name, err)
		}
		c.types[name] = graph.Type{DType: tensor.QUInt8, Q: q}
	}
	return c.convert()
}

func newConverter(p *Prepared, numerics quant.Numerics) *converter {
	return &converter{p: p, out: p.Graph.Clone(), types: map[string]graph.Type{}, report: newReport(p, numerics), numerics: numerics, running: p.Graph.Running()}
}

// convert turns types and weights into integers.
func (c *converter) convert() (*graph.Graph, *Report, error) {
	for i, n := range c.out.Nodes {
		if err := c.node(n, c.p.Decisions[i]); err != nil {
			return nil, nil, fmt.Errorf("%s: node %q: %w", c.p.Graph.Name, n.Name, err)
		}
	}
	c.out.Numerics = c.numerics
	out, err := rewrite.PlaceQDQ(c.out, func(name string) (graph.Type, bool) {
		t, ok := c.types[name]
		return t, ok
	})
	if err != nil {
		return nil, nil, err
	}
	if err := c.report.finish(c.p, out); err != nil {
		return nil, nil, err
	}
	return out, c.report, nil
}

type converter struct {
	p        *Prepared
	out      *graph.Graph
	types    map[string]graph.Type // of every observed value
	report   *Report
	numerics quant.Numerics
	weights  map[string]*tensor.QParams // by node, where training has decided; nil otherwise
	running  *graph.Graph               // without auxiliary outputs

	functions map[*graph.Node]op.Unary // by the node whose only reader they are
}

// activations computes the parameters of all observed values.
func (c *converter) activations(stats *Stats) error {
	c.functions = functionsOnly(c.p)
	for _, name := range c.p.Observed {
		o, err := stats.observer(name, c.p.QConfig.Activation)
		if err != nil {
			return fmt.Errorf("statistics of %q: %w", name, err)
		}
		q, err := c.params(name, o)
		if err != nil {
			return fmt.Errorf("statistics of %q: %w", name, err)
		}
		if err := q.Validate(o.DType(), nil); err != nil {
			return fmt.Errorf("statistics of %q: %w", name, err)
		}
		c.types[name] = graph.Type{DType: o.DType(), Q: q}
		c.report.activation(name, o, q)
	}
	return nil
}

// node sets the type of a node's result, and quantizes its weight.
func (c *converter) node(n *graph.Node, d Decision) error {
	switch d.Kind {
	case Float:
		n.Note = "kept float: " + d.Text
	case Follow:
		t, _ := n.Prescribed()
		for _, v := range n.Outputs {
			if v.Type.DType == tensor.Float32 {
				v.Type = t
			}
		}
	case Real:
		return c.weight(n, op.WeightOf(n))
	case Own:
		t, observed := c.types[n.Name]
		if !observed {
			// Only auxiliary outputs need it: PyTorch stores the parameters of an observer that
			// saw no batch.
			t = graph.Type{DType: tensor.QUInt8, Q: tensor.Affine(1, 0)}
			n.Note = "never called: scale 1 and zero point 0, as PyTorch stores"
		}
		n.Output().Type = t
		if w := op.WeightOf(n); w != nil {
			return c.weight(n, w)
		}
	}
	return nil
}

// weight quantizes the weight of a node, once where nodes share it.
func (c *converter) weight(n *graph.Node, w *graph.Value) error {
	if w.Type.DType.IsQuantized() {
		return nil
	}
	for _, user := range c.out.Consumers(w) {
		for i, m := range c.out.Nodes {
			if m == user && c.p.Decisions[i].Kind != Own && c.p.Decisions[i].Kind != Real {
				return fmt.Errorf("its weight %q is shared with %q, which stays float; exclude both or neither", w.Name, m.Name)
			}
		}
	}
	q, err := c.quantizeWeight(n, w.Data)
	if err == nil {
		q, err = c.holdBias(n, w.Data, q)
	}
	if err != nil {
		return fmt.Errorf("weight %q: %w", w.Name, err)
	}
	c.report.weight(n.Name, w.Data, q)
	w.Data, w.Type = q, graph.TypeOf(q)
	return nil
}

func (c *converter) quantizeWeight(n *graph.Node, w *tensor.Tensor) (*tensor.Tensor, error) {
	spec := c.p.QConfig.Weight
	if _, ok := n.Op.(op.OneScaled); ok {
		spec = spec.PerTensor()
	}
	if c.weights == nil {
		return QuantizeWeight(w, spec)
	}
	q := c.weights[n.Name]
	if _, running := c.running.Node(n.Name); q == nil && running {
		return nil, fmt.Errorf("training has decided no scale for it")
	}
	if q == nil {
		return QuantizeWeight(w, spec)
	}
	if err := q.Validate(tensor.QInt8, w.Shape()); err != nil {
		return nil, err
	}
	return quantizeBy(w, q, tensor.QInt8)
}

// QuantizeWeight quantizes a float32 weight [O, ...] with the parameters of an observer that
// has seen it once.
func QuantizeWeight(w *tensor.Tensor, spec quant.ObserverSpec) (*tensor.Tensor, error) {
	o, err := observe.New(spec)
	if err != nil {
		return nil, err
	}
	if err := o.Observe(w.Float32s(), w.Shape()); err != nil {
		return nil, err
	}
	q, err := o.QParams()
	if err != nil {
		return nil, err
	}
	return quantizeBy(w, q, o.DType())
}

func quantizeBy(w *tensor.Tensor, q *tensor.QParams, dtype tensor.DType) (*tensor.Tensor, error) {
	if q.IsPerTensor() {
		return quant.QuantizePerTensor(w, q.Scale(), q.ZeroPoint(), dtype)
	}
	return quant.QuantizePerChannel(w, q.Scales, q.ZeroPoints, q.Axis, dtype)
}
