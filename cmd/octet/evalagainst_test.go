package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/testseed"
)

// TestAgainstMerges: what shards count against a float model adds up to what one run counts, to
// the byte, and is what octet compare finds.
func TestAgainstMerges(t *testing.T) {
	r := testseed.Rand(t)
	_, int8, test := quantized(t)
	_, float, _, _ := demoFolder(t)
	eval := func(shard, file string) []string {
		return []string{"eval", int8, test, "--against", float, "--shard", shard, "--output", file, "--batch-size", fmt.Sprint(50 + r.IntN(99)), "--quiet"}
	}
	one := sharded(t, r, 1, ".json", eval)
	sameFiles(t, "counts of shards", one, sharded(t, r, 2+r.IntN(4), ".json", eval))

	type counts struct {
		Changed, Lost, Gained int
		Max_error             float64
	}
	var plain struct{ Against counts }
	octetCommand(t, "eval", int8, test, "--against", float, "--json", "--quiet").must(t).decode(t, &plain)
	var merged struct{ Against counts }
	octetCommand(t, "merge", one, "--output", filepath.Join(t.TempDir(), "again.json"), "--json", "--quiet").must(t).decode(t, &merged)
	if merged != plain || plain.Against.Max_error == 0 {
		t.Errorf("shards: %+v, without: %+v", merged.Against, plain.Against)
	}
	if text := octetCommand(t, "eval", int8, test, "--against", float, "--quiet").must(t).out; !strings.Contains(text, "same class as the reference") || !strings.Contains(text, "logits are apart by") {
		t.Error(text)
	}

	in := func(name string) string { return filepath.Join(t.TempDir(), name) }
	a, b, c := in("a.json"), in("b.json"), in("c.json")
	octetCommand(t, eval("1/2", a)...).must(t)
	octetCommand(t, "eval", int8, test, "--shard", "2/2", "--output", b, "--quiet").must(t)
	octetCommand(t, "eval", int8, test, "--against", int8, "--shard", "2/2", "--output", c, "--quiet").must(t)
	octetCommand(t, "merge", a, b, "--output", in("all.json")).fails(t, exit.Data, "b.json", "compared with a reference")
	octetCommand(t, "merge", a, c, "--output", in("all.json")).fails(t, exit.Data, "c.json", "two references")
}
