// Command onnxparity compares a network of an architecture with the ONNX file that PyTorch
// exported of it, batch norms kept: their graphs after fusion, and after quantization with the
// same preset and batches.
//
//	go run ./tools/onnxparity -calibration x.npy resnet18.pth=resnet18.onnx ...
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/internal/rewrite"
	"github.com/octet-ml/octet/internal/samegraph"
)

func main() {
	calibration := flag.String("calibration", "", "batches, a .npy")
	backend := flag.String("backend", "fbgemm", "rules of rounding")
	qconfig := flag.String("qconfig", "default", "observers")
	arch := flag.String("arch", "", "architecture of the .pth; the name of the file where it is empty")
	flag.Parse()
	failed := false
	for _, pair := range flag.Args() {
		pth, onnx, _ := strings.Cut(pair, "=")
		difference, err := compare(pth, onnx, *arch, *calibration, octet.Backend(*backend), *qconfig)
		if err != nil {
			difference = err.Error()
		}
		if failed = failed || difference != ""; difference == "" {
			difference = "the same graph after fusion, and the same codes"
		}
		fmt.Printf("%s, %s: %s\n", pair, *backend, difference)
	}
	if failed {
		os.Exit(1)
	}
}

// compare returns what differs first, in words.
func compare(pth, onnx, arch, calibration string, backend octet.Backend, qconfig string) (string, error) {
	if arch == "" {
		base := pth[strings.LastIndexByte(pth, '/')+1:]
		arch = strings.TrimSuffix(base, ".pth")
	}
	x, err := npy.ReadFile(calibration)
	if err != nil {
		return "", err
	}
	var models, quantized [2]*octet.Model
	for i, open := range []func() (*octet.Model, error){
		func() (*octet.Model, error) { return octet.Open(pth, octet.WithArch(arch)) },
		func() (*octet.Model, error) { return octet.Open(onnx) },
	} {
		if models[i], err = open(); err != nil {
			return "", err
		}
		if quantized[i], _, err = octet.Quantize(context.Background(), models[i], octet.FromTensor(x), octet.WithBackend(backend), octet.WithQConfig(qconfig)); err != nil {
			return "", err
		}
	}
	a, _, err := rewrite.Fuse(models[0].Graph())
	if err != nil {
		return "", err
	}
	b, _, err := rewrite.Fuse(models[1].Graph())
	if err != nil {
		return "", err
	}
	if difference, err := samegraph.Difference(a, b); difference != "" || err != nil {
		return "after fusion: " + difference, err
	}
	difference, err := samegraph.Difference(quantized[0].Graph(), quantized[1].Graph())
	if difference != "" {
		difference = "after quantization: " + difference
	}
	return difference, err
}
