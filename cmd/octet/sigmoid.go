package main

import (
	"fmt"
	"io"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
)

// printSigmoids prints the answers of a model with one output, as sigmoids: a softmax would
// always be 100 %.
func printSigmoids(w io.Writer, results []runResult) {
	t := console.NewTable(w, "input", "logit", "sigmoid", "class", "label")
	t.SuppressEmptyColumns()
	for _, r := range results {
		p := r.Top[0]
		t.AppendRow([]any{r.Input, fmt.Sprintf("%.4f", p.Logit), fmt.Sprintf("%.4f", *p.Sigmoid), p.Class, p.Label})
	}
	t.Render()
}
