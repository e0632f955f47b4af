package measure

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// Batch is how many samples inputs hold: the leading extent of the first.
func Batch(inputs []*tensor.Tensor) int {
	if s := inputs[0].Shape(); len(s) > 0 {
		return s[0]
	}
	return 1
}

// draw makes inputs of a model that takes no images, always the same.
func (f *WorkloadFlags) draw(m *octet.Model) ([]*tensor.Tensor, error) {
	if f.input != "" || f.size != nil {
		return nil, exit.Usagef("--input and --size are for models that take images; %s takes %v, which are drawn at random", m.File(), m.Inputs())
	}
	var shapes []tensor.Shape
	for _, v := range m.Inputs() {
		shape, err := f.sizes(m, v)
		if err != nil {
			return nil, err
		}
		shapes = append(shapes, shape)
	}
	return Draw(rand.New(rand.NewPCG(1, 2)), m, shapes)
}

// Draw makes inputs of these shapes for a model that takes no images, from r: random numbers;
// whole numbers that index a table, as token ids do, are random rows of it, and others, as a mask, 1.
func Draw(r *rand.Rand, m *octet.Model, shapes []tensor.Shape) ([]*tensor.Tensor, error) {
	var drawn []*tensor.Tensor
	for i, v := range m.Inputs() {
		shape := shapes[i]
		switch v.DType {
		case tensor.Float32:
			drawn = append(drawn, RandomInputs(r, shape...))
		case tensor.Int64:
			x := tensor.New(tensor.Int64, shape...)
			rows := rowsIndexed(m.Graph(), m.Graph().Inputs[i])
			for j := range x.Int64s() {
				if x.Int64s()[j] = 1; rows > 0 {
					x.Int64s()[j] = r.Int64N(rows)
				}
			}
			drawn = append(drawn, x)
		default:
			return nil, exit.WithCode(exit.Model, fmt.Errorf("%s takes %v: float32 and int64 are drawn here", m.File(), v))
		}
	}
	if len(drawn) == 0 {
		return nil, exit.WithCode(exit.Model, fmt.Errorf("%s has no inputs", m.File()))
	}
	return drawn, nil
}

// sizes are the extents of an input: what the model fixes, and --batch for a leading one that it
// leaves open.
func (f *WorkloadFlags) sizes(m *octet.Model, v octet.ValueInfo) (tensor.Shape, error) {
	shape := slices.Clone(v.Shape)
	if len(shape) > 0 && f.batch > 0 {
		if shape[0] > 0 && shape[0] != f.batch {
			return nil, exit.Usagef("--batch %d: %s takes %v", f.batch, m.File(), v)
		}
		shape[0] = f.batch
	}
	if shape == nil || slices.ContainsFunc(shape, func(n int) bool { return n < 1 }) {
		return nil, exit.Usagef("%s takes %v, of which it leaves sizes open: give --shape %s=SIZES, or --shape EXTENT=SIZE for each that octet inspect names", m.File(), v, v.Name)
	}
	return shape, nil
}

// rowsIndexed is the least number of rows of the tables that v indexes; 0 where there are none.
func rowsIndexed(g *graph.Graph, v *graph.Value) int64 {
	rows := int64(0)
	for _, n := range g.Consumers(v) {
		o, ok := n.Op.(op.Gather)
		if !ok || n.Inputs[0] == v || n.Inputs[0].Role != graph.Parameter || o.Axis != 0 {
			continue
		}
		if table := int64(n.Inputs[0].Type.Shape[0]); rows == 0 || table < rows {
			rows = table
		}
	}
	return rows
}
