package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/pt2"
)

// onnxInspection is what inspect finds out of an ONNX file or a program of torch.export.save; its JSON
// document.
type onnxInspection struct {
	File        string             `json:"file"`
	Bytes       int64              `json:"bytes"`
	Format      string             `json:"format"` // onnx, pt2 or torchscript
	Producer    string             `json:"producer,omitempty"`
	Opset       int                `json:"opset,omitempty"`  // of an ONNX file
	Schema      string             `json:"schema,omitempty"` // of a program
	Parameters  int64              `json:"parameters"`
	Inputs      []onnx.Port        `json:"inputs"`
	Outputs     []onnx.Port        `json:"outputs"`
	Free        []string           `json:"free"`      // names of free extents, as --shape takes them
	Operators   map[string]int     `json:"operators"` // nodes of each
	Supported   bool               `json:"supported"` // every node can be computed
	Unsupported []onnx.Unsupported `json:"unsupported"`
	// Unchecked counts nodes of known operators that compute with results of those, of which
	// the file does not tell the type.
	Unchecked int               `json:"unchecked,omitempty"`
	Metadata  map[string]string `json:"metadata,omitempty"`
	Layers    []layerInfo       `json:"layers,omitempty"`

	model *octet.Model
}

// giveModel ends the message of a file that is not there.
const giveModel = "give a model file, .pth, .pt, .safetensors, .onnx or .pt2"

// graphFile is a file that holds a graph of its own.
type graphFile interface {
	onnx.Declaring
	Producer() string
	Parameters() int64
	Operators() map[string]int
	Close() error
}

// onnxFile is an ONNX file, which is read as a whole.
type onnxFile struct{ *onnx.File }

func (onnxFile) Close() error { return nil }

func openGraph(path string) (graphFile, error) {
	if console.IsProgram(path) {
		return pt2.Open(path)
	}
	file, err := onnx.Open(path)
	return onnxFile{file}, err
}

// inspectGraph describes a file with a graph of its own, with every node that cannot be computed.
func inspectGraph(c *console.Console, cmd *cobra.Command, f *inspectFlags, path string) error {
	opts, err := f.model.Options(cmd)
	if err != nil {
		return err
	}
	file, err := openGraph(path)
	if err != nil {
		return exit.WithCode(exit.Model, exit.AdviseMissing(err, giveModel))
	}
	defer file.Close()
	in := &onnxInspection{
		File: path, Bytes: console.FileSize(path), Producer: file.Producer(), Parameters: file.Parameters(),
		Operators: file.Operators(), Free: []string{}, Unsupported: []onnx.Unsupported{},
	}
	var model *octet.Model
	switch file := file.(type) {
	case onnxFile:
		in.Format, in.Opset, in.Metadata = "onnx", file.Opset(), file.Metadata()
		model, err = octet.OpenONNX(file.File, opts...)
	case *pt2.File:
		if in.Format, in.Schema = "pt2", file.Schema(); file.IsScript() {
			in.Format, in.Schema = "torchscript", ""
		}
		model, err = octet.OpenPT2(file, opts...)
	}
	var missing *onnx.UnsupportedError
	switch {
	case errors.As(err, &missing):
		in.Unsupported, in.Unchecked = missing.Nodes, missing.Unchecked
	case errors.Is(err, octet.ErrRecipe):
		return exit.Usagef("%w", err)
	case err != nil:
		return exit.WithCode(exit.Model, err)
	default:
		in.Supported, in.model, in.Layers = true, model, layersOf(model)
	}
	if err := in.declare(file, &f.model); err != nil {
		return err
	}
	return c.Result(in, func(w io.Writer) { in.print(w, f) })
}

// declare lists inputs and outputs with the sizes of --shape, and the names of those that are
// left free.
func (in *onnxInspection) declare(file graphFile, f *inputs.ModelFlags) error {
	shapes, err := f.FixedShapes()
	if err != nil {
		return err
	}
	if in.Inputs, in.Outputs, err = (onnx.Given{Shapes: shapes}).Ports(file); err != nil {
		return exit.WithCode(exit.Model, err)
	}
	for _, p := range in.Inputs {
		for _, name := range p.Names {
			if name != "" && !slices.Contains(in.Free, name) {
				in.Free = append(in.Free, name)
			}
		}
	}
	return nil
}

func (in *onnxInspection) print(w io.Writer, f *inspectFlags) {
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%-14s %s\n", name, fmt.Sprintf(format, args...))
	}
	switch in.Format {
	case "pt2":
		row("file", "%s (%s, torch.export, schema %s)", in.File, report.Size(in.Bytes), in.Schema)
	case "torchscript":
		row("file", "%s (%s, TorchScript)", in.File, report.Size(in.Bytes))
	default:
		row("file", "%s (%s, ONNX, operator set %d)", in.File, report.Size(in.Bytes), in.Opset)
	}
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
	if len(in.Free) > 0 {
		row("free sizes", "%s; --shape %s=N fixes one", strings.Join(in.Free, ", "), in.Free[0])
	}
	row("operators", "%s", countsText(in.Operators))
	for _, key := range slices.Sorted(maps.Keys(in.Metadata)) {
		row("metadata", "%s: %s", key, shortText(in.Metadata[key]))
	}
	if !in.Supported {
		in.printUnsupported(w, row)
		return
	}
	body := inspection{model: in.model, Layers: in.Layers}
	body.printBody(w, f)
}

// printUnsupported lists the nodes that cannot be computed, and below them the remedies.
func (in *onnxInspection) printUnsupported(w io.Writer, row func(string, string, ...any)) {
	row("unsupported", "%d nodes; the model cannot be run", len(in.Unsupported))
	if in.Unchecked > 0 {
		row("unchecked", "%d nodes that compute with results of these", in.Unchecked)
	}
	fmt.Fprintln(w)
	t := console.NewTable(w, "node", "operator", "result", "reason")
	advice := map[string][]string{} // operators by what can be done
	for _, u := range in.Unsupported {
		t.AppendRow([]any{u.Node, u.Op, u.Output, u.Reason})
		if !slices.Contains(advice[u.Advice], u.Op) {
			advice[u.Advice] = append(advice[u.Advice], u.Op)
		}
	}
	t.Render()
	fmt.Fprintln(w)
	for _, text := range slices.Sorted(maps.Keys(advice)) {
		fmt.Fprintf(w, "%s: %s\n", strings.Join(advice[text], ", "), text)
	}
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
