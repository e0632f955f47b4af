package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/tensor"
)

// blocky is an operator that permutes the axes of its operand when they are cut finer.
type blocky interface {
	graph.Op
	// Blocks returns the extents of x with its axes cut finer, and the order in which these
	// follow each other in the result.
	Blocks(x tensor.Shape) (fine tensor.Shape, perm []int)
}

// blocks brings an operand into the order of a blocky operator; both lie row-major.
type blocks struct {
	op  blocky
	cpu cpu.Features
}

func (blocks) kernel() (string, string) { return "copy", "go" }

func (blocks) wishes(in, _ []desc) []order { return make([]order, len(in)) }

func (blocks) orders(in, out []desc) (need, give []order) {
	return make([]order, len(in)), make([]order, len(out))
}

func (o blocks) fix(in, _ []desc, threads int) (fixed, error) {
	fine, perm := o.op.Blocks(in[0].Shape)
	d := desc{Type: graph.Type{DType: in[0].DType, Shape: fine}}
	return fixedBlocks{newReorder(d, perm, o.cpu, threads)}, nil
}

// fixedBlocks is a reorder that is a node of its own.
type fixedBlocks struct{ reorder }
