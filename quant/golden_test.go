package quant

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/octet-ml/octet/tensor"
)

var goldenDir = flag.String("golden", "testdata", "folder of golden data made by tools/golden/quant.py")

// golden reads the cases of one file of golden data.
func golden[C any](t *testing.T, file string) []C {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(*goldenDir, file))
	if err != nil {
		t.Fatal(err)
	}
	var cases []C
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if len(cases) == 0 {
		t.Fatalf("%s holds no cases", file)
	}
	return cases
}

// array decodes base64 of little-endian numbers.
func array[T float32 | float64 | int32 | int64 | uint8](t *testing.T, text string) []T {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	var zero T
	out := make([]T, len(raw)/binary.Size(zero))
	if _, err := binary.Decode(raw, binary.LittleEndian, out); err != nil {
		t.Fatal(err)
	}
	return out
}

func bits64(t *testing.T, text string) float64 {
	t.Helper()
	u, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return math.Float64frombits(u)
}

// same compares bits, all NaN being equal.
func same(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

func parseDType(t *testing.T, name string) tensor.DType {
	t.Helper()
	d, err := tensor.ParseDType(name)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// tally counts comparisons and reports the first few differences.
type tally struct {
	t       *testing.T
	n, bad  int
	subject string
}

func (y *tally) check(ok bool, format string, args ...any) {
	y.n++
	if ok {
		return
	}
	if y.bad++; y.bad <= 10 {
		y.t.Errorf(y.subject+": "+format, args...)
	}
}

func (y *tally) done() {
	y.t.Logf("%s: %d of %d differ", y.subject, y.bad, y.n)
	if y.n == 0 {
		y.t.Errorf("%s: nothing was compared", y.subject)
	}
}
