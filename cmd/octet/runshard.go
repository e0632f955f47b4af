package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/dataset"
)

// runShard writes the predictions of one shard as lines of JSON.
func runShard(c *console.Console, cmd *cobra.Command, f *runFlags, path string, given []string) error {
	switch {
	case f.output == "":
		return exit.Usagef("--shard writes predictions for octet merge: name a file with --output FILE.jsonl")
	case len(f.input) > 0 || f.draw != "" || f.dump != "":
		return exit.Usagef("--shard goes with images and --output FILE.jsonl, not with --input or --draw")
	case len(given) == 0:
		return exit.Usagef("no input: name a folder or archives of images behind the model")
	case f.top < 1:
		return exit.Usagef("--top %d: at least 1", f.top)
	}
	if err := console.CheckOutputs(console.Output{Flag: "output", Path: f.output, Kind: console.LinesOutput}); err != nil {
		return err
	}
	f.model.Offline = f.offline
	model, err := f.model.Open(c, cmd, path)
	if err != nil {
		return err
	}
	data, err := f.data.OpenShard(c, model, f.shard, given, nil, dataset.WithoutClasses())
	if err != nil {
		return err
	}
	defer data.Close()
	session, err := f.data.CompileShard(model, f.shard)
	if err != nil {
		return err
	}
	stage := c.Begin("run", "images", 0)
	var seen *octet.Predictions
	err = console.WriteFile(f.output, func(w io.Writer) error {
		var notWritten error
		seen, err = session.Predict(cmd.Context(), data.Watched(stage.Set), f.top, func(line octet.PredictionLine) error {
			notWritten = line.Write(w)
			return notWritten
		})
		switch {
		case notWritten != nil:
			return err
		case err != nil:
			return exit.WithCode(exit.Data, err)
		}
		return seen.Write(w)
	})
	stage.End()
	if err != nil {
		return err
	}
	data.Report()
	out := shardFileOf(data, "predictions", f.output, path, seen.Images)
	return c.Result(out, out.print)
}
