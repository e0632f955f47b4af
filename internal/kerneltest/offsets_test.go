package kerneltest

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestOffsetsAreRead(t *testing.T) {
	found, err := fields("gemm8.go", "tile", 200)
	if err != nil {
		t.Fatal(err)
	}
	if found["Panel"] != 200 || found["LD"] != 264 || found["Rule"] != 280 || found["Runs"] != 352 {
		t.Errorf("found %v", found)
	}
	if found, err = fields("argmax32.go", "argmax", 200); err != nil || found["Pad"] != 8 || len(found) != 9 {
		t.Errorf("found %v, %v", found, err)
	}
	if _, err := fields("none.go", "x", 0); err == nil {
		t.Error("a file that does not exist was read")
	}
}

// argument is laid out like that of a routine in assembly.
type argument struct {
	x int64
	inner
	_  int64
	ld int64
}

type inner struct{ a, b int32 }

func TestMisplaced(t *testing.T) {
	typ := reflect.TypeOf(argument{x: 0, inner: inner{a: 0, b: 0}, ld: 0})
	for _, c := range []struct {
		found  map[string]int
		others map[string]string
		want   string
	}{
		{map[string]int{"X": 0, "A": 8, "B": 12, "Left": 16, "LD": 24}, nil, ""},
		{map[string]int{"X": 0, "Rule": 8}, map[string]string{"Rule": "inner"}, ""},
		{map[string]int{"B": 8}, nil, "field B of kerneltest.argument at 12"},
		{map[string]int{"C": 12}, nil, "has no room"},
		{map[string]int{"LD": 16}, nil, "at 24"},
		{map[string]int{"Far": 32}, nil, "has no room"},
		{map[string]int{"Row": 99}, map[string]string{"Row": ""}, ""},
		{map[string]int{}, map[string]string{"Gone": "x"}, "there is no Gone"},
	} {
		wrong := misplaced(typ, c.found, c.others)
		if (c.want == "") != (len(wrong) == 0) || !slices.ContainsFunc(append(wrong, ""), func(s string) bool { return strings.Contains(s, c.want) }) {
			t.Errorf("%v: %q, want %q", c.found, wrong, c.want)
		}
	}
}
