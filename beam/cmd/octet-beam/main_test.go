package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/octet-ml/octet"
)

func TestMain(m *testing.M) {
	flag.Parse()
	beam.Init()
	os.Exit(m.Run())
}

const demo = "../../../cmd/octet/demodata/"

// set gives flags their values until the test ends.
func set(t *testing.T, flags map[string]string) {
	t.Helper()
	for name, value := range flags {
		f := flag.Lookup(name)
		if f == nil {
			t.Fatalf("there is no --%s", name)
		}
		before := f.DefValue
		t.Cleanup(func() {
			if name == "data" {
				data.Paths = nil
			} else if err := f.Value.Set(before); err != nil {
				t.Error(err)
			}
		})
		if err := f.Value.Set(value); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCommand: the flags make a pipeline, which prism runs.
func TestCommand(t *testing.T) {
	out := filepath.Join(t.TempDir(), "all.json")
	set(t, map[string]string{"model": demo + "fashion_resnet8.pth", "data": demo + "calibration-images-idx3-ubyte.gz", "shards": "3", "evaluation": out})
	if err := run(t.Context()); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := octet.ReadTally(f)
	if err != nil || all.Inputs != 512 || !all.Shards.Complete() {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestFlagsThatContradict(t *testing.T) {
	model := map[string]string{"model": demo + "fashion_resnet8.pth", "data": demo + "calibration-images-idx3-ubyte.gz"}
	for want, flags := range map[string]map[string]string{
		"--model":            {"evaluation": "x.json"},
		"--predictions":      model,
		"one of":             {"evaluation": "x.json", "statistics": "y.json"},
		"do not merge":       {"statistics": "y.json", "qconfig": "default"},
		"at least 1":         {"evaluation": "x.json", "shards": "0"},
		"no such file":       {"evaluation": "x.json", "class-names": "nothing.txt"},
		"this is no address": {"evaluation": "x.json", "model": "gone://x/this is no address.pth"},
	} {
		t.Run(want, func(t *testing.T) {
			if want != "--model" {
				set(t, model)
			}
			set(t, flags)
			if _, err := pipeline(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v", err)
			}
		})
	}
}
