package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/tensor"
)

// workload is a model and the images that it computes.
type workload struct {
	name, form, path string
	size             string // HEIGHT,WIDTH
}

// seed is of random weights and of the images of a calibration.
const seed = 1

// makeModels writes the float32 and the int8 form of an architecture into dir, once, each for
// octet, and as ONNX of QDQ form for others.
func makeModels(dir, arch string, edge int) ([]workload, error) {
	base := filepath.Join(dir, fmt.Sprintf("%s-%d", arch, edge))
	size := strconv.Itoa(edge) + "," + strconv.Itoa(edge)
	list := []workload{
		{arch + " int8", "int8", base + "-int8.pth", size}, {arch + " float32", "float32", base + "-float.pth", size},
	}
	if _, err := os.Stat(list[0].path); err == nil {
		return list, nil
	}
	ctx := context.Background()
	m, err := octet.New(arch, 0, 0, seed)
	if err != nil {
		return nil, err
	}
	r := rand.New(rand.NewPCG(seed, 0))
	x := tensor.New(tensor.Float32, 4, 3, edge, edge)
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(r.NormFloat64())
	}
	int8, _, err := octet.Quantize(ctx, m, octet.FromTensor(x), octet.WithBackend(octet.FBGEMM))
	if err != nil {
		return nil, err
	}
	if err := m.Save(ctx, list[1].path); err != nil {
		return nil, err
	}
	for path, m := range map[string]*octet.Model{base + "-float.onnx": m, base + "-int8.onnx": int8} {
		if _, err := m.SaveONNX(ctx, path); err != nil {
			return nil, err
		}
	}
	return list, int8.Save(ctx, list[0].path)
}

// given is a workload of the command line: MODEL or MODEL:HEIGHT,WIDTH.
func given(arg string) workload {
	path, size, _ := strings.Cut(arg, ":")
	return workload{strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)), "", path, size}
}

// onnx is the same model as an ONNX file.
func (w workload) onnx() string { return strings.TrimSuffix(w.path, filepath.Ext(w.path)) + ".onnx" }
