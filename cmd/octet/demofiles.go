package main

import (
	"embed"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
)

// The demos' files: float checkpoints (tools/demo makes them), images of
// Fashion-MNIST's training set with their labels, a few to calibrate on and more to
// train on, and its 10,000 test images with their labels.
//
//go:embed demodata/fashion_resnet8_wide.pth demodata/fashion_mobilenet.pth demodata/*.gz
var demoFiles embed.FS

const (
	demoNetwork     = "fashion_resnet8_wide.pth"
	demoCalibration = "calibration-images-idx3-ubyte.gz"
	demoTest        = "t10k-images-idx3-ubyte.gz"

	demoHardModel = "fashion_mobilenet.pth"
	demoTrain     = "train-images-idx3-ubyte.gz"
)

// unpackDemo writes a demo's files into folder, images with their labels.
func unpackDemo(folder string, names ...string) error {
	for _, name := range slices.Clone(names) {
		if labels := strings.Replace(name, "images-idx3", "labels-idx1", 1); labels != name {
			names = append(names, labels)
		}
	}
	for _, name := range names {
		content, err := demoFiles.ReadFile("demodata/" + name)
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name), content, 0o644)
		}
		if err != nil {
			return exit.WithCode(exit.Output, err)
		}
	}
	return nil
}
