package main

import "github.com/spf13/pflag"

// flagGroup is a heading in help texts and the flags below it, of all commands.
type flagGroup struct {
	title string
	names []string
}

// flagGroups are in the order of help. A flag is in one of them.
var flagGroups = []flagGroup{
	{"Model", []string{"against", "arch", "key", "graph-of", "backend", "labels", "classes", "float"}},
	{"Input", []string{
		"calibration", "calibrate", "calibration-limit", "data", "train", "eval", "inputs", "input", "truth", "truth-from-names", "class-map",
		"limit", "shard", "batch-size", "batch", "size", "strict", "tensor", "shape", "with", "with-tensor", "with-shape", "no-data",
	}},
	{"Images", []string{"preset", "resize", "crop", "interpolation", "mean", "std", "exif", "max-pixels"}},
	{"Recipe", []string{
		"dynamic", "weight-only", "group-size", "qconfig", "ranges", "smooth", "equalize", "bias-correction", "round", "fix", "per-channel", "per-tensor", "weight-bits", "exclude", "exclude-slower", "relu6-ranges", "strict-int8", "torch-compatible", "for", "can-train", "max-drop",
		"dtype", "qscheme", "symmetric", "axis", "quant-min", "quant-max", "scale", "zero-point", "op", "qat",
	}},
	{"Training", []string{
		"epochs", "steps", "lr", "optimizer", "momentum", "no-nesterov", "weight-decay", "decay-all", "schedule", "warmup", "step-every", "step-factor", "clip", "ema",
		"label-smoothing", "distill", "temperature", "freeze-observers", "freeze-norms", "learn-scales", "scale-rate", "augment", "seed",
	}},
	{"Output", []string{
		"output", "stats", "report", "html", "markdown", "keep", "prepared", "checkpoint", "checkpoint-every", "metrics", "draw", "top", "rows", "tensors", "graph", "format", "opset", "input-type", "input-layout",
	}},
	{"Listening", []string{"http", "grpc", "admin", "tls-cert", "tls-key", "tls-client-ca", "token-file", "max-body", "max-connections"}},
	{"Serving", []string{"queue", "max-batch", "watch", "control", "drain-delay", "drain-timeout", "access-log", "metrics-names"}},
	{"Computing", []string{"threads", "offline", "recompute", "cpu", "shards", "runs", "duration", "concurrency", "layer-inputs", "assert"}},
}

const (
	manyFlags  = 12 // more than these are grouped
	otherFlags = "Other"
)

// flagSet is a group of a command.
type flagSet struct {
	title string
	flags *pflag.FlagSet
}

// grouped sorts flags into the groups; those of no group come last.
func grouped(flags *pflag.FlagSet) []flagSet {
	n := 0
	flags.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			n++
		}
	})
	if n <= manyFlags {
		return []flagSet{{"Flags", flags}}
	}
	of := map[string]string{}
	groups := make([]flagSet, 0, len(flagGroups)+1)
	for _, g := range append(flagGroups, flagGroup{otherFlags, nil}) {
		for _, name := range g.names {
			of[name] = g.title
		}
		set := pflag.NewFlagSet(g.title, pflag.ContinueOnError)
		set.SortFlags = false
		for _, name := range g.names { // in the order of the table
			if f := flags.Lookup(name); f != nil {
				set.AddFlag(f)
			}
		}
		groups = append(groups, flagSet{g.title, set})
	}
	flags.VisitAll(func(f *pflag.Flag) {
		if of[f.Name] == "" && f.Name != "help" {
			groups[len(groups)-1].flags.AddFlag(f)
		}
	})
	shown := groups[:0]
	for _, g := range groups {
		if g.flags.HasAvailableFlags() {
			shown = append(shown, g)
		}
	}
	return shown
}
