package engine

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/parallel"
	"github.com/octet-ml/octet/tensor"
)

var inf = float32(math.Inf(1))

// evaluation leaves a node to its operator: slow, but complete.
type evaluation struct {
	node *graph.Node
	ctx  graph.Context
}

func (e evaluation) kernel() (string, string) { return "operator", "go" }

func (e evaluation) fix(in []graph.Type, out graph.Type, _ int) (fixed, error) {
	return fixedEvaluation{e, in, out}, nil
}

type fixedEvaluation struct {
	evaluation
	in  []graph.Type // of the operands that are not parameters
	out graph.Type
}

func (fixedEvaluation) macs() int64  { return 0 }
func (fixedEvaluation) scratch() int { return 0 }

func (e fixedEvaluation) bind(in []memory, out memory, _ [][]uint64) step {
	return &evaluationStep{e, in, out}
}

type evaluationStep struct {
	fixedEvaluation
	from []memory
	to   memory
}

func (e *evaluationStep) exec(*parallel.Pool) error {
	operands := make([]*tensor.Tensor, 0, len(e.node.Inputs))
	next := 0
	for _, v := range e.node.Inputs {
		if v.Role == graph.Parameter {
			operands = append(operands, v.Data)
			continue
		}
		operands = append(operands, e.from[next].tensor(e.in[next]))
		next++
	}
	t, err := e.node.Op.Eval(e.ctx, operands, []graph.Type{e.out})
	if err != nil {
		return err
	}
	e.to.load(t[0])
	return nil
}
