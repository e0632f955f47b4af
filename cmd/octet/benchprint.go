package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/measure"
	"github.com/octet-ml/octet/tensor"
)

// print is the text form of the document.
func (o *benchOutput) print(w io.Writer) {
	fmt.Fprintf(w, "%s: %s", o.Model, strings.TrimSpace(o.Arch+" "+o.Kind))
	if o.Backend != "" {
		fmt.Fprintf(w, " (%s)", o.Backend)
	}
	for i, v := range o.Inputs {
		fmt.Fprintf(w, "%s%s %v", []string{", inputs ", " "}[min(i, 1)], v.Name, tensor.Shape(v.Shape))
	}
	if o.Inputs == nil {
		fmt.Fprintf(w, ", input %v", tensor.Shape(o.Input))
	}
	fmt.Fprintf(w, ", threads %d, %s with %s\n\n", o.Threads, o.Platform, o.CPU)
	l := o.Latency
	fmt.Fprintf(w, "latency     min %.3f, median %.3f, 90 %% %.3f, 99 %% %.3f ms, over %d runs\n", l.Min, l.P50, l.P90, l.P99, o.Runs)
	fmt.Fprintf(w, "throughput  %.1f images/s", o.Images)
	if o.Concurrency > 1 {
		fmt.Fprintf(w, " with %d runs at a time", o.Concurrency)
	}
	fmt.Fprintf(w, "\nstart       %.0f ms from process start to first answer\n", o.Startup)
	if o.Peak != nil {
		fmt.Fprintf(w, "memory      %.1f MB at most\n", *o.Peak)
	} else {
		fmt.Fprintln(w, "memory      not measured: this system does not say")
	}
	fmt.Fprintf(w, "allocations %d per run\n\n", o.Allocations)
	o.printLayers(w)
	fmt.Fprintf(w, "sum of the layers %.3f ms, whole runs %.3f ms\n", o.LayerSum, o.LayerTotal)
	o.printFindings(w)
}

func (o *benchOutput) printLayers(w io.Writer) {
	header := []any{"node", "op", "kernel", "MMAC", "ms", "GMAC/s", "share"}
	compared := o.Slower != nil
	if compared {
		header = append(header, "with Q/DQ", "float32", "speed")
	}
	t := console.NewTable(w, header...)
	for _, l := range o.Layers {
		row := []any{l.Node, l.Op, l.Kernel, blankZero("%.1f", float64(l.MACs)/1e6), fmt.Sprintf("%.4f", l.Time),
			blankZero("%.1f", l.Rate), fmt.Sprintf("%.1f %%", 100*l.Share)}
		if compared && l.Float != nil {
			row = append(row, fmt.Sprintf("%.4f", *l.WithQDQ), fmt.Sprintf("%.4f", *l.Float), factorText(*l.Float, *l.WithQDQ))
		}
		t.AppendRow(row)
	}
	t.Render()
}

func (o *benchOutput) printFindings(w io.Writer) {
	if o.Speed != nil {
		fmt.Fprintf(w, "int8 beside float32, whole runs in turns: %v\n", o.Speed)
	}
	switch {
	case o.Slower == nil:
	case len(o.Slower) == 0:
		fmt.Fprintln(w, "no layer is slower than in float32")
	default:
		fmt.Fprintf(w, "slower than in float32: %s\n", strings.Join(o.Slower, ", "))
	}
	if len(o.Slower) > 0 || o.Speed != nil && !o.Speed.Faster() {
		fmt.Fprintf(w, "int8 gains no time where layers are small: %s\n", measure.ExcludeSlowerHint)
	}
	if a := o.Assertion; a != nil && len(a.Failed) == 0 {
		fmt.Fprintf(w, "no layer has a faster kernel on this machine (compared: %s)\n", strings.Join(a.Levels, ", "))
	}
}

func blankZero(format string, v float64) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprintf(format, v)
}

// factorText is how many times faster something is that takes own in place of
// reference.
func factorText(reference, own float64) string {
	if own == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f ×", reference/own)
}
