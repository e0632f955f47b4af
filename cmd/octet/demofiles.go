package main

import (
	"embed"
	"os"
	"path/filepath"
	"strings"
)

// The demos' files: float checkpoints (tools/demo makes them), images of
// Fashion-MNIST's training set with their labels, a few to calibrate on and more to
// train on, and its 10,000 test images with their labels.
//
//go:embed demodata/*.pth demodata/*.gz
var demoFiles embed.FS

const (
	demoModel       = "fashion_resnet8.pth"
	demoCalibration = "calibration-images-idx3-ubyte.gz"
	demoTest        = "t10k-images-idx3-ubyte.gz"

	demoHardModel = "fashion_mobilenet.pth"
	demoTrain     = "train-images-idx3-ubyte.gz"
)

// unpackDemo writes a demo's files into folder: a model, and images with their
// labels.
func unpackDemo(folder, model string, images ...string) error {
	names := []string{model}
	for _, name := range images {
		names = append(names, name, strings.Replace(name, "images-idx3", "labels-idx1", 1))
	}
	for _, name := range names {
		content, err := demoFiles.ReadFile("demodata/" + name)
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name), content, 0o644)
		}
		if err != nil {
			return withCode(exitOutput, err)
		}
	}
	return nil
}
