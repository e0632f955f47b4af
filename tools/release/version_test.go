package main

import (
	"encoding/json"
	"os"
	"regexp"
	"testing"
)

// heading is that of a released version in CHANGELOG.md, with its date once it has one.
var heading = regexp.MustCompile(`(?m)^## \[(\d+\.\d+\.\d+)\]( - \d{4}-\d{2}-\d{2})?$`)

func TestVersionsAreInStep(t *testing.T) {
	changes, err := os.ReadFile("../../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	newest := heading.FindSubmatch(changes)
	if newest == nil {
		t.Fatal(`CHANGELOG.md has no section of a version, "## [1.2.3] - 2026-01-31"`)
	}
	want := string(newest[1])
	text, err := os.ReadFile("../../node/package.json")
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Version  string
		Optional map[string]string `json:"optionalDependencies"`
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	if manifest.Version != want {
		t.Errorf("node/package.json is version %s, the newest of CHANGELOG.md is %s", manifest.Version, want)
	}
	if len(manifest.Optional) != len(platforms) {
		t.Errorf("node/package.json names %d platforms, releases have %d", len(manifest.Optional), len(platforms))
	}
	for name, version := range manifest.Optional {
		if version != want {
			t.Errorf("node/package.json asks for %s of version %s, the newest of CHANGELOG.md is %s", name, version, want)
		}
	}
}
