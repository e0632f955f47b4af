package main

import (
	"fmt"
	"io"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
)

// printSigmoids prints what a model with one output says: no softmax, which would
// be 100 % for whatever it is shown.
func printSigmoids(w io.Writer, results []runResult) {
	t := console.NewTable(w, "input", "logit", "sigmoid", "class", "label")
	t.SuppressEmptyColumns()
	for _, r := range results {
		p := r.Top[0]
		t.AppendRow([]any{r.Input, fmt.Sprintf("%.4f", p.Logit), fmt.Sprintf("%.4f", *p.Sigmoid), p.Class, p.Label})
	}
	t.Render()
}
