package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/internal/compare"
)

func newEvalCommand(c *console.Console) *cobra.Command {
	f := &inputs.LabelledFlags{Data: inputs.DataFlags{Spread: true}}
	cmd := &cobra.Command{
		Use:   "eval MODEL.pth DATA",
		Short: "Measure the accuracy of a model on labelled images",
		Long: `eval computes a model on labelled images and prints its top-1 and top-5 accuracy.
DATA is a folder or tar archive with one folder of images per class, an IDX file,
a .npz with arrays x and y, or a .npy with --truth. The labels of a flat folder come
from a CSV (--truth) or from the names of its files (--truth-from-names).

Folders are classes in the order of their names, as torchvision's ImageFolder has
them; files beside them and hidden folders are ignored, and said. When the model's
labels are known, the folders must bear those names, in any order; ImageNet's WordNet
numbers are known. Otherwise their number must be the number of classes. --class-map
says how other folders correspond to classes. A model with a single output decides
between the classes 0 and 1 by the sign of its logit.`,
		Example: `  octet eval resnet18_int8.pth imagenet/val --batch-size 64
  octet eval model.pth --arch resnet18 pets/ --labels pets.txt
  octet eval model.pth --arch resnet18 imagenette/val --class-map folders.txt`,
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: inputs.CompleteModel("pth", "pt"),
		RunE: c.Command(func(cmd *cobra.Command, args []string) error {
			return runEval(c, cmd, f, args[0], args[1])
		}),
	}
	f.Model.Register(cmd)
	f.Data.Register(cmd, 32)
	cmd.Flags().StringVar(&f.Truth, "truth", "", inputs.TruthUsage)
	cmd.Flags().BoolVar(&f.Names, "truth-from-names", false, inputs.NamesUsage)
	cmd.Flags().StringVar(&f.ClassMap, "class-map", "", "`FILE` with one line per folder: its name, a tab, and the number or label of its class")
	return cmd
}

// score counts how often a model was right.
type score struct {
	Images      int               `json:"images"`
	Top1        int               `json:"top1_correct"`
	Top5        int               `json:"top5_correct"`
	Top1Percent float64           `json:"top1_percent"`
	Top5Percent float64           `json:"top5_percent"`
	Seconds     float64           `json:"seconds"` // of computing, without reading images
	Skipped     []string          `json:"skipped,omitempty"`
	Damaged     []string          `json:"damaged,omitempty"`  // read all the same
	LeftOut     []string          `json:"left_out,omitempty"` // files that were no samples
	NonFinite   *inputs.NonFinite `json:"non_finite,omitempty"`
}

// evalOutput is the JSON document of `octet eval`.
type evalOutput struct {
	Model       string   `json:"model"`
	Arch        string   `json:"arch"`
	Kind        string   `json:"kind"`
	Backend     string   `json:"backend,omitempty"`
	Data        string   `json:"data"`
	Classes     int      `json:"classes"`
	Assumptions []string `json:"assumptions,omitempty"`
	// Transform is set where nobody says whether the model transforms its input.
	Transform *octet.TransformTrial `json:"transform_input,omitempty"`
	score
}

func runEval(c *console.Console, cmd *cobra.Command, f *inputs.LabelledFlags, path, where string) error {
	model, err := f.Model.Open(c, cmd, path)
	if err != nil {
		return err
	}
	data, err := f.Open(c, model, where)
	if err != nil {
		return err
	}
	defer data.Close()
	trial, err := inputs.TryTransform(cmd.Context(), c, path, model, data, true)
	if err != nil {
		return err
	}
	s, err := countRight(cmd.Context(), c, model, data, "eval", f.Data)
	if err != nil {
		return err
	}
	out := evalOutput{path, model.Arch(), inputs.KindOf(model), model.Backend(), where, model.Classes(), inputs.Texts(model.Assumptions()), trial, s}
	return c.Result(out, out.print)
}

// countRight computes all data and counts the right answers. Inputs without a
// label are an error.
func countRight(ctx context.Context, c *console.Console, model *octet.Model, data *inputs.Data, name string, f inputs.DataFlags) (score, error) {
	var s score
	session, err := f.Compile(model)
	if err != nil {
		return s, err
	}
	stage := c.Begin(name, "images", data.Total())
	defer stage.End()
	var took time.Duration
	for b, err := range data.Batches(ctx, f.BatchSize) {
		if err != nil {
			return s, exit.WithCode(exit.Data, err)
		}
		start := time.Now()
		y, err := session.Run(ctx, b.X)
		took += time.Since(start)
		if err != nil {
			return s, exit.WithCode(exit.Data, err)
		}
		for i, logits := range inputs.RowsOf(y) {
			if err := s.add(logits, b.Labels[i]); err != nil {
				return s, exit.WithCode(exit.Data, fmt.Errorf("%s: %w", b.Names[i], err))
			}
		}
		stage.Set(s.Images)
	}
	if s.Images == 0 {
		return s, exit.WithCode(exit.Data, errors.New("no image could be used"+inputs.SkippedText(data.Skipped())))
	}
	s.Damaged = data.DamagedImages()
	s.NonFinite = data.NonFinite.Found()
	s.Skipped, s.LeftOut, s.Seconds = data.Skipped(), data.LeftOut, took.Seconds()
	s.Top1Percent = 100 * float64(s.Top1) / float64(s.Images)
	s.Top5Percent = 100 * float64(s.Top5) / float64(s.Images)
	return s, nil
}

// add counts one image.
func (s *score) add(logits []float32, label int) error {
	if label < 0 || label >= compare.Classes(len(logits)) {
		return fmt.Errorf("its label is %d; the model has the classes 0..%d", label, compare.Classes(len(logits))-1)
	}
	ahead := compare.Ahead(logits, label)
	s.Images++
	if ahead < 1 {
		s.Top1++
	}
	if ahead < 5 {
		s.Top5++
	}
	return nil
}

func (o evalOutput) print(w io.Writer) {
	fmt.Fprintf(w, "top-1   %6.2f %%  (%d of %d images)\n", o.Top1Percent, o.Top1, o.Images)
	if o.Classes > 5 {
		fmt.Fprintf(w, "top-5   %6.2f %%  (%d of %d images)\n", o.Top5Percent, o.Top5, o.Images)
	}
	each := time.Duration(o.Seconds / float64(o.Images) * float64(time.Second))
	fmt.Fprintf(w, "time    %s, %s per image\n", console.DurationText(time.Duration(o.Seconds*float64(time.Second))), console.DurationText(each))
	if text := inputs.DescribeSkipped(o.Skipped); text != "" {
		fmt.Fprintf(w, "        %s\n", text)
	}
	if text := inputs.DescribeDamaged(o.Damaged); text != "" {
		fmt.Fprintf(w, "        %s\n", text)
	}
	if o.NonFinite != nil {
		fmt.Fprintf(w, "        %s\n", o.NonFinite)
	}
	for _, text := range o.LeftOut {
		fmt.Fprintf(w, "        %s\n", text)
	}
}
