package octetbeam

import (
	"sync"
	"testing"
)

// TestBundlesShareTheModel: a process opens a model once, and what failed is tried again.
func TestBundlesShareTheModel(t *testing.T) {
	m, err := NewModel(t.Context(), Model{File: "../cmd/octet/demodata/fashion_resnet8.pth"})
	if err != nil {
		t.Fatal(err)
	}
	var bundles sync.WaitGroup
	got := make([]*shared, 16)
	for i := range got {
		bundles.Go(func() {
			var err error
			if got[i], err = m.shared(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	bundles.Wait()
	for _, s := range got {
		if s != got[0] {
			t.Fatal("two bundles have opened the model")
		}
	}
	lost := Model{File: t.TempDir() + "/later.pth", Fingerprint: m.Fingerprint, CPU: "none"}
	if _, err := lost.shared(t.Context()); err == nil {
		t.Fatal("a model that is not there was opened")
	}
	lost.File = m.File
	if s, err := lost.shared(t.Context()); err != nil || s == got[0] {
		t.Errorf("a model for other instruction sets: %v", err)
	}
}
