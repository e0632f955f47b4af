package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
)

// evalFlags are the flags of `octet eval`.
type evalFlags struct {
	inputs.LabelledFlags
	shard   inputs.ShardFlags
	output  string // of a shard
	against string // file of the reference; empty where there is none
}

func newEvalCommand(c *console.Console) *cobra.Command {
	f := &evalFlags{LabelledFlags: inputs.LabelledFlags{Data: inputs.DataFlags{Spread: true}}}
	cmd := &cobra.Command{
		Use:   "eval MODEL.{pth,onnx,pt2} DATA",
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
between the classes 0 and 1 by the sign of its logit.

--against FLOAT.pth computes another model on the same images, the float one that an int8 model
was made of, and counts how often both name the same class and how far logits are apart.

With --shard 2/4 one part of the data is evaluated and its counts are written; octet merge
adds those of all parts, whose sum is that of one run to the last image. Then DATA may also be
tars as WebDataset has them, by a pattern val-{000..146}.tar, a list @FILE, or addresses of
http, https or s3, and labels may be in the archives as NAME.cls; docs/cluster.md has more.`,
		Example: `  octet eval resnet18_int8.pth imagenet/val --batch-size 64
  octet eval model.pth --arch resnet18 pets/ --labels pets.txt
  octet eval epoch9.pth --graph-of model.pt2 pets/ --labels pets.txt
  octet eval model.pth --arch resnet18 imagenette/val --class-map folders.txt
  octet eval int8.pth imagenet/val --against float.pth
  octet eval int8.pth imagenet/val --shard 2/4 --output part2.json`,
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: inputs.CompleteModel(),
		RunE: c.Command(func(cmd *cobra.Command, args []string) error {
			return runEval(c, cmd, f, args[0], args[1])
		}),
	}
	f.Model.Register(cmd)
	f.Data.Register(cmd, 32)
	cmd.Flags().StringVar(&f.Truth, "truth", "", inputs.TruthUsage)
	cmd.Flags().BoolVar(&f.Names, "truth-from-names", false, inputs.NamesUsage)
	cmd.Flags().StringVar(&f.ClassMap, "class-map", "", "`FILE` with one line per folder: its name, a tab, and the number or label of its class")
	cmd.Flags().StringVarP(&f.output, "output", "o", "", "with --shard: write its counts as `FILE`.json")
	cmd.Flags().StringVar(&f.against, "against", "", "count how the answers differ from those of another model, the `REFERENCE`, such as the float model that MODEL was made of")
	f.shard.Register(cmd, "output")
	return cmd
}

// score is an octet.Evaluation in a document, with what is known of the data.
type score struct {
	Images      int               `json:"images"`
	Top1        int               `json:"top1_correct"`
	Top5        int               `json:"top5_correct"`
	Top1Percent float64           `json:"top1_percent"`
	Top5Percent float64           `json:"top5_percent"`
	Seconds     float64           `json:"seconds"` // of computing, without reading images
	Skipped     []string          `json:"skipped,omitempty"`
	Damaged     []string          `json:"damaged,omitempty"`  // read in spite of damage
	LeftOut     []string          `json:"left_out,omitempty"` // files that are not samples
	NonFinite   *inputs.NonFinite `json:"non_finite,omitempty"`
	Against     *against          `json:"against,omitempty"`
}

// evalOutput is the JSON document of `octet eval`.
type evalOutput struct {
	Model       string        `json:"model"`
	Arch        string        `json:"arch"`
	Kind        string        `json:"kind"`
	Backend     octet.Backend `json:"backend,omitempty"`
	Data        string        `json:"data"`
	Classes     int           `json:"classes"`
	Assumptions []string      `json:"assumptions,omitempty"`
	// Transform is set if neither file nor flags say whether the model transforms its input.
	Transform *octet.TransformTrial `json:"transform_input,omitempty"`
	score
}

func runEval(c *console.Console, cmd *cobra.Command, f *evalFlags, path, where string) error {
	if err := f.shard.Check(); err != nil {
		return err
	}
	if f.shard.Shard != "" {
		return evalShard(c, cmd, f, path, where)
	}
	if f.output != "" {
		return exit.Usagef("--output goes with --shard; 1/1 is all data, and --json prints the result")
	}
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
	reference, err := f.openReference(c, cmd, f.Data.Compile)
	if err != nil {
		return err
	}
	s, err := evaluateAgainst(cmd.Context(), c, model, reference, data, "eval", f.Data)
	if err != nil {
		return err
	}
	if s.Against != nil {
		s.Against.Reference = f.against
	}
	out := evalOutput{path, model.Arch(), inputs.KindOf(model), model.Backend(), where, model.Classes(), inputs.Texts(model.Assumptions()), trial, s}
	return c.Result(out, out.print)
}

// evaluate computes all data and counts the right answers. Inputs without a label are
// an error.
func evaluate(ctx context.Context, c *console.Console, model *octet.Model, data *inputs.Data, name string, f inputs.DataFlags) (score, error) {
	return evaluateAgainst(ctx, c, model, nil, data, name, f)
}

// evaluateAgainst is evaluate that compares with a reference, unless that is nil.
func evaluateAgainst(ctx context.Context, c *console.Console, model *octet.Model, reference *octet.Session, data *inputs.Data, name string, f inputs.DataFlags) (score, error) {
	session, err := f.Compile(model)
	if err != nil {
		return score{}, err
	}
	stage := c.Begin(name, "images", data.Total())
	defer stage.End()
	batches := inputs.Watched(data.Batches(ctx, f.BatchSize), stage)
	var e *octet.Evaluation
	if reference == nil {
		e, err = session.Evaluate(ctx, batches)
	} else {
		e, err = session.EvaluateAgainst(ctx, reference, batches)
	}
	if err != nil {
		return score{}, exit.WithCode(exit.Data, err)
	}
	return score{
		Images: e.Inputs, Top1: e.Top1, Top5: e.Top5, Top1Percent: e.Top1Percent(), Top5Percent: e.Top5Percent(), Seconds: e.Took.Seconds(),
		Skipped: data.Skipped(), Damaged: data.DamagedImages(), LeftOut: data.LeftOut, NonFinite: data.NonFinite.Found(),
		Against: againstOf(e.Against, "", e.Inputs),
	}, nil
}

func (o evalOutput) print(w io.Writer) {
	fmt.Fprintf(w, "top-1   %6.2f %%  (%d of %d images)\n", o.Top1Percent, o.Top1, o.Images)
	if o.Classes > 5 {
		fmt.Fprintf(w, "top-5   %6.2f %%  (%d of %d images)\n", o.Top5Percent, o.Top5, o.Images)
	}
	o.Against.print(w)
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
