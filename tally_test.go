package octet_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/dataset"
)

func ExampleTally_Merge() {
	ctx := context.Background()
	model, err := octet.Open("cmd/octet/demodata/fashion_resnet8.pth")
	if err != nil {
		panic(err)
	}
	session, err := model.Compile()
	if err != nil {
		panic(err)
	}
	preset, _, err := model.Preset()
	if err != nil {
		panic(err)
	}
	var all *octet.Tally
	for i := 1; i <= 4; i++ { // on four machines
		part, err := dataset.OpenPart("cmd/octet/demodata/calibration-images-idx3-ubyte.gz")
		if err != nil {
			panic(err)
		}
		defer part.Close()
		shard, err := dataset.NewShardReader([]dataset.Part{part}, dataset.Shard{Index: i, Count: 4},
			dataset.ShardOptions{LoaderOptions: dataset.LoaderOptions{Preset: preset, BatchSize: 64}})
		if err != nil {
			panic(err)
		}
		tally, err := session.Tally(ctx, shard)
		if err != nil {
			panic(err)
		}
		if all == nil {
			all = tally
		} else if err := all.Merge(tally); err != nil {
			panic(err)
		}
	}
	fmt.Println(all.Inputs, "images, all of them:", all.Shards.Complete())
	// Output:
	// 512 images, all of them: true
}

// tallyText is a tally of a shard in its form in files.
const tallyText = `{"octet_evaluation": 1, "model": "m", "kind": "int8", "data": {"data": "val", "set": "s", "shards": 3, "seen": [2], "samples": 4,
"content": "0000000000000000000000000000000000000000000000000000000000000001"}, "images": 3, "top1_correct": 1, "top5_correct": 2,
"skipped": {"count": 1}, "classes": [[1, 0, 0], [2, 1, 2]]}`

func TestTallyThatIsDamaged(t *testing.T) {
	if _, err := octet.ReadTally(strings.NewReader(tallyText)); err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{
		{`"images": 3`, `"images": 4`}, {`"count": 1`, `"count": 0`}, {`[2, 1, 2]`, `[2, 3, 2]`}, {`"seen": [2]`, `"seen": [4]`},
		{`"seen": [2]`, `"seen": [2, 2]`}, {`"seen": [2]`, `"seen": [1, 2, 3]`}, {`"seen": [2]`, `"seen": []`}, {`"shards": 3`, `"shards": 0`},
		{`"shards": 3`, `"shards": -3`}, {`"kind": "int8"`, `"kind": "no"`}, {`"model": "m"`, `"model": ""`}, {`"set": "s"`, `"set": ""`},
		{`"octet_evaluation": 1`, `"octet_evaluation": 2`}, {`01"`, `1"`}, {`"images"`, `"pictures"`}, {`"samples": 4`, `"samples": -4`},
	} {
		text := strings.Replace(tallyText, change[0], change[1], 1)
		if _, err := octet.ReadTally(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), "again") {
			t.Errorf("%s: %v", change[1], err)
		}
	}
}

// comparedText is tallyText with counts against a reference.
var comparedText = strings.Replace(tallyText, `"classes"`, `"against": {"model": "f", "kind": "float", "changed": 1, "lost": 1, "gained": 0, "max_error": 1.5,
"equal": 3, "bins": [{"exponent": -2, "logits": 2}, {"exponent": 0, "logits": 1}]}, "classes"`, 1)

func TestTallyAgainstAReferenceThatIsDamaged(t *testing.T) {
	if tally, err := octet.ReadTally(strings.NewReader(comparedText)); err != nil || tally.Against.Changed != 1 || len(tally.Against.Bins) != 2 {
		t.Fatal(tally, err)
	}
	for _, change := range [][2]string{
		{`"model": "f"`, `"model": ""`}, {`"float"`, `"no"`}, {`"changed": 1`, `"changed": 4`}, {`"equal": 3`, `"equal": 4`}, {`-2`, `2`}, {`1.5`, `0.5`},
	} {
		text := strings.Replace(comparedText, change[0], change[1], 1)
		if _, err := octet.ReadTally(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), "again") {
			t.Errorf("%s: %v", change[1], err)
		}
	}
}

func TestTalliesOfOtherModels(t *testing.T) {
	read := func(changes ...string) *octet.Tally {
		tally, err := octet.ReadTally(strings.NewReader(strings.NewReplacer(changes...).Replace(tallyText)))
		if err != nil {
			t.Fatal(err)
		}
		return tally
	}
	for _, other := range []*octet.Tally{
		read(`"seen": [2]`, `"seen": [1]`, `"model": "m"`, `"model": "n"`), read(`"seen": [2]`, `"seen": [1]`, `"set": "s"`, `"set": "r"`),
		read(`"seen": [2]`, `"seen": [1]`, `"shards": 3`, `"shards": 4`), read(`"seen": [2]`, `"seen": [1]`, `"int8"`, `"int8", "cpu": "avx2"`),
		read(`"seen": [2]`, `"seen": [1]`, `"int8"`, `"float"`), read(`"seen": [2]`, `"seen": [1]`, `"int8"`, `"int8", "arch": "another"`),
	} {
		if err := read().Merge(other); !errors.Is(err, dataset.ErrForeign) {
			t.Errorf("%+v: %v", other.Origin, err)
		}
	}
	a, b := read(), read(`"seen": [2]`, `"seen": [3]`)
	if err := a.Merge(b); err != nil || !slices.Equal(a.Shards.Missing(), []int{1}) || a.Inputs != 6 || a.Classes[1].Top5 != 4 {
		t.Errorf("%+v, %v", a, err)
	}
	if err := a.Merge(b); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("%v", err)
	}
}

// FuzzReadTally: what is read is written as it was, and merges without a panic.
func FuzzReadTally(f *testing.F) {
	f.Add([]byte(tallyText))
	f.Add([]byte(comparedText))
	f.Fuzz(func(t *testing.T, x []byte) {
		a, err := octet.ReadTally(bytes.NewReader(x))
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := a.Write(&out); err != nil {
			t.Fatal(err)
		}
		again, err := octet.ReadTally(&out)
		if err != nil {
			t.Fatal(err)
		}
		known, err := octet.ReadTally(strings.NewReader(tallyText))
		if err != nil {
			t.Fatal(err)
		}
		if known.Merge(again) == nil && known.Check() != nil {
			t.Errorf("merged to %+v", known)
		}
	})
}
