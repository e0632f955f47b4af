package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/internal/spelling"
	"github.com/octet-ml/octet/ptq"
)

func (in *inspection) print(w io.Writer, f *inspectFlags) {
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%-14s %s\n", name, fmt.Sprintf(format, args...))
	}
	row("file", "%s (%s, %s container)", in.File, report.Size(in.Bytes), in.Format)
	if in.Key != "" || len(in.StateDicts) > 1 {
		row("state dicts", "%s", strings.Join(in.StateDicts, ", "))
	}
	row("kind", "%s, %d tensors, %s parameters", in.Kind, in.Tensors, console.CountText(in.Parameters))
	row("elements", "%s", in.dtypeText())
	if in.Arch != "" {
		row("architecture", "%s, %d input channels, %d classes", in.Arch, in.Channels, in.Classes)
	}
	if in.Backend != "" {
		row("backend", "%s", in.Backend)
	}
	if in.Metadata != nil {
		in.printMetadata(row)
	}
	for _, a := range in.Assumptions {
		row("assumed", "%s", a)
	}
	if in.Problem != "" {
		row("layers", "not known: %s", in.Problem)
	}
	in.printBody(w, f)
}

func (in *inspection) dtypeText() string {
	var parts []string
	for dtype, n := range in.DTypes {
		parts = append(parts, fmt.Sprintf("%s %s", console.CountText(n), dtype))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

func (in *inspection) printMetadata(row func(string, string, ...any)) {
	m := in.Metadata
	if len(m.Labels) > 0 {
		row("labels", "%s", spelling.Abbreviate(m.Labels, 5))
	}
	if m.Preset != nil {
		row("preprocessing", "%s", console.PresetText(*m.Preset))
	}
	if cal := m.Calibration; cal != nil && cal.Dynamic {
		of := "their own range"
		if cal.ByRow {
			of = "the range of each row"
		}
		row("dynamic", "qconfig %s: activations are quantized by %s in every run", cal.QConfigName, of)
	} else if cal != nil {
		row("calibrated", "qconfig %s, %d samples of %s, batches of %d", cal.QConfigName, cal.Samples, console.OrUnknown(cal.Source), cal.BatchSize)
	}
	if of := m.Converted; of != nil {
		how := "calibrated"
		if of.Training {
			how = "in quantization-aware training"
		}
		row("converted", "from %s, %s: ranges of activations became the codes %d to %d", of.Source, how, of.Codes[0], of.Codes[1])
	}
	if text := ptq.SaturationText(m.Saturation); text != "" {
		row("saturation", "%s", text)
	}
	if len(m.Float) > 0 {
		row("kept float", "%s", spelling.Abbreviate(m.Float, 8))
	}
}

func (in *inspection) printBody(w io.Writer, f *inspectFlags) {
	switch {
	case f.graph && in.model != nil:
		fmt.Fprintln(w)
		in.model.Graph().Dump(w)
	case f.tensors:
		fmt.Fprintln(w)
		t := console.NewTable(w, "key", "value")
		for _, k := range in.Keys {
			t.AppendRow([]any{k.Key, k.Value})
		}
		t.Render()
	case len(in.Layers) > 0:
		fmt.Fprintln(w)
		in.printLayers(w)
	}
}

func (in *inspection) printLayers(w io.Writer) {
	t := console.NewTable(w, "layer", "operator", "output", "scale", "zero point", "weight", "note")
	t.SuppressEmptyColumns()
	for _, l := range in.Layers {
		scale, zero := "", ""
		if l.Scale != nil {
			scale, zero = fmt.Sprintf("%.6g", *l.Scale), fmt.Sprint(*l.ZeroPoint)
		}
		t.AppendRow([]any{l.Name, l.Op, l.DType, scale, zero, l.Weight, l.Note})
	}
	t.Render()
}
