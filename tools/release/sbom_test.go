package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// The bill of this test's own binary: Go writes the same into every program.
func TestSBOM(t *testing.T) {
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := &release{version: "v1.2.3", time: at}
	text, err := r.sbom(binary)
	if err != nil {
		t.Fatal(err)
	}
	var b bom
	if err := json.Unmarshal(text, &b); err != nil {
		t.Fatal(err)
	}
	if main := b.Metadata.Component; main.PackageURL != "pkg:golang/github.com/octet-ml/octet@v1.2.3" || main.Hashes[0].Content != digest(binary)[len("sha256:"):] {
		t.Errorf("the program: %+v", main)
	}
	if len(b.Components) == 0 || !strings.HasPrefix(b.Components[0].PackageURL, "pkg:golang/std@1.") || len(b.Dependencies) != 1 || len(b.Dependencies[0].DependsOn) != len(b.Components) {
		t.Errorf("components %+v, dependencies %+v", b.Components, b.Dependencies)
	}
	seen := map[string]bool{b.Metadata.Component.Ref: true}
	for _, c := range b.Components {
		if seen[c.Ref] {
			t.Errorf("%s is there twice", c.Ref)
		}
		seen[c.Ref] = true
	}
	if _, err := r.sbom([]byte("no program")); err == nil {
		t.Error("what is no program has a bill")
	}
}

func TestPackageURL(t *testing.T) {
	c := goComponent("library", "github.com/VividCortex/ewma", "v2.0.0+incompatible", "h1:x=")
	if c.PackageURL != "pkg:golang/github.com/vividcortex/ewma@v2.0.0%2Bincompatible" || c.Name != "github.com/VividCortex/ewma" || c.Properties[0].Value != "h1:x=" {
		t.Errorf("%+v", c)
	}
}
