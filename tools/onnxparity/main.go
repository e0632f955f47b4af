// Command onnxparity compares networks of torchvision.models.quantization with the ONNX files and
// the programs of torch.export.save that PyTorch exports of them, batch norms kept: their graphs after fusion, and their int8
// graphs after quantization with the same presets and batches.
//
//	go run ./tools/onnxparity -python venv/bin/python [resnet18 ...]
//	go run ./tools/onnxparity -calibration x.npy resnet18.pth=resnet18.onnx ...
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/internal/rewrite"
	"github.com/octet-ml/octet/internal/samegraph"
	"github.com/octet-ml/octet/tensor"
)

// networks are torchvision's quantizable ones; the ending says that the input is transformed.
var networks = []string{
	"resnet18", "resnet50", "resnext101_32x8d", "resnext101_64x4d", "mobilenet_v2", "mobilenet_v3_large",
	"shufflenet_v2_x0_5", "shufflenet_v2_x1_0", "shufflenet_v2_x1_5", "shufflenet_v2_x2_0",
	"googlenet", "inception_v3", "googlenet+transform_input", "inception_v3+transform_input",
}

func main() {
	python := flag.String("python", "", "makes the files of networks, of all without arguments: a Python with torch")
	calibration := flag.String("calibration", "", "batches for the files that are given, a .npy")
	qconfig := flag.String("qconfig", "default", "observers")
	arch := flag.String("arch", "", "architecture of the .pth; the name of the file where it is empty")
	flag.Parse()
	failed := false
	tell := func(pair, backend, difference string, err error) {
		if err != nil {
			difference = err.Error()
		}
		failed = failed || difference != ""
		fmt.Printf("%s, %s: %s\n", pair, backend, cmp.Or(difference, "the same graph after fusion, and the same codes"))
	}
	if *python == "" {
		for _, pair := range flag.Args() {
			pth, onnx, _ := strings.Cut(pair, "=")
			compare(files{pth, onnx, *calibration}, *arch, *qconfig, tell)
		}
	} else {
		names := flag.Args()
		if len(names) == 0 {
			names = networks
		}
		for _, name := range names {
			if err := made(*python, name, func(f files) { compare(f, name, *qconfig, tell) }); err != nil {
				tell(name, "made", "", err)
			}
		}
	}
	if failed {
		os.Exit(1)
	}
}

// files are those of one network.
type files struct{ pth, onnx, calibration string }

// made has Python make the files of a network, which are there for then alone.
func made(python, name string, then func(files)) error {
	folder, err := os.MkdirTemp("", "onnxparity")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	c := exec.Command(python, "tools/onnxparity/make.py", folder, name)
	if said, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, said)
	}
	in := func(file string) string { return filepath.Join(folder, file) }
	for _, export := range []string{".onnx", ".pt2"} {
		then(files{in(name + ".pth"), in(name + export), in("x.npy")})
	}
	return nil
}

// compare tells for each backend what differs first, in words.
func compare(f files, arch, qconfig string, tell func(pair, backend, difference string, err error)) {
	pair := filepath.Base(f.pth) + "=" + filepath.Base(f.onnx)
	models, x, err := f.open(cmp.Or(arch, strings.TrimSuffix(filepath.Base(f.pth), ".pth")))
	if err != nil {
		tell(pair, "opened", "", err)
		return
	}
	for _, backend := range []octet.Backend{octet.FBGEMM, octet.QNNPACK} {
		difference, err := afterFusion(models, x.Shape())
		if difference == "" && err == nil {
			difference, err = afterQuantization(models, x, backend, qconfig)
		}
		tell(pair, string(backend), difference, err)
	}
}

// open returns both models, in the variant that is quantized, and the batches.
func (f files) open(arch string) (models [2]*octet.Model, x *tensor.Tensor, err error) {
	if x, err = npy.ReadFile(f.calibration); err != nil {
		return models, nil, err
	}
	if models[0], err = octet.Open(f.pth, octet.WithArch(arch)); err != nil {
		return models, nil, err
	}
	if models[0], err = models[0].Quantizable(); err != nil {
		return models, nil, err
	}
	models[1], err = octet.Open(f.onnx)
	return models, x, err
}

func afterFusion(models [2]*octet.Model, shape tensor.Shape) (string, error) {
	a, _, err := rewrite.Fuse(models[0].Graph())
	if err != nil {
		return "", err
	}
	b, _, err := rewrite.Fuse(models[1].Graph())
	if err != nil {
		return "", err
	}
	return after("fusion")(samegraph.Difference(a, b, shape))
}

func afterQuantization(models [2]*octet.Model, x *tensor.Tensor, backend octet.Backend, qconfig string) (string, error) {
	var quantized [2]*octet.Model
	for i, m := range models {
		var err error
		quantized[i], _, err = octet.Quantize(context.Background(), m, octet.FromTensor(x), octet.WithBackend(backend), octet.WithQConfig(qconfig))
		if err != nil {
			return "", err
		}
	}
	return after("quantization")(samegraph.Difference(quantized[0].Graph(), quantized[1].Graph(), x.Shape()))
}

func after(stage string) func(string, error) (string, error) {
	return func(difference string, err error) (string, error) {
		if difference != "" {
			difference = "after " + stage + ": " + difference
		}
		return difference, err
	}
}
