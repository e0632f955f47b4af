package main

import (
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	var out strings.Builder
	if err := run(&out, []string{"../../testdata/onnx/float.onnx"}); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), "y: float32 [1 ") {
		t.Errorf("%q", out.String())
	}
	if err := run(&out, []string{"no-such.onnx"}); err == nil {
		t.Error("a file that is not there is no error")
	}
}
