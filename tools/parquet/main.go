// Parquet makes a Parquet file of predictions that octet run --shard and octet merge have
// written as lines of JSON:
//
//	go run . -o all.parquet all.jsonl
//
// A row is an image: part and index are its place in the data, and top its classes, best first.
// The metadata octet_predictions is the last line, which says of which model and data they are.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/parquet-go/parquet-go"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/atomicfile"
)

// row is an image.
type row struct {
	Part  int32  `parquet:"part"`
	Index int64  `parquet:"index"`
	Input string `parquet:"input"`
	Top   []top  `parquet:"top,list"`
}

// top is one class of an image; what is no number is null.
type top struct {
	Class       int32    `parquet:"class"`
	Label       string   `parquet:"label"`
	Probability *float64 `parquet:"probability,optional"`
	Logit       *float32 `parquet:"logit,optional"`
	Sigmoid     *float64 `parquet:"sigmoid,optional"`
}

const (
	maxLine = 1 << 20 // bytes, as of octet merge
	group   = 1 << 16 // rows that are held at a time
	summary = `{"octet_predictions":`
)

func main() {
	output := flag.String("o", "", "the Parquet `FILE` to write")
	flag.Parse()
	if *output == "" || flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "give -o FILE.parquet and one file of lines; octet merge joins those of shards")
		os.Exit(2)
	}
	if err := convert(flag.Arg(0), *output); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// convert writes output as a whole, or not at all.
func convert(lines, output string) error {
	in, err := os.Open(lines)
	if err != nil {
		return err
	}
	defer in.Close()
	return atomicfile.Write(output, func(w io.Writer) error {
		if err := write(w, in); err != nil {
			return fmt.Errorf("%s: %w", lines, err)
		}
		return nil
	})
}

func write(w io.Writer, in io.Reader) error {
	out := parquet.NewGenericWriter[row](w, parquet.Compression(&parquet.Zstd), parquet.MaxRowsPerRowGroup(group))
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	for n := 0; lines.Scan(); n++ {
		if bytes.HasPrefix(lines.Bytes(), []byte(summary)) {
			return finish(out, lines, n)
		}
		var line octet.PredictionLine
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil || line.Top == nil {
			return fmt.Errorf("line %d is no prediction: %.60q", n+1, lines.Bytes())
		}
		r := row{Part: int32(line.At[0]), Index: int64(line.At[1]), Input: line.Input}
		for _, p := range line.Top {
			r.Top = append(r.Top, top{int32(p.Class), p.Label, number(p.Probability), number(p.Logit), p.Sigmoid})
		}
		if _, err := out.Write([]row{r}); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return errors.New("the last line is no summary of predictions: the file was cut off; run that shard again")
}

// finish checks the last line, behind n predictions.
func finish(out *parquet.GenericWriter[row], lines *bufio.Scanner, n int) error {
	said, err := octet.ParsePredictions(lines.Bytes())
	if err != nil {
		return err
	}
	if said.Images != n {
		return fmt.Errorf("it has %d lines of predictions and its summary says %d, so it is damaged: run that shard again", n, said.Images)
	}
	out.SetKeyValueMetadata("octet_predictions", lines.Text())
	if lines.Scan() {
		return errors.New("lines follow the summary: join shards with octet merge")
	}
	return out.Close()
}

// number is nil of what is none.
func number[T float32 | float64](v T) *T {
	if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
		return nil
	}
	return &v
}
