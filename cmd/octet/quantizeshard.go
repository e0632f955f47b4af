package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
)

// readMerged reads --stats where it is merged from shards; nil where it is not, or where it
// is to be written.
func (f *quantizeFlags) readMerged() *octet.Calibration {
	if f.stats == "" || f.shard.Shard != "" {
		return nil
	}
	file, err := os.Open(f.stats)
	if err != nil {
		return nil
	}
	defer file.Close()
	s, err := octet.ReadCalibration(file)
	if err != nil || s.Shards == nil {
		return nil // readStatistics reports what is wrong with it
	}
	return s
}

// waive makes flags optional that --shard, or merged statistics, make needless.
func (f *quantizeFlags) waive(cmd *cobra.Command) {
	if f.shard.Shard != "" {
		console.Waive(cmd, "output")
	} else if f.merged = f.readMerged(); f.merged != nil {
		console.Waive(cmd, "calibration")
	}
}

// calibrateShard writes the statistics of one shard.
func (f *quantizeFlags) calibrateShard(c *console.Console, cmd *cobra.Command, path string) error {
	switch {
	case f.stats == "":
		return exit.Usagef("--shard writes statistics for octet merge: name a file with --stats FILE.json")
	case f.output != "":
		return exit.Usagef("--shard writes --stats alone; octet merge joins them, and octet quantize --stats ALL.json --output %s makes the model", f.output)
	case f.smooth != "":
		return exit.Usagef("--smooth measures ranges of channels on all of the calibration data, of which --shard has a part: leave out --smooth")
	case f.fixes() || f.slower || f.eval != "" || f.corrections.NeedData():
		return exit.Usagef("--fix, --exclude-slower, --eval, --bias-correction and --round do not go with --shard")
	}
	if console.HoldsGraph(f.model.GraphFile(path)) && !cmd.Flags().Changed("qconfig") {
		f.QConfig = "" // the default for models with a graph of their own
	}
	if err := console.CheckOutputs(console.Output{Flag: "stats", Path: f.stats, Kind: console.JSONOutput}); err != nil {
		return err
	}
	if err := inputs.CheckQConfigs([]string{f.QConfig}); err != nil {
		return err
	}
	model, err := f.asRead(cmd).Open(c, cmd, path)
	if err != nil {
		return err
	}
	if model.Prepared() || model.Quantized() {
		return inputs.AlreadyInt8(path)
	}
	data, err := f.data.OpenShard(c, model, f.shard, f.calibration, nil)
	if err != nil {
		return err
	}
	defer data.Close()
	if data.Preset.Channels > 0 {
		if model, err = model.WithMetadata(func(m *octet.Metadata) { m.Preset = &data.Preset }); err != nil {
			return exit.WithCode(exit.Model, err)
		}
	}
	stage := c.Begin("calibrate", "inputs", 0)
	seen, err := octet.CalibrateShard(cmd.Context(), model, data.Watched(stage.Set), f.recipe(f.source()),
		octet.WithBatchSize(f.data.BatchSize), octet.WithThreads(f.data.Threads), octet.WithCPU(f.shard.CPU))
	stage.End()
	if err != nil {
		return inputs.QuantizeError(f.source(), err)
	}
	data.Report()
	if err := console.WriteFile(f.stats, seen.Write); err != nil {
		return err
	}
	out := shardFileOf(data, "statistics", f.stats, path, seen.Images)
	return c.Result(out, out.print)
}

// quantizeMerged makes the model of merged statistics, with their recipe.
func (f *quantizeFlags) quantizeMerged(c *console.Console, cmd *cobra.Command, path string) error {
	if len(f.calibration) > 0 {
		return exit.Usagef("--stats %s is merged from shards, and no --calibration goes with it", f.stats)
	}
	if f.smooth != "" {
		return exit.Usagef("--smooth needs the calibration data, which merged statistics are without: leave it out")
	}
	if f.fixes() || f.slower || f.relu6 || f.corrections.NeedData() {
		return exit.Usagef("--fix, --exclude-slower, --relu6-ranges, --bias-correction and --round need the calibration data, which merged statistics are without")
	}
	if !cmd.Flags().Changed("qconfig") && !cmd.Flags().Changed("ranges") {
		f.QConfig, f.ranges = f.merged.Recipe.QConfig, f.merged.Recipe.Ranges
	}
	model, err := f.asRead(cmd).Open(c, cmd, path)
	if err != nil {
		return err
	}
	if model.Prepared() || model.Quantized() {
		return inputs.AlreadyInt8(path)
	}
	if err := c.Expect(console.Planned{Path: f.output, Bytes: console.Int8Bytes(model)}, console.Planned{Path: f.report, Bytes: console.PageSize}); err != nil {
		return err
	}
	if p := f.merged.Recipe.Preset; p != nil {
		if model, err = model.WithMetadata(func(m *octet.Metadata) { m.Preset = p }); err != nil {
			return exit.WithCode(exit.Model, err)
		}
	}
	int8, report, err := f.convert(cmd.Context(), c, model, f.merged, f.recipe(f.merged.Source))
	if err != nil {
		return inputs.QuantizeError(f.stats, err)
	}
	if f.fix == "" && f.repairsBy(cmd, path) {
		c.Note("whether the outputs are sound was not measured: merged statistics are without the data (octet compare measures it)")
	}
	out := f.outputOf(path, model, int8, report)
	if f.eval != "" {
		if out.Accuracy, err = f.evaluate(cmd.Context(), c, model, int8); err != nil {
			return err
		}
	}
	return f.finish(cmd.Context(), c, int8, out)
}
