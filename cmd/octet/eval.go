package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/compare"
)

func newEvalCommand(c *console) *cobra.Command {
	f := &evalFlags{data: dataFlags{spread: true}}
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
		ValidArgsFunction: completeModel("pth", "pt"),
		RunE: c.command(func(cmd *cobra.Command, args []string) error {
			return runEval(c, cmd, f, args[0], args[1])
		}),
	}
	f.model.register(cmd)
	f.data.register(cmd, 32)
	cmd.Flags().StringVar(&f.truth, "truth", "", truthUsage)
	cmd.Flags().BoolVar(&f.names, "truth-from-names", false, namesUsage)
	cmd.Flags().StringVar(&f.classMap, "class-map", "", "`FILE` with one line per folder: its name, a tab, and the number or label of its class")
	return cmd
}

// score counts how often a model was right.
type score struct {
	Images      int        `json:"images"`
	Top1        int        `json:"top1_correct"`
	Top5        int        `json:"top5_correct"`
	Top1Percent float64    `json:"top1_percent"`
	Top5Percent float64    `json:"top5_percent"`
	Seconds     float64    `json:"seconds"` // of computing, without reading images
	Skipped     []string   `json:"skipped,omitempty"`
	Damaged     []string   `json:"damaged,omitempty"`  // read all the same
	LeftOut     []string   `json:"left_out,omitempty"` // files that were no samples
	NonFinite   *nonFinite `json:"non_finite,omitempty"`
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

func runEval(c *console, cmd *cobra.Command, f *evalFlags, path, where string) error {
	model, err := f.model.open(c, cmd, path)
	if err != nil {
		return err
	}
	data, err := f.open(c, model, where)
	if err != nil {
		return err
	}
	defer data.close()
	trial, err := tryTransform(cmd.Context(), c, path, model, data, true)
	if err != nil {
		return err
	}
	s, err := measure(cmd.Context(), c, model, data, "eval", f.data)
	if err != nil {
		return err
	}
	out := evalOutput{path, model.Arch(), kindOf(model), model.Backend(), where, model.Classes(), texts(model.Assumptions()), trial, s}
	return c.result(out, out.print)
}

// measure computes all data and counts the right answers. Inputs without a
// label are an error.
func measure(ctx context.Context, c *console, model *octet.Model, data *inputData, name string, f dataFlags) (score, error) {
	var s score
	session, err := f.compile(model)
	if err != nil {
		return s, err
	}
	stage := c.begin(name, "images", data.total())
	defer stage.end()
	var took time.Duration
	for b, err := range data.batches(ctx, f.batchSize) {
		if err != nil {
			return s, withCode(exitData, err)
		}
		start := time.Now()
		y, err := session.Run(ctx, b.x)
		took += time.Since(start)
		if err != nil {
			return s, withCode(exitData, err)
		}
		for i, logits := range rowsOf(y) {
			if err := s.add(logits, b.labels[i]); err != nil {
				return s, withCode(exitData, fmt.Errorf("%s: %w", b.names[i], err))
			}
		}
		stage.set(s.Images)
	}
	if s.Images == 0 {
		return s, withCode(exitData, errors.New("no image could be used"+skippedText(data.skipped())))
	}
	s.Damaged = data.damagedImages()
	s.NonFinite = data.odd.found()
	s.Skipped, s.LeftOut, s.Seconds = data.skipped(), data.leftOut, took.Seconds()
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
	fmt.Fprintf(w, "time    %s, %s per image\n", durationText(time.Duration(o.Seconds*float64(time.Second))), durationText(each))
	if text := describeSkipped(o.Skipped); text != "" {
		fmt.Fprintf(w, "        %s\n", text)
	}
	if text := describeDamaged(o.Damaged); text != "" {
		fmt.Fprintf(w, "        %s\n", text)
	}
	if o.NonFinite != nil {
		fmt.Fprintf(w, "        %s\n", o.NonFinite)
	}
	for _, text := range o.LeftOut {
		fmt.Fprintf(w, "        %s\n", text)
	}
}
