package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/dataset"
)

// predictionLine is a line of predictions.
type predictionLine struct {
	At    [2]int             `json:"at"` // part and index: a dataset.Place
	Input string             `json:"input"`
	Top   []octet.Prediction `json:"top"`
}

// predictionsVersion is the version of predictionSummary.
const predictionsVersion = 1

// predictionSummary is the last line of predictions. Without it they are not complete.
type predictionSummary struct {
	Version int `json:"octet_predictions"`
	octet.Origin
	Images  int             `json:"images"`
	Skipped dataset.Skipped `json:"skipped"`
	Top     int             `json:"top"` // classes of each image
}

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
	sum := predictionSummary{Version: predictionsVersion, Top: f.top}
	err = console.WriteFile(f.output, func(w io.Writer) error {
		return predictShard(cmd.Context(), w, session, model, data, stage, &sum)
	})
	stage.End()
	if err != nil {
		return err
	}
	data.Report()
	out := shardFileOf(data, "predictions", f.output, path, sum.Images)
	return c.Result(out, out.print)
}

// predictShard writes the lines.
func predictShard(ctx context.Context, w io.Writer, session *octet.Session, model *octet.Model, data *inputs.ShardData, stage *console.Stage, sum *predictionSummary) error {
	labels, _ := model.Labels()
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for b, err := range data.Watched(stage.Set).Batches(ctx) {
		if err != nil {
			return exit.WithCode(exit.Data, err)
		}
		y, err := session.Run(ctx, b.Input)
		if err != nil {
			return exit.WithCode(exit.Data, err)
		}
		if y.Dim(0) != len(b.Names) {
			return exit.WithCode(exit.Model, errors.New("the model does not give one answer for each image"))
		}
		for i, row := range inputs.RowsOf(y) {
			p := b.Places[i]
			if err := enc.Encode(predictionLine{[2]int{p.Part, p.Index}, b.Names[i], octet.TopK(row, sum.Top, labels)}); err != nil {
				return exit.WithCode(exit.Output, fmt.Errorf("%s: %w", b.Names[i], err))
			}
			sum.Images++
		}
	}
	var err error
	if sum.Origin, err = session.Origin(data.ShardReader); err != nil {
		return exit.WithCode(exit.Model, err)
	}
	sum.Skipped = data.Skipped()
	return enc.Encode(sum)
}
