package torch

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestKindsOfCheckpoints reads what tools/checkpoints/small.py wrote: the same small
// model among leftovers of every kind, in every protocol, packing and class of dict.
func TestKindsOfCheckpoints(t *testing.T) {
	folder := "testdata/checkpoints"
	want, err := Load(filepath.Join(folder, "plain.pth"), "")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(want.Keys(), modelKeys) {
		t.Fatalf("keys %v", want.Keys())
	}
	paths, _ := filepath.Glob(filepath.Join(folder, "*.*"))
	members := map[string]int{}
	for _, path := range paths {
		name := filepath.Base(path)
		kind, _, _ := strings.Cut(name, "_")
		members[strings.TrimRight(kind, "345")]++
		t.Run(name, func(t *testing.T) {
			sd, err := Load(path, "")
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(sd.Keys(), modelKeys) {
				t.Fatalf("keys %v", sd.Keys())
			}
			for _, k := range sd.Keys() {
				a, _ := want.Tensor(k)
				if b, ok := sd.Tensor(k); !ok || !slices.Equal(a.Bytes(), b.Bytes()) || a.DType() != b.DType() {
					t.Errorf("%s differs", k)
				}
			}
		})
	}
	for _, kind := range []string{"beside", "legacy", "protocol", "weights", "packed", "name"} {
		if members[kind] < 5 {
			t.Errorf("%d files of the kind %s, expected at least 5", members[kind], kind)
		}
	}
}
