package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/onnx"
)

// onnxInspection is what inspect finds out of an ONNX file; its JSON document.
type onnxInspection struct {
	File        string             `json:"file"`
	Bytes       int64              `json:"bytes"`
	Format      string             `json:"format"` // onnx
	Producer    string             `json:"producer,omitempty"`
	Opset       int                `json:"opset"`
	Parameters  int64              `json:"parameters"`
	Inputs      []onnx.Port        `json:"inputs"`
	Outputs     []onnx.Port        `json:"outputs"`
	Operators   map[string]int     `json:"operators"` // nodes of each
	Supported   bool               `json:"supported"` // every node can be computed
	Unsupported []onnx.Unsupported `json:"unsupported"`
	Metadata    map[string]string  `json:"metadata,omitempty"`
	Layers      []layerInfo        `json:"layers,omitempty"`

	model *octet.Model
}

// inspectONNX describes an ONNX file, with every node that cannot be computed.
func inspectONNX(c *console.Console, f *inspectFlags, path string) error {
	file, err := onnx.Open(path)
	if err != nil {
		return exit.WithCode(exit.Model, exit.AdviseMissing(err, "give a model file, .pth, .pt, .safetensors or .onnx"))
	}
	in := &onnxInspection{
		File: path, Bytes: console.FileSize(path), Format: "onnx", Producer: file.Producer(), Opset: file.Opset(), Parameters: file.Parameters(),
		Operators: file.Operators(), Metadata: file.Metadata(), Unsupported: []onnx.Unsupported{},
	}
	if in.Inputs, err = file.Inputs(); err == nil {
		in.Outputs, err = file.Outputs()
	}
	if err != nil {
		return exit.WithCode(exit.Model, err)
	}
	model, err := octet.Open(path)
	var missing *onnx.UnsupportedError
	switch {
	case errors.As(err, &missing):
		in.Unsupported = missing.Nodes
	case err != nil:
		return exit.WithCode(exit.Model, err)
	default:
		in.Supported, in.model, in.Layers = true, model, layersOf(model)
	}
	return c.Result(in, func(w io.Writer) { in.print(w, f) })
}

func (in *onnxInspection) print(w io.Writer, f *inspectFlags) {
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%-14s %s\n", name, fmt.Sprintf(format, args...))
	}
	row("file", "%s (%s, ONNX, operator set %d)", in.File, report.Size(in.Bytes), in.Opset)
	if in.Producer != "" {
		row("producer", "%s", in.Producer)
	}
	row("parameters", "%s", console.CountText(int(in.Parameters)))
	for _, p := range in.Inputs {
		row("input", "%v", p)
	}
	for _, p := range in.Outputs {
		row("output", "%v", p)
	}
	row("operators", "%s", countsText(in.Operators))
	for _, key := range slices.Sorted(maps.Keys(in.Metadata)) {
		row("metadata", "%s: %s", key, shortText(in.Metadata[key]))
	}
	if !in.Supported {
		row("unsupported", "%d nodes; the model cannot be run", len(in.Unsupported))
		fmt.Fprintln(w)
		t := console.NewTable(w, "node", "operator", "result", "reason")
		for _, u := range in.Unsupported {
			t.AppendRow([]any{u.Node, u.Op, u.Output, u.Reason})
		}
		t.Render()
		return
	}
	body := inspection{model: in.model, Layers: in.Layers}
	body.printBody(w, f)
}

// countsText lists operators, the most frequent first.
func countsText(counts map[string]int) string {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(counts[b]-counts[a], strings.Compare(a, b))
	})
	for i, n := range names {
		names[i] = fmt.Sprintf("%d %s", counts[n], n)
	}
	return strings.Join(names, ", ")
}

// shortText is the beginning of a text, on one line.
func shortText(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 80 {
		return string(r[:77]) + "..."
	}
	return s
}
