package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestTableIsCurrent(t *testing.T) {
	out := filepath.Join(t.TempDir(), "table.go")
	if err := generate("zoo.json", out); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("../../zoo/weights_table.go")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("zoo/weights_table.go is not what zoo.json gives: run go generate ./zoo")
	}
}

func TestVariable(t *testing.T) {
	for name, want := range map[string]string{
		"ResNet50_QuantizedWeights": "ResNet50QuantizedWeights", "ResNeXt101_32X8D_Weights": "ResNeXt101_32X8DWeights",
		"ShuffleNet_V2_X0_5_Weights": "ShuffleNetV2X0_5Weights",
	} {
		if got := variable(name); got != want {
			t.Errorf("variable(%s) = %s, want %s", name, got, want)
		}
	}
}
