package rewrite

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
)

// actOf returns the clamp that an operator applies to its own result.
func actOf(o graph.Op) quant.Activation {
	switch o := o.(type) {
	case op.Conv2D:
		return o.Act
	case op.Linear:
		return o.Act
	case op.BatchNorm:
		return o.Act
	case op.Add:
		return o.Act
	}
	return quant.NoActivation
}

// takesAct reports whether an operator can clamp its own result.
func takesAct(o graph.Op) bool {
	switch o.(type) {
	case op.Conv2D, op.Linear, op.BatchNorm, op.Add:
		return true
	}
	return false
}

// withAct returns the operator with another clamp.
func withAct(o graph.Op, a quant.Activation) graph.Op {
	switch o := o.(type) {
	case op.Conv2D:
		o.Act = a
		return o
	case op.Linear:
		o.Act = a
		return o
	case op.BatchNorm:
		o.Act = a
		return o
	case op.Add:
		o.Act = a
		return o
	}
	return o
}
