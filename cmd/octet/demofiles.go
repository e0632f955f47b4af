package main

import (
	"embed"
	"os"
	"path/filepath"
)

// The demo's files: a float checkpoint as PyTorch saved it (tools/demo trains
// it), calibration images from Fashion-MNIST's training set, and its 10,000 test
// images with their labels.
//
//go:embed demodata/fashion_resnet8.pth demodata/*.gz
var demoFiles embed.FS

const (
	demoModel       = "fashion_resnet8.pth"
	demoCalibration = "calibration-images-idx3-ubyte.gz"
	demoTest        = "t10k-images-idx3-ubyte.gz"
)

// unpackDemo writes the demo's files into folder.
func unpackDemo(folder string) error {
	entries, err := demoFiles.ReadDir("demodata")
	if err != nil {
		return err
	}
	for _, e := range entries {
		content, err := demoFiles.ReadFile("demodata/" + e.Name())
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, e.Name()), content, 0o644)
		}
		if err != nil {
			return withCode(exitOutput, err)
		}
	}
	return nil
}
