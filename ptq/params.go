package ptq

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/observe"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// widerAverages is the share by which the range of averages over whole images is widened:
// calibration sees one number for each channel of an image, too few to find the extremes.
const widerAverages = 1

// params are the quantization parameters of an observed value. With Options.Rules and an
// observer that searches its range, averages over images get a wider range, and a value that
// only one function reads gets the range at which the results of that function lose least.
func (c *converter) params(name string, o observe.Observer) (*tensor.QParams, error) {
	s, ok := o.(observe.Searched)
	n, computed := c.p.Graph.Node(name)
	if !ok || !computed || !c.p.rules {
		return o.QParams()
	}
	if p := source(n.Output()); p != nil && averagesImage(p.Op) {
		return c.ofAverages(p, s)
	}
	if f := c.functions[n]; f != nil {
		return s.Through(f.Real)
	}
	return o.QParams()
}

// ofAverages are the parameters of averages over images: those of the averaged value, whose
// range encloses them, if its scale is smaller.
func (c *converter) ofAverages(n *graph.Node, s observe.Searched) (*tensor.QParams, error) {
	q, err := s.Widened(widerAverages)
	if err != nil {
		return nil, err
	}
	if p := source(n.Inputs[0]); p != nil {
		if t, ok := c.types[p.Name]; ok && t.Q.Scale() <= q.Scale() {
			return t.Q, nil
		}
	}
	return q, nil
}

// functionsOnly maps nodes whose results only one function reads, on codes, to that function.
func functionsOnly(p *Prepared) map[*graph.Node]op.Unary {
	reads := p.Graph.Reads()
	found := map[*graph.Node]op.Unary{}
	for i, n := range p.Graph.Nodes {
		f, ok := n.Op.(op.Unary)
		if codes := p.Decisions[i].Kind == Own || p.Decisions[i].Kind == Follow; !ok || !codes {
			continue
		}
		if v := n.Inputs[0]; v.Node != nil && reads[v] == 1 {
			found[v.Node] = f
		}
	}
	return found
}
