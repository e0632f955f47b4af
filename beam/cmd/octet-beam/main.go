// Command octet-beam evaluates, labels or calibrates with a set of images on a runner of Apache
// Beam: on this machine by prism, the default, or on Flink, Spark or Dataflow (--runner).
//
//	octet-beam --model int8.pth --data 'val-{000..146}.tar' --shards 64 --evaluation all.json
//	octet-beam --model int8.pth --data photos --shards 64 --predictions out/labels.jsonl
//	octet-beam --model resnet18.pth --arch resnet18 --data train --qconfig mse --statistics all.json
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/x/beamx"

	octetbeam "github.com/octet-ml/octet/beam"
	"github.com/octet-ml/octet/ptq"
)

var (
	model       octetbeam.Model
	data        octetbeam.Data
	labels      string // file of --class-names: --labels is one of Beam's
	evaluation  string
	predictions string
	top         int
	statistics  string
	qconfig     string
	broken      string
)

func init() {
	flag.StringVar(&model.File, "model", "", "`FILE` of the model, the same on all workers: a path, or an address such as gs://bucket/int8.pth")
	flag.StringVar(&model.Arch, "arch", "", "architecture, where the file does not say it")
	flag.StringVar(&model.Key, "key", "", "which state dict of a checkpoint to use")
	flag.StringVar(&model.CPU, "cpu", "", "limit the instruction sets of float arithmetic to such as avx2+fma, which all workers have")
	flag.StringVar(&labels, "class-names", "", "`FILE` with one class name per line, in the order of the outputs")
	flag.Func("data", "a folder or archive of images, a pattern val-{000..146}.tar, @LIST or an address; once for each", func(v string) error {
		data.Paths = append(data.Paths, v)
		return nil
	})
	flag.IntVar(&data.Shards, "shards", 16, "cut the data into `N` shards: a few for each thread of all workers")
	flag.IntVar(&data.BatchSize, "batch-size", 0, "how many samples are computed at a time; 0 is 32")
	flag.IntVar(&data.MaxPixels, "max-pixels", 0, "leave out images of more pixels; 0 is PIL's limit")
	flag.BoolVar(&data.Upright, "exif", false, "turn images upright, as their EXIF orientation says")
	flag.StringVar(&evaluation, "evaluation", "", "count the right answers and write `FILE`.json, as octet eval --shard 1/1 does")
	flag.StringVar(&predictions, "predictions", "", "write what every image shows as `FILE`.jsonl, one file for each shard; octet merge joins them")
	flag.IntVar(&top, "top", 5, "how many classes of every image --predictions has")
	flag.StringVar(&statistics, "statistics", "", "calibrate a float model and write `FILE`.json, of which octet quantize --stats makes the int8 model")
	flag.StringVar(&qconfig, "qconfig", "percentile", "observers of --statistics: torchvision, minmax, percentile or mse")
	flag.StringVar(&broken, "broken", "", "write the images that cannot be read as `FILE`.jsonl")
}

func main() {
	flag.Parse()
	beam.Init() // a worker does not come back from here
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "octet-beam:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	p, err := pipeline(ctx)
	if err != nil {
		return err
	}
	return beamx.Run(ctx, p)
}

// pipeline is what the flags ask for.
func pipeline(ctx context.Context) (*beam.Pipeline, error) {
	asked := 0
	for _, output := range []string{evaluation, predictions, statistics} {
		if output != "" {
			asked++
		}
	}
	switch {
	case flag.NArg() > 0:
		return nil, fmt.Errorf("%q is no flag: name the model with --model and the data with --data", flag.Arg(0))
	case model.File == "" || len(data.Paths) == 0:
		return nil, errors.New("give --model FILE and --data DATA")
	case asked != 1:
		return nil, errors.New("give one of --evaluation, --predictions and --statistics: what is to be written")
	case statistics != "" && !slices.Contains(ptq.MergingQConfigs, qconfig):
		return nil, fmt.Errorf("--qconfig %s: its observers depend on the order of the data, so shards of it do not merge: use %s", qconfig, strings.Join(ptq.MergingQConfigs, ", "))
	case data.Shards < 1 || data.BatchSize < 0 || data.MaxPixels < 0 || top < 1:
		return nil, errors.New("--shards and --top are at least 1, --batch-size and --max-pixels at least 0")
	}
	if labels != "" {
		text, err := os.ReadFile(labels)
		if err != nil {
			return nil, err
		}
		model.Labels = strings.Split(strings.TrimSpace(strings.ReplaceAll(string(text), "\r\n", "\n")), "\n")
	}
	m, err := octetbeam.NewModel(ctx, model)
	if err != nil {
		return nil, err
	}
	p, s := beam.NewPipelineWithRoot()
	var left beam.PCollection
	switch {
	case evaluation != "":
		var all beam.PCollection
		all, left = octetbeam.Evaluate(s, m, data)
		octetbeam.WriteEvaluation(s, evaluation, all)
	case predictions != "":
		_, left = octetbeam.Predict(s, m, data, top, predictions)
	default:
		var all beam.PCollection
		all, left = octetbeam.Calibrate(s, m, data, qconfig)
		octetbeam.WriteCalibration(s, statistics, all)
	}
	if broken != "" {
		octetbeam.WriteBroken(s, broken, left)
	}
	return p, nil
}
