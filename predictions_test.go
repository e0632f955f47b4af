package octet_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/dataset"
)

// predictionsText is the last line of the predictions of a shard.
const predictionsText = `{"octet_predictions":1,"model":"m","kind":"int8","data":{"data":"val","set":"s","shards":3,"seen":[2],"samples":4,` +
	`"content":"0000000000000000000000000000000000000000000000000000000000000001"},"images":3,"skipped":{"count":1},"top":5}`

func parsed(t *testing.T, changes ...string) *octet.Predictions {
	t.Helper()
	p, err := octet.ParsePredictions([]byte(strings.NewReplacer(changes...).Replace(predictionsText)))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPredictionsThatAreDamaged(t *testing.T) {
	parsed(t)
	for _, change := range [][2]string{
		{`"images":3`, `"images":4`}, {`"count":1`, `"count":-1`}, {`[2]`, `[4]`}, {`"model":"m"`, `"model":""`}, {`"kind":"int8"`, `"kind":""`},
		{`"octet_predictions":1`, `"octet_predictions":2`}, {`"octet_predictions":1`, `"octet_predictions":0`}, {`01"`, `1"`}, {`}`, ``},
	} {
		text := strings.Replace(predictionsText, change[0], change[1], 1)
		if _, err := octet.ParsePredictions([]byte(text)); err == nil || !strings.Contains(err.Error(), "again") {
			t.Errorf("%s: %v", change[1], err)
		}
	}
}

func TestPredictionsOfOtherShards(t *testing.T) {
	for _, other := range []*octet.Predictions{
		parsed(t, `[2]`, `[1]`, `"top":5`, `"top":3`), parsed(t, `[2]`, `[1]`, `"m"`, `"n"`), parsed(t, `[2]`, `[1]`, `"s"`, `"r"`),
	} {
		if err := parsed(t).Merge(other); !errors.Is(err, dataset.ErrForeign) {
			t.Errorf("%+v: %v", other, err)
		}
	}
	all := parsed(t)
	if err := all.Merge(parsed(t, `[2]`, `[1]`)); err != nil || all.Images != 6 || all.Skipped.Count != 2 {
		t.Errorf("%+v, %v", all, err)
	}
	if err := all.Merge(parsed(t)); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("%v", err)
	}
}

// FuzzParsePredictions: what is read is written as it was, and merges without a panic.
func FuzzParsePredictions(f *testing.F) {
	f.Add([]byte(predictionsText))
	f.Fuzz(func(t *testing.T, x []byte) {
		a, err := octet.ParsePredictions(x)
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := a.Write(&out); err != nil {
			t.Fatal(err)
		}
		again, err := octet.ParsePredictions(bytes.TrimSuffix(out.Bytes(), []byte("\n")))
		if err != nil {
			t.Fatal(err)
		}
		known, err := octet.ParsePredictions([]byte(predictionsText))
		if err != nil {
			t.Fatal(err)
		}
		if known.Merge(again) == nil && known.Check() != nil {
			t.Errorf("merged to %+v", known)
		}
	})
}
