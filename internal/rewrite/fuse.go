package rewrite

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Group is a set of nodes that Fuse made one.
type Group struct {
	Name    string   `json:"name"`    // of the fused node: that of the first member
	Kind    string   `json:"kind"`    // conv2d+batch_norm+relu
	Members []string `json:"members"` // in order of computation
}

// Fuse returns a copy of a float graph in which batch norms are folded into the
// convolution or linear layer in front of them, and ReLU and ReLU6 have become
// attributes of the convolution, linear layer, batch norm or addition in front
// of them. A node is fused with its consumer only where nothing else reads its
// result. The fused node keeps the name of its first member and its parameters
// that member's keys (conv1.weight, conv1.bias), as PyTorch's fuse_modules does.
//
// Where the parameters are bound, batch norms are folded to the bit as PyTorch
// does; otherwise the folded parameters are left unbound. A layer whose weight
// another node shares is not folded.
func Fuse(g *graph.Graph) (*graph.Graph, []Group, error) {
	f := &fuser{members: map[string]*Group{}}
	out, err := graph.Rewrite(g,
		graph.Pass{Name: "fold batch norm", Run: f.each(f.foldBatchNorm)},
		graph.Pass{Name: "fuse clamp", Run: f.each(f.fuseClamp)},
	)
	if err != nil {
		return nil, nil, err
	}
	var groups []Group
	for _, n := range out.Nodes {
		if m, ok := f.members[n.Name]; ok {
			groups = append(groups, *m)
		}
	}
	return out, groups, nil
}

type fuser struct {
	members map[string]*Group
}

// each makes a pass of a rule that is tried on every node.
func (f *fuser) each(rule func(*graph.Graph, *graph.Node) bool) func(*graph.Graph) (bool, error) {
	return func(g *graph.Graph) (changed bool, err error) {
		for _, n := range slices.Clone(g.Nodes) {
			if slices.Contains(g.Nodes, n) && rule(g, n) {
				// What was fused must not count as a reader any more.
				g.Prune()
				changed = true
			}
		}
		return changed, nil
	}
}

// foldBatchNorm folds the batch norm n into its producer.
func (f *fuser) foldBatchNorm(g *graph.Graph, n *graph.Node) bool {
	bn, ok := n.Op.(op.BatchNorm)
	if !ok || bn.Training {
		return false
	}
	p := soleProducer(g, n)
	if p == nil || op.ClampOf(p.Op) != quant.NoActivation || !floatNode(p) {
		return false
	}
	formula := foldConv
	switch p.Op.(type) {
	case op.Conv2D, op.ConvTranspose2D:
	case op.Linear:
		formula = foldLinear
	default:
		return false
	}
	w, bias, args := p.Inputs[1], inputAt(p, 2), argsOf(n)
	if len(g.Consumers(w)) != 1 || bias != nil && len(g.Consumers(bias)) != 1 || w.Role != graph.Parameter {
		return false
	}
	form := formOf(p)
	if !form.fits(p) || !args.have(form.outputs) {
		return false
	}
	if bias == nil {
		bias = &graph.Value{
			Name: p.Name + ".bias", Role: graph.Parameter,
			Type: graph.Type{DType: tensor.Float32, Shape: tensor.Shape{form.outputs}},
		}
		g.Params = slices.Insert(g.Params, slices.Index(g.Params, w)+1, bias)
		if bound(w, args.weight, args.bias, args.mean, args.variance) {
			w.Data, bias.Data = formula(form, w.Data, nil, args, float32(bn.Eps))
		} else {
			w.Data = nil
		}
		p.Inputs = append(p.Inputs, bias)
	} else if bound(w, bias, args.weight, args.bias, args.mean, args.variance) {
		w.Data, bias.Data = formula(form, w.Data, bias.Data, args, float32(bn.Eps))
	} else {
		w.Data, bias.Data = nil, nil
	}
	if bn.Act != quant.NoActivation {
		p.Op = p.Op.(op.Clamped).WithClamp(bn.Act)
	}
	f.join(p, n)
	g.ReplaceUses(n.Output(), p.Output())
	return true
}

// fuseClamp makes the clamp n an attribute of its producer.
func (f *fuser) fuseClamp(g *graph.Graph, n *graph.Node) bool {
	clamp, ok := n.Op.(op.Clamp)
	if !ok || clamp.Act == quant.NoActivation {
		return false
	}
	p := soleProducer(g, n)
	if p == nil || !floatNode(p) {
		return false
	}
	owner, ok := p.Op.(op.Clamped)
	if !ok || owner.Clamp() != quant.NoActivation {
		return false
	}
	p.Op = owner.WithClamp(clamp.Act)
	f.join(p, n)
	g.ReplaceUses(n.Output(), p.Output())
	return true
}

// join records that n has become part of p.
func (f *fuser) join(p, n *graph.Node) {
	m := f.members[p.Name]
	if m == nil {
		m = &Group{Name: p.Name, Kind: p.Op.Kind(), Members: []string{p.Name}}
		f.members[p.Name] = m
	}
	kind := n.Op.Kind()
	if c, ok := n.Op.(op.Clamp); ok {
		kind = c.Act.String()
	}
	m.Kind += "+" + kind
	m.Members = append(m.Members, n.Name)
}

// soleProducer returns the node that computes n's first input if only n reads
// it.
func soleProducer(g *graph.Graph, n *graph.Node) *graph.Node {
	if v := n.Inputs[0]; v.Node != nil && g.SoleConsumer(v) == n {
		return v.Node
	}
	return nil
}

func floatNode(n *graph.Node) bool {
	return n.Output().Type.DType == tensor.Float32 && n.Inputs[0].Type.DType == tensor.Float32
}

func inputAt(n *graph.Node, i int) *graph.Value {
	if i < len(n.Inputs) {
		return n.Inputs[i]
	}
	return nil
}
