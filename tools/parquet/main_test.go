package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

const predictions = `{"at":[0,0],"input":"a.png","top":[{"class":3,"label":"dress","probability":0.75,"logit":1.5},{"class":1,"probability":0.25,"logit":0.5}]}
{"at":[0,2],"input":"c.png","top":[{"class":1,"probability":null,"logit":null}]}
{"octet_predictions":1,"model":"m","kind":"int8","data":{"data":"d","set":"s","samples":3,"content":"0000000000000000000000000000000000000000000000000000000000000001"},"images":2,"skipped":{"count":1},"top":2}
`

// converted writes text as Parquet.
func converted(t *testing.T, text string) (file string, err error) {
	t.Helper()
	lines := filepath.Join(t.TempDir(), "all.jsonl")
	if err := os.WriteFile(lines, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "all.parquet")
	return file, convert(lines, file)
}

func TestRowsAreTheLines(t *testing.T) {
	file, err := converted(t, predictions)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := parquet.ReadFile[row](file)
	if err != nil || len(rows) != 2 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	a, c := rows[0], rows[1]
	if a.Input != "a.png" || len(a.Top) != 2 || a.Top[0].Label != "dress" || *a.Top[1].Probability != 0.25 || a.Top[0].Sigmoid != nil {
		t.Errorf("%+v", a)
	}
	if c.Index != 2 || len(c.Top) != 1 || c.Top[0].Class != 1 || c.Top[0].Probability != nil || c.Top[0].Logit != nil {
		t.Errorf("%+v", c)
	}
}

func TestDamagedLinesAreRefused(t *testing.T) {
	lines := strings.SplitAfter(predictions, "\n")
	for want, text := range map[string]string{
		"cut off":            lines[0] + lines[1],
		"its summary says 2": lines[0] + lines[2],
		"follow the summary": predictions + lines[0],
		"line 1 is no":       "x\n" + predictions,
		"do not add up":      strings.Replace(predictions, `"count":1`, `"count":2`, 1),
	} {
		file, err := converted(t, text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
		if _, err := os.Stat(file); err == nil {
			t.Errorf("%s: something was written", want)
		}
	}
}
