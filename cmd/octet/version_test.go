package main

import (
	"runtime/debug"
	"testing"
)

func TestVersionOfABuildWithoutFlags(t *testing.T) {
	revision := debug.BuildSetting{Key: "vcs.revision", Value: "0123456789abcdef0123"}
	for _, tc := range []struct {
		module   string
		settings []debug.BuildSetting
		want     string
	}{
		{"v0.1.0", nil, "v0.1.0"}, // go install …@v0.1.0
		{"v0.1.0", []debug.BuildSetting{revision}, "v0.1.0"},
		{"(devel)", []debug.BuildSetting{revision}, "devel-0123456789ab"},
		{"", nil, "devel"},
	} {
		info := &debug.BuildInfo{Main: debug.Module{Version: tc.module}, Settings: tc.settings}
		if got := built(info); got != tc.want {
			t.Errorf("module version %q with %v: %q, want %q", tc.module, tc.settings, got, tc.want)
		}
	}
}
