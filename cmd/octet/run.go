package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/spelling"
	"github.com/octet-ml/octet/serve"
	"github.com/octet-ml/octet/tensor"
)

// runFlags are the flags of `octet run`.
type runFlags struct {
	model inputs.ModelFlags
	data  inputs.DataFlags
	shard inputs.ShardFlags

	input   []string
	arrays  inputs.Arrays // what was read of them
	output  string
	top     int
	dump    string
	draw    string
	offline bool
}

func newRunCommand(c *console.Console) *cobra.Command {
	f := &runFlags{}
	cmd := &cobra.Command{
		Use:   "run MODEL {IMAGE... | --input X.npy}",
		Short: "Run a model, float or int8, on images or arrays",
		Long: `run computes a model on its inputs and prints the most probable classes, or writes
the logits as a .npy file. Inputs are images, folders of images, or .npy files of
float32 [N, C, H, W], which are taken as they are; - is an image on standard input, and
an address of http or https one that is downloaded, up to 64 MiB in a minute. Float and int8 files are told
apart by their content. zoo:NAME in place of the file stands for weights that torchvision
publishes (octet zoo list), with their labels and preprocessing; zoo:resnet18 is the best
int8 one of that architecture. Of a model with a single
output, the logit and its sigmoid are printed.

With --shard 2/4 the predictions for one part of the images are written as lines of JSON,
which octet merge joins with those of the others in one order; docs/cluster.md has more.`,
		Example: `  octet run resnet18_int8.pth cat.jpg dog.png
  octet run zoo:resnet50 photo.jpg --draw labelled.png
  octet run zoo:ResNet50_QuantizedWeights.DEFAULT https://example.org/photo.jpg
  octet run resnet18_int8.pth - < photo.jpg
  octet run model.pth --arch resnet18 photos/ --top 3
  octet run model.pth --arch resnet18 --backend fbgemm --input x.npy --output y.npy
  octet run int8.pth photos/ --shard 2/4 --output part2.jsonl
  octet run encoder.onnx --input input_ids=ids.npy --input attention_mask=mask.npy --output y.npz`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: inputs.CompleteModel(),
		RunE: c.Command(func(cmd *cobra.Command, args []string) error {
			return runRun(c, cmd, f, args[0], args[1:])
		}),
	}
	f.model.Register(cmd)
	f.data.Register(cmd, 32)
	f.shard.Register(cmd, "output")
	fl := cmd.Flags()
	fl.StringArrayVar(&f.input, "input", nil, "`[NAME=]FILE`.npy in place of images: float32 [N, C, H, W], or what the input NAME of an ONNX model takes; once for each input")
	fl.StringVarP(&f.output, "output", "o", "", "write the logits as `FILE`.npy, float32 [N, classes], or all outputs by name as FILE.npz; - is standard output. Types that NumPy lacks, bfloat16 and those of at most 8 bits, are float32, int8 or uint8 there, and in inputs")
	fl.IntVar(&f.top, "top", 5, "how many classes to print per input")
	fl.StringVar(&f.draw, "draw", "", "write the image with its labels below it as `FILE`.png; several get numbers")
	fl.BoolVar(&f.offline, "offline", false, "download nothing, neither weights nor images")
	fl.StringVar(&f.dump, "dump-layers", "", "write every node's output into this `FOLDER`")
	fl.MarkHidden("dump-layers")
	return cmd
}

// runOutput is the JSON document of `octet run`.
type runOutput struct {
	Model       string            `json:"model"`
	Arch        string            `json:"arch"`
	Kind        string            `json:"kind"`
	Backend     octet.Backend     `json:"backend,omitempty"`
	Assumptions []string          `json:"assumptions,omitempty"`
	Inputs      int               `json:"inputs"`
	Skipped     []string          `json:"skipped,omitempty"`
	Damaged     []string          `json:"damaged,omitempty"` // read in spite of damage
	NonFinite   *inputs.NonFinite `json:"non_finite,omitempty"`
	Seconds     float64           `json:"seconds"` // of computing, without reading inputs
	Output      string            `json:"output,omitempty"`
	Shape       []int             `json:"shape,omitempty"`
	Drawn       []string          `json:"drawn,omitempty"` // files of --draw
	Results     []runResult       `json:"results,omitempty"`
}

type runResult struct {
	Input string             `json:"input"`
	Top   []octet.Prediction `json:"top"`
}

func runRun(c *console.Console, cmd *cobra.Command, f *runFlags, path string, given []string) error {
	if err := f.shard.Check(); err != nil {
		return err
	}
	if f.shard.Shard != "" {
		return runShard(c, cmd, f, path, given)
	}
	if len(f.input) > 0 {
		if len(given) > 0 {
			return exit.Usagef("--input and %q are both inputs: give one or the other", given[0])
		}
		given = f.input
	}
	if len(given) == 0 && !console.HoldsGraph(f.model.GraphFile(path)) {
		return exit.Usagef("no input: name images, folders or .npy files behind the model, or --input X.npy")
	}
	if f.top < 1 {
		return exit.Usagef("--top %d: at least 1", f.top)
	}
	if f.draw != "" && f.output != "" {
		return exit.Usagef("--draw needs the labels that --output writes logits in place of: give one of them")
	}
	if err := console.CheckOutputs(console.Output{Flag: "output", Path: f.output, Kind: f.outputKind()}, console.Output{Flag: "draw", Path: f.draw, Kind: console.PictureOutput}); err != nil {
		return err
	}
	f.model.Offline = f.offline
	model, err := f.model.Open(c, cmd, path)
	for errors.Is(err, graph.ErrComputed) && f.bindMore(c) {
		model, err = f.model.Open(c, cmd, path)
	}
	if err != nil {
		return err
	}
	if len(given) == 0 && len(model.Graph().Inputs) > 0 {
		return exit.Usagef("no input: name images, folders or .npy files behind the model, or --input X.npy")
	}
	if f.tensors(model) {
		return runNamed(c, cmd, f, path, model)
	}
	if err := f.checkOutput(model); err != nil {
		return err
	}
	if f.data.Pictures, err = inputs.FetchPictures(cmd.Context(), c, given, f.offline); err != nil {
		return err
	}
	data, err := f.data.Open(c, model, given, dataset.WithoutClasses())
	if err != nil {
		return err
	}
	defer data.Close()
	if err := c.Expect(console.Planned{Path: f.output, Bytes: 4 * int64(data.Total()*model.Classes())}); err != nil {
		return err
	}
	session, err := f.data.Compile(model)
	if err != nil {
		return err
	}
	if f.dump != "" {
		return dumpLayers(cmd.Context(), c, model, session, data, f.dump, f.output)
	}
	outputs, names, took, err := runAll(cmd, c, session, data, f.data.BatchSize)
	if err != nil {
		return err
	}
	logits := outputs[0].Tensor
	rows := classRows(outputs, len(names))
	if f.byName() || rows == nil {
		if f.draw != "" {
			return exit.Usagef("--draw: %s gives %v, which are no classes", path, logits)
		}
		return f.keep(c, namedOutput{Model: path, Seconds: took.Seconds(), Output: f.output}, outputs)
	}
	out := runOutput{Model: path, Arch: model.Arch(), Kind: inputs.KindOf(model), Backend: model.Backend(), Assumptions: inputs.Texts(model.Assumptions())}
	out.Damaged = data.DamagedImages()
	out.Inputs, out.Skipped, out.NonFinite, out.Seconds = len(names), data.Skipped(), data.NonFinite.Found(), took.Seconds()
	if f.output != "" {
		if err := c.WriteArray(f.output, logits); err != nil {
			return err
		}
		out.Output, out.Shape = f.output, logits.Shape()
	} else {
		labels, assumed := model.Labels()
		if assumed && labels != nil {
			c.Note("assumed: %s", inputs.LabelsAssumed(labels))
		}
		for i, row := range rows {
			out.Results = append(out.Results, runResult{names[i], octet.TopK(row, f.top, labels)})
		}
		if f.draw != "" {
			if out.Drawn, err = drawLabels(cmd.Context(), c, f.draw, data.Source, out.Results); err != nil {
				return err
			}
		}
	}
	return c.Result(out, out.print)
}

// checkOutput demands of --output a file that holds what the model gives. The outputs of a state
// dict have no names.
func (f *runFlags) checkOutput(model *octet.Model) error {
	if model.Arch() != "" {
		return console.CheckOutputs(console.Output{Flag: "output", Path: f.output, Kind: console.ArrayStream})
	}
	if outputs := len(model.Graph().Outputs); outputs != 1 && f.output != "" && !f.byName() {
		return exit.Usagef("--output %s: the model has %d outputs; give a file that ends in .npz", f.output, outputs)
	}
	return nil
}

// runAll computes the outputs of all inputs, and joins those of batches.
func runAll(cmd *cobra.Command, c *console.Console, session *octet.Session, data *inputs.Data, batchSize int) ([]console.NamedTensor, []string, time.Duration, error) {
	var parts [][]*tensor.Tensor // of every batch
	var declared []octet.ValueInfo
	var names []string
	var took time.Duration
	stage := c.Begin("run", "inputs", data.Total())
	defer stage.End()
	for b, err := range data.Batches(cmd.Context(), batchSize) {
		if err != nil {
			return nil, nil, 0, exit.WithCode(exit.Data, err)
		}
		start := time.Now()
		y, err := session.RunAll(cmd.Context(), b.Input)
		took += time.Since(start)
		if err != nil {
			return nil, nil, 0, exit.WithCode(exit.Data, err)
		}
		if declared == nil {
			if declared, err = session.Outputs(); err != nil { // a state dict declares none
				declared, err = session.Outputs(b.Input.Shape()...)
			}
			if err != nil {
				return nil, nil, 0, exit.WithCode(exit.Model, err)
			}
		}
		parts, names = append(parts, y), append(names, b.Names...)
		stage.Set(len(names))
	}
	if len(names) == 0 {
		return nil, nil, 0, exit.WithCode(exit.Data, errors.New("no input could be used"+inputs.SkippedText(data.Skipped())))
	}
	outputs, err := joined(declared, parts, len(names))
	return outputs, names, took, exit.WithCode(exit.Data, err)
}

// joined puts the outputs of batches of n inputs behind one another.
func joined(outputs []octet.ValueInfo, parts [][]*tensor.Tensor, n int) ([]console.NamedTensor, error) {
	var all []console.NamedTensor
	for i, v := range outputs {
		first := parts[0][i]
		if len(parts) == 1 {
			all = append(all, console.NamedTensor{Name: v.Name, Tensor: first})
			continue
		}
		var list []*tensor.Tensor
		rows := 0
		for _, y := range parts {
			if len(y[i].Shape()) == 0 || !y[i].Shape()[1:].Equal(first.Shape()[1:]) {
				return nil, fmt.Errorf("output %s is %v of one batch and %v of another: run one input at a time", v.Name, first, y[i])
			}
			list = append(list, y[i])
			rows += y[i].Dim(0)
		}
		if rows != n {
			return nil, fmt.Errorf("output %s is %v, whose leading axis does not count inputs: run one at a time", v.Name, first)
		}
		all = append(all, console.NamedTensor{Name: v.Name, Tensor: tensor.JoinRows(list...)})
	}
	return all, nil
}

// classRows are the logits of n inputs; nil where the outputs are no classes of each.
func classRows(outputs []console.NamedTensor, n int) [][]float32 {
	if rows := serve.ClassRows(outputs[0].Tensor); len(outputs) == 1 && len(rows) == n {
		return rows
	}
	return nil
}

func (o runOutput) print(w io.Writer) {
	if o.Output != "" {
		fmt.Fprintf(w, "%s: float32%v\n", o.Output, tensor.Shape(o.Shape))
		return
	}
	defer func() {
		if len(o.Drawn) > 0 {
			fmt.Fprintf(w, "drawn      %s\n", spelling.Abbreviate(o.Drawn, 3))
		}
	}()
	if len(o.Results) > 0 && o.Results[0].Top[0].Sigmoid != nil {
		printSigmoids(w, o.Results)
		return
	}
	t := console.NewTable(w, "input", "", "class", "label", "probability")
	t.SuppressEmptyColumns()
	for _, r := range o.Results {
		for i, p := range r.Top {
			name := ""
			if i == 0 {
				name = r.Input
			}
			t.AppendRow([]any{name, i + 1, p.Class, p.Label, fmt.Sprintf("%.2f %%", 100*p.Probability)})
		}
	}
	t.Render()
}
