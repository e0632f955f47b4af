package onnx

import "github.com/octet-ml/octet/graph"

// importers is the table of ONNX's operators. Each family has a file with its part.
var importers = map[operator]importer{}

func init() {
	for _, family := range []map[string]importer{convolutions, pools, products, pointwise, movers, normalisations, selections, quantizers, dynamics, places, recurrences, resizes, elementwise, reductions, casts, masks, signals, columns, tokens, sequences} {
		for kind, read := range family {
			importers[operator{kind: kind}] = read
		}
	}
	importers[operator{kind: "If"}] = readIf
	for kind, read := range ownFunctions {
		importers[operator{ownDomain, kind}] = read
	}
	for _, family := range []map[string]importer{contributed, contributedDynamics, optimized, attentions} {
		for kind, read := range family {
			importers[operator{"com.microsoft", kind}] = read
		}
	}
}

// simple reads a node that is one operator of its first inputs.
func simple(op graph.Op, inputs int) importer {
	return func(n *node) ([]*graph.Value, error) {
		if err := n.need(inputs); err != nil {
			return nil, err
		}
		return n.result(op, n.in[:inputs]...)
	}
}
