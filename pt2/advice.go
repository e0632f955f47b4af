package pt2

import (
	"errors"
	"strings"

	"github.com/octet-ml/octet/graph"
)

// What can be done about nodes that have no counterpart.
const (
	evalAdvice     = "export the model after model.eval()"
	controlAdvice  = "export the model without torch.cond and loops on data: with the branch that is taken"
	computedAdvice = "give its data or sizes before the model is read: --shape NAME=SIZES fixes a shape; in Go octet.WithInput, octet.WithShape"
	formAdvice     = "write this part of the model with other operators, or export the model in front of it and compute the rest in Go"
	dynamicAdvice  = "scales that are chosen at run time are not read: quantize with is_dynamic=False, and calibrate"
	customAdvice   = "export without custom operators: program.run_decompositions() writes some of them in others"
)

// adviceOn says what can be done about a node that could not be read.
func adviceOn(target string, known bool, err error) string {
	switch {
	case strings.HasPrefix(target, decomposed+"choose_qparams") || strings.HasPrefix(target, decomposed) && errors.Is(err, graph.ErrComputed):
		return dynamicAdvice
	case errors.Is(err, graph.ErrComputed):
		return computedAdvice
	case strings.Contains(err.Error(), "model.eval()"):
		return evalAdvice
	case strings.HasPrefix(target, "higher_order"):
		return controlAdvice
	case known:
		return formAdvice
	case strings.Count(target, ".") > 1:
		return customAdvice
	}
	return formAdvice + "; program.run_decompositions() writes some operators in others"
}
