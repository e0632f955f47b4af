package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/internal/report"
)

// convertedOutput is the JSON document of `octet quantize` of a prepared model.
type convertedOutput struct {
	Model       string        `json:"model"`
	Output      string        `json:"output"`
	Arch        string        `json:"arch"`
	Backend     octet.Backend `json:"backend"`
	Ranges      string        `json:"ranges"` // where they came from: always "file"
	Assumptions []string      `json:"assumptions,omitempty"`
	FloatFile   int64         `json:"float_file_bytes"`
	Int8File    int64         `json:"int8_file_bytes"`
}

// ofConverting are the flags that converting a prepared model takes, beside those of every
// command. The others choose how ranges are found, which a prepared file has.
var ofConverting = []string{"output", "arch", "key", "backend", "labels", "preset", "mean", "std", "resize", "crop", "interpolation"}

// asRead are the flags that a model is opened with. The default of --backend is one for
// float models: what a prepared one was made for follows from its file.
func (f *quantizeFlags) asRead(cmd *cobra.Command) *inputs.ModelFlags {
	m := f.model
	if !cmd.Flags().Changed("backend") {
		m.Backend = ""
	}
	return &m
}

// holdsRanges reports whether path is a prepared model. Errors of the file are reported when it
// is opened.
func (f *quantizeFlags) holdsRanges(cmd *cobra.Command, path string) bool {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return false
	}
	opts, err := f.asRead(cmd).Options(cmd)
	if err != nil {
		return false
	}
	m, err := octet.Open(path, opts...)
	return err == nil && m.Prepared()
}

// flagsBeside are the flags of a command that are given though a way to quantize takes only others;
// empty where there are none.
func flagsBeside(cmd *cobra.Command, takes []string) string {
	var given []string
	cmd.LocalNonPersistentFlags().VisitAll(func(flag *pflag.Flag) {
		if flag.Changed && !slices.Contains(takes, flag.Name) {
			given = append(given, "--"+flag.Name)
		}
	})
	return strings.Join(given, " and ")
}

// convertPrepared converts a prepared model and writes it.
func (f *quantizeFlags) convertPrepared(c *console.Console, cmd *cobra.Command, path string, model *octet.Model) error {
	if needless := flagsBeside(cmd, ofConverting); needless != "" {
		return exit.Usagef("%s is a prepared model, with the ranges and the recipe in the file: leave out %s, or quantize the float model that it was prepared from", path, needless)
	}
	if err := c.Expect(console.Planned{Path: f.output, Bytes: console.ParameterBytes(model)}); err != nil {
		return err
	}
	int8, err := model.Converted()
	if err != nil {
		return exit.WithCode(exit.Model, err)
	}
	c.Note("the ranges are those of the observers in %s; nothing was calibrated", path)
	out := convertedOutput{
		Model: path, Output: f.output, Arch: int8.Arch(), Backend: int8.Backend(), Ranges: "file",
		Assumptions: inputs.Texts(model.Assumptions()), FloatFile: console.FileSize(path),
	}
	if out.Int8File, err = c.Save(cmd.Context(), int8, f.output); err != nil {
		return err
	}
	if err := c.Result(out, out.print); err != nil {
		return err
	}
	c.Next("octet eval %[1]s DATA measures its accuracy, octet run %[1]s IMAGE runs it", f.output)
	return nil
}

func (o convertedOutput) print(w io.Writer) {
	fmt.Fprintf(w, "wrote      %s: %s int8, backend %s\n", o.Output, o.Arch, o.Backend)
	fmt.Fprintf(w, "ranges     from the observers in %s\n", o.Model)
	fmt.Fprintf(w, "size       %s -> %s\n", report.Size(o.FloatFile), report.Size(o.Int8File))
}
