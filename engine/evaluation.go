package engine

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/parallel"
	"github.com/octet-ml/octet/tensor"
)

var inf = float32(math.Inf(1))

// evaluation calls the Eval of the operator: slow, but complete.
type evaluation struct {
	node *graph.Node
	ctx  graph.Context
}

func (evaluation) packsParameters() {}

func (e evaluation) kernel() (string, string) { return "operator", "go" }

// wishes has none: operands are copied anyway.
func (evaluation) wishes(in, _ []desc) []order { return make([]order, len(in)) }

// orders accepts operands in any order of axes, and gives results the order that their readers prefer.
func (e evaluation) orders(in, out []desc) (need, give []order) {
	for _, d := range in {
		need = append(need, d.order)
	}
	for _, d := range out {
		if deferring(e.node) {
			d.order = nil // the result may be smaller
		}
		give = append(give, d.order)
	}
	return need, give
}

func (e evaluation) fix(in, outs []desc, _ int) (fixed, error) {
	return fixedEvaluation{e, in, outs}, nil
}

type fixedEvaluation struct {
	evaluation
	in  []desc // of the operands that are not parameters
	out []desc
}

func (fixedEvaluation) macs() int64  { return 0 }
func (fixedEvaluation) scratch() int { return 0 }

func (e fixedEvaluation) bind(in, outs []memory, _ [][]uint64) step {
	return &evaluationStep{e, in, outs, make([]tensor.Shape, len(outs))}
}

type evaluationStep struct {
	fixedEvaluation
	from, to []memory
	sizes    []tensor.Shape // of the results
}

func (e *evaluationStep) shapes() []tensor.Shape { return e.sizes }

func (e *evaluationStep) exec(*parallel.Pool) error {
	operands := make([]*tensor.Tensor, 0, len(e.node.Inputs))
	next := 0
	for _, v := range e.node.Inputs {
		if v.Role == graph.Parameter {
			operands = append(operands, v.Data)
			continue
		}
		d := e.in[next]
		t := newTensor(d.Type)
		w := newWalk(d.Shape, d.order, nil, d.DType.Size())
		w.all(elementsOf(t), e.from[next])
		flip(elementsOf(t), d.DType)
		operands = append(operands, t)
		next++
	}
	types := make([]graph.Type, len(e.out))
	for i, d := range e.out {
		types[i] = d.Type
	}
	results, err := e.node.Op.Eval(e.ctx, operands, types)
	if err != nil {
		return err
	}
	for i, d := range e.out {
		e.sizes[i] = results[i].Shape()
		w := newWalk(e.sizes[i], nil, d.order, d.DType.Size())
		w.all(e.to[i], elementsOf(results[i]))
		flip(e.to[i], d.DType)
	}
	return nil
}
