package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/internal/report"
)

type demoFlags struct {
	data    inputs.DataFlags
	qconfig string
	keep    string
	shards  int // processes that evaluate; 0 is none

	qat    bool
	html   string
	epochs int
	seed   uint64
}

func newDemoCommand(c *console.Console) *cobra.Command {
	f := &demoFlags{}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Quantize a small embedded model and compare it with its float original",
		Long: `demo takes a float checkpoint that PyTorch saved (a small residual network trained on
Fashion-MNIST, embedded in this program), quantizes it for both backends on images of
the training set, and measures float and int8: accuracy on the 10,000 test images, time
on one of them at a time, in turns and on one thread.

With --qat it takes a network of depthwise convolutions and allows its weights 6 bits
with one scale each: post-training quantization then loses some five points, and a few
minutes of quantization-aware training on embedded training images win them back. A
page with plots shows how.

With --shards 4 the int8 model is evaluated by four processes, as on a cluster, and
what they count is merged; the commands are shown.`,
		Example: `  octet demo
  octet demo --keep demo/ && octet inspect demo/int8_fbgemm.pth
  octet demo --qat
  octet demo --shards 4
  octet demo --limit 1000 --json`,
		Args: cobra.NoArgs,
		RunE: c.Command(func(cmd *cobra.Command, _ []string) error {
			for _, name := range []string{"html", "epochs", "seed"} {
				if !f.qat && cmd.Flags().Changed(name) {
					return exit.Usagef("--%s goes with --qat", name)
				}
			}
			if cmd.Flags().Changed("shards") {
				if err := onlyShards(cmd); err != nil {
					return err
				}
				return f.runShards(cmd.Context(), c)
			}
			return runDemo(cmd.Context(), c, f)
		}),
	}
	f.data.Register(cmd, 64)
	cmd.Flags().StringVar(&f.qconfig, "qconfig", octet.DefaultQConfig, "observers: default (histogram) or torchvision (min/max)")
	cmd.Flags().StringVar(&f.keep, "keep", "", "keep the model files and the data in this `FOLDER`")
	fl := cmd.Flags()
	fl.BoolVar(&f.qat, "qat", false, "train with quantization in the loop, in a setting that is hard to quantize")
	fl.StringVar(&f.html, "html", demoPage, "of --qat: page with plots to write, `FILE`.html; none writes none")
	fl.IntVar(&f.epochs, "epochs", demoEpochs, "of --qat: how often each image is trained on")
	fl.Uint64Var(&f.seed, "seed", 1, "of --qat: decides order and augmentation")
	fl.IntVar(&f.shards, "shards", 0, "evaluate the int8 model in `N` processes and merge their counts, as on a cluster")
	console.Exclusive(cmd, "qat", "qconfig")
	console.Exclusive(cmd, "qat", "shards")
	console.Complete(cmd, "qconfig", inputs.QConfigNames()...)
	return cmd
}

// demoRow is one model of the comparison.
type demoRow struct {
	Name    string        `json:"name"`
	Kind    string        `json:"kind"`
	Backend octet.Backend `json:"backend,omitempty"`
	File    string        `json:"file,omitempty"`
	Bytes   int64         `json:"bytes"`
	Ratio   float64       `json:"size_ratio"`        // of the float file
	Drop    float64       `json:"top1_drop_points"`  // below float
	Each    float64       `json:"microseconds_each"` // one image at a time, median

	Speed *report.Speed `json:"speed,omitempty"` // beside float
	score
}

// demoOutput is the JSON document of `octet demo`.
type demoOutput struct {
	Arch        string    `json:"arch"`
	Calibration int       `json:"calibration_images"`
	QConfig     string    `json:"qconfig"`
	Models      []demoRow `json:"models"`
	Threads     int       `json:"threads"` // of a run that was timed

	Training *demoTraining `json:"training,omitempty"` // of --qat

	Seconds float64 `json:"seconds"`
	Kept    string  `json:"kept,omitempty"`
}

func runDemo(ctx context.Context, c *console.Console, f *demoFlags) error {
	if err := f.data.Check(); err != nil {
		return err
	}
	if err := f.checkTraining(); err != nil {
		return err
	}
	if err := console.WritableFolder(f.keep); err != nil {
		return err
	}
	if f.qat {
		if err := c.Expect(console.Planned{Path: f.html, Bytes: console.PageSize}); err != nil {
			return err
		}
	}
	start := time.Now()
	folder, done, err := f.folder()
	if err != nil {
		return err
	}
	defer done()
	if err := c.Expect(f.kept()...); err != nil {
		return err
	}
	out := demoOutput{QConfig: f.qconfig, Kept: f.keep}
	show := f.compare
	if f.qat {
		show = f.train
	}
	if err := show(ctx, c, folder, &out); err != nil {
		return err
	}
	out.Seconds = time.Since(start).Seconds()
	return c.Result(out, out.print)
}

// folder is where the files are worked on: that of --keep, or a temporary one.
func (f *demoFlags) folder() (path string, done func(), err error) {
	if f.keep != "" {
		return f.keep, func() {}, exit.WithCode(exit.Output, os.MkdirAll(f.keep, 0o755))
	}
	path, err = os.MkdirTemp("", "octet-demo-")
	return path, func() { os.RemoveAll(path) }, exit.WithCode(exit.Output, err)
}

// kept are the files that --keep leaves in its folder.
func (f *demoFlags) kept() []console.Planned {
	if f.keep == "" {
		return nil
	}
	names := []string{demoNetwork, demoCalibration, demoTest, "int8_fbgemm.pth", "int8_qnnpack.pth"}
	if f.qat {
		names = []string{demoHardModel, demoTrain, demoTest, "int8_ptq.pth", "int8_qat.pth"}
	}
	var files []console.Planned
	for _, name := range names {
		files = append(files, console.Planned{Path: filepath.Join(f.keep, name)})
	}
	return files
}

// compare quantizes for both backends and measures all three models.
func (f *demoFlags) compare(ctx context.Context, c *console.Console, folder string, out *demoOutput) error {
	if err := unpackDemo(folder, demoNetwork, demoCalibration, demoTest); err != nil {
		return err
	}
	float, err := octet.Open(filepath.Join(folder, demoNetwork))
	if err != nil {
		return err
	}
	out.Arch = float.Arch()
	if err := f.measure(ctx, c, folder, demoNetwork, "float", float, out); err != nil {
		return err
	}
	models := []*octet.Model{float}
	for _, backend := range []octet.Backend{octet.FBGEMM, octet.QNNPACK} {
		name := "int8_" + string(backend) + ".pth"
		if err := f.quantize(ctx, c, float, folder, name, backend, out); err != nil {
			return err
		}
		// The model is saved and opened again, so that what is measured is the file.
		int8, err := octet.Open(filepath.Join(folder, name))
		if err != nil {
			return err
		}
		if err := f.measure(ctx, c, folder, name, "int8 "+string(backend), int8, out); err != nil {
			return err
		}
		models = append(models, int8)
	}
	return f.time(ctx, c, folder, models, out)
}

func (f *demoFlags) quantize(ctx context.Context, c *console.Console, float *octet.Model, folder, name string, backend octet.Backend, out *demoOutput) error {
	flags := f.data
	flags.Limit = 0
	data, err := flags.Open(c, float, []string{filepath.Join(folder, demoCalibration)})
	if err != nil {
		return err
	}
	defer data.Close()
	stage := c.Begin("calibrate "+string(backend), "images", data.Total())
	int8, summary, err := octet.Quantize(ctx, float, data.Tensors(ctx, octet.DefaultBatchSize),
		octet.WithBackend(backend), octet.WithQConfig(f.qconfig), octet.WithThreads(flags.Threads),
		octet.WithSource("Fashion-MNIST training images"), octet.WithProgress(stage.Set))
	stage.End()
	if err != nil {
		return err
	}
	out.Calibration = summary.Images
	return exit.WithCode(exit.Output, int8.Save(ctx, filepath.Join(folder, name)))
}

func (f *demoFlags) measure(ctx context.Context, c *console.Console, folder, file, name string, m *octet.Model, out *demoOutput) error {
	flags := inputs.LabelledFlags{Data: f.data}
	data, err := flags.Open(c, m, filepath.Join(folder, demoTest))
	if err != nil {
		return err
	}
	defer data.Close()
	s, err := evaluate(ctx, c, m, data, "eval "+name, f.data)
	if err != nil {
		return err
	}
	row := demoRow{Name: name, Kind: inputs.KindOf(m), Backend: m.Backend(), Bytes: console.FileSize(filepath.Join(folder, file)), score: s}
	if f.keep != "" {
		row.File = filepath.Join(f.keep, file)
	}
	if len(out.Models) == 0 {
		out.Models = append(out.Models, row)
	}
	float := out.Models[0]
	row.Ratio = console.Ratio(row.Bytes, float.Bytes)
	row.Drop = float.Top1Percent - s.Top1Percent
	if row.Kind == "float" {
		out.Models[0] = row
		return nil
	}
	out.Models = append(out.Models, row)
	return nil
}

func (o demoOutput) print(w io.Writer) {
	if t := o.Training; t != nil {
		t.curve(w)
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "%s on Fashion-MNIST: %d test images; calibrated on %d training images, qconfig %s\n",
		o.Arch, o.Models[0].Images, o.Calibration, o.QConfig)
	if t := o.Training; t != nil {
		fmt.Fprintf(w, "%s; trained for %d epochs on %d images\n", t.Setting, len(t.Epochs), t.Images)
	}
	fmt.Fprintln(w)
	t := console.NewTable(w, "model", "top-1", "change", "size", "of float", "time per image", "speed")
	for _, m := range o.Models {
		change, speed := "", ""
		if m.Kind != "float" {
			change = fmt.Sprintf("%+.2f points", 0-m.Drop)
			speed = m.Speed.Short()
		}
		t.AppendRow([]any{m.Name, fmt.Sprintf("%.2f %%", m.Top1Percent), change, report.Size(m.Bytes), fmt.Sprintf("%.2f", m.Ratio), fmt.Sprintf("%.1f µs", m.Each), speed})
	}
	t.Render()
	o.printSpeed(w)
	fmt.Fprintf(w, "\ntook %.1f s\n", o.Seconds)
	if t := o.Training; t != nil && t.HTML != "" {
		fmt.Fprintf(w, "%s is a page with plots\n", t.HTML)
	}
	if o.Kept != "" {
		fmt.Fprintf(w, "the files are in %s; try: octet inspect %s\n", o.Kept, o.Models[1].File)
	}
}
