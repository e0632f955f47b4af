package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/zoo"
)

func newZooCommand(c *console.Console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "zoo",
		Short: "List, describe and download torchvision's quantized weights",
		Long: `zoo knows every member of torchvision's *_QuantizedWeights and the float weights
that they were made of, by torchvision's names; DEFAULT stands for the best member
of an enum. A downloaded file is kept, and used only when its SHA-256 begins as its
name says. Where a model file is expected, zoo:NAME stands for one.

  OCTET_CACHE     folder for downloads; PyTorch's own cache is read where present
  OCTET_OFFLINE   1: download nothing
  OCTET_BASE_URL  a mirror, in place of https://download.pytorch.org`,
		Example: `  octet zoo list
  octet zoo info ResNet50_QuantizedWeights.DEFAULT
  octet zoo pull ResNet18_QuantizedWeights.DEFAULT
  octet run zoo:ResNet50_QuantizedWeights.DEFAULT photo.jpg`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newZooListCommand(c), newZooInfoCommand(c), newZooPullCommand(c))
	return cmd
}

// zooEntry is what list prints of weights.
type zooEntry struct {
	Name    string  `json:"name"`
	Default bool    `json:"default"`
	Arch    string  `json:"arch"`
	Known   bool    `json:"arch_known"` // to this octet
	Backend string  `json:"backend,omitempty"`
	Acc1    float64 `json:"acc_at_1"`
	Acc5    float64 `json:"acc_at_5"`
	SizeMB  float64 `json:"file_size_mb"` // of 10^6 bytes
	GFLOPS  float64 `json:"gflops"`
}

func newZooEntry(w zoo.Weights) zooEntry {
	d, err := zoo.Get(w.Enum + ".DEFAULT")
	_, unknown := zoo.Lookup(w.Arch)
	return zooEntry{w.String(), err == nil && d.Member == w.Member, w.Arch, unknown == nil, w.Backend, w.Acc1, w.Acc5, float64(w.Bytes()) / 1e6, w.GFLOPS}
}

func newZooListCommand(c *console.Console) *cobra.Command {
	return &cobra.Command{
		Use:   "list [TEXT]",
		Short: "List the weights whose name contains TEXT",
		Example: `  octet zoo list
  octet zoo list resnet50 --json`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: c.Command(func(_ *cobra.Command, args []string) error {
			entries := []zooEntry{}
			for _, w := range zoo.AllWeights() {
				if len(args) == 0 || strings.Contains(strings.ToLower(w.String()), strings.ToLower(args[0])) {
					entries = append(entries, newZooEntry(w))
				}
			}
			return c.Result(entries, func(w io.Writer) { printZooList(w, entries) })
		}),
	}
}

func printZooList(w io.Writer, entries []zooEntry) {
	t := console.NewTable(w, "weights", "", "backend", "top-1", "top-5", "size", "GFLOPS", "")
	t.SuppressEmptyColumns()
	for _, e := range entries {
		mark, backend, note := "", e.Backend, ""
		if e.Default {
			mark = "default"
		}
		if backend == "" {
			backend = "float"
		}
		if !e.Known {
			note = "cannot be run yet"
		}
		t.AppendRow([]any{e.Name, mark, backend, fmt.Sprintf("%.2f %%", e.Acc1), fmt.Sprintf("%.2f %%", e.Acc5),
			report.Size(int64(1e6 * e.SizeMB)), e.GFLOPS, note})
	}
	t.Render()
}

// zooInfo is the JSON document of `octet zoo info`.
type zooInfo struct {
	zooEntry
	URL         string `json:"url"`
	HashPrefix  string `json:"sha256_prefix"`
	Prepared    bool   `json:"qat_prepared,omitempty"`
	Recipe      string `json:"recipe"`
	Unquantized string `json:"unquantized,omitempty"`
	NumParams   int    `json:"num_params"`
	MinSize     [2]int `json:"min_size"`
	Preset      any    `json:"preset"`
	Categories  int    `json:"categories"`
	Path        string `json:"path,omitempty"` // where it is; empty: not downloaded
}

func newZooInfoCommand(c *console.Console) *cobra.Command {
	f := &inputs.FetchFlags{}
	cmd := &cobra.Command{
		Use:               "info NAME",
		Short:             "Show what is published about weights, and where they are",
		Example:           `  octet zoo info MobileNet_V2_QuantizedWeights.DEFAULT`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: inputs.CompleteWeights,
		RunE: c.Command(func(cmd *cobra.Command, args []string) error {
			w, err := f.Weights(args[0])
			if err != nil {
				return err
			}
			path, err := f.Cached(cmd.Context(), w)
			if err != nil {
				return err
			}
			info := zooInfo{newZooEntry(w), w.URL, w.HashPrefix, w.Prepared, w.Recipe, w.Unquantized, w.NumParams, w.MinSize, w.Preset, len(w.Categories()), path}
			return c.Result(info, func(out io.Writer) { printZooInfo(out, info, w) })
		}),
	}
	f.Register(cmd)
	return cmd
}

func printZooInfo(out io.Writer, info zooInfo, w zoo.Weights) {
	row := func(name, format string, args ...any) {
		fmt.Fprintf(out, "%-14s %s\n", name, fmt.Sprintf(format, args...))
	}
	row("weights", "%s", info.Name)
	row("architecture", "%s, %s parameters, %d classes", w.Arch, console.CountText(w.NumParams), info.Categories)
	if w.Quantized() {
		row("backend", "%s, made of %s", w.Backend, w.Unquantized)
	}
	if w.Prepared {
		row("content", "float32 state dict as prepare_qat left it; int8 after conversion")
	}
	row("accuracy", "top-1 %.3f %%, top-5 %.3f %% on ImageNet-1K", w.Acc1, w.Acc5)
	row("cost", "%.3g GFLOPS, %s", w.GFLOPS, report.Size(w.Bytes()))
	row("preprocessing", "%s", console.PresetText(w.Preset))
	row("smallest image", "%d x %d", w.MinSize[0], w.MinSize[1])
	row("recipe", "%s", w.Recipe)
	row("url", "%s", w.URL)
	row("sha-256", "%s...", w.HashPrefix)
	if info.Path == "" {
		row("here", "no: octet zoo pull %s", info.Name)
	} else {
		row("here", "%s", info.Path)
	}
}

// zooPulled is what pull prints of weights; a list of them is its JSON document.
type zooPulled struct {
	Name  string `json:"name"`
	Path  string `json:"path"`
	Bytes int64  `json:"bytes"`
}

func newZooPullCommand(c *console.Console) *cobra.Command {
	f := &inputs.FetchFlags{}
	cmd := &cobra.Command{
		Use:   "pull NAME...",
		Short: "Download weights, unless they are here, and print their paths",
		Long: `pull downloads weights into the cache, verifies them and prints their paths. An
interrupted download is continued by the next one.`,
		Example: `  octet zoo pull ResNet18_QuantizedWeights.DEFAULT
  octet zoo pull ResNet50_QuantizedWeights.DEFAULT --base-url https://mirror.example/pytorch`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: inputs.CompleteWeights,
		RunE: c.Command(func(cmd *cobra.Command, args []string) error {
			var all []zoo.Weights
			for _, name := range args {
				w, err := f.Weights(name)
				if err != nil {
					return err
				}
				all = append(all, w)
			}
			var pulled []zooPulled
			for _, w := range all {
				path, err := f.Pull(cmd.Context(), c, w)
				if err != nil {
					return err
				}
				info, err := os.Stat(path)
				if err != nil {
					return exit.WithCode(exit.Model, err)
				}
				pulled = append(pulled, zooPulled{w.String(), path, info.Size()})
			}
			return c.Result(pulled, func(out io.Writer) {
				for _, p := range pulled {
					fmt.Fprintln(out, p.Path)
				}
			})
		}),
	}
	f.Register(cmd)
	return cmd
}
