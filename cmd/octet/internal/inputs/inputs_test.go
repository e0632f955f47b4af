package inputs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/hub"
	"github.com/octet-ml/octet/statedict"
	"github.com/octet-ml/octet/tensor"
)

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.txt")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// says checks that err has a code and a text; an empty text stands for no error.
func says(t *testing.T, name string, err error, code int, text string) {
	t.Helper()
	if text == "" && err != nil || text != "" && (exit.Code(err) != code || !strings.Contains(err.Error(), text)) {
		t.Errorf("%s: %v with code %d, want %q with %d", name, err, exit.Code(err), text, code)
	}
}

func TestClassMaps(t *testing.T) {
	folders, labels := []string{"cats", "dogs"}, []string{"cat", "dog", "7"}
	mapping, err := readClassMap(file(t, "# folder, class\r\ndogs\tdog\r\n\r\ncats\t2\r\nbirds\t0\r\n"), folders, labels, 3)
	if err != nil || !slices.Equal(mapping, []int{2, 1}) {
		t.Errorf("%v, %v", mapping, err)
	}
	for text, want := range map[string]string{
		"":                    "holds no names",
		"cats 1":              "line 1: \"cats 1\" has no tab",
		"cats\t0\ndogs\tbird": "line 2: \"bird\" is neither a number nor a label",
		"cats\t3":             "class 3 is outside 0..2",
		"cats\t-1":            "class -1 is outside 0..2",
		"cats\t0":             "the folder \"dogs\"",
	} {
		if _, err := readClassMap(file(t, text), folders, labels, 3); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if _, err := readClassMap("nowhere.txt", folders, labels, 3); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

func TestLines(t *testing.T) {
	lines, err := readLines(file(t, "tench\r\n\r\ngoldfish\n \n\n"))
	if err != nil || !slices.Equal(lines, []string{"tench", "", "goldfish"}) {
		t.Errorf("%q, %v", lines, err)
	}
	if _, err := readLines(file(t, strings.Repeat("x", 1<<20))); err == nil {
		t.Error("a line of a megabyte is taken for a name")
	}
}

func TestFlagsAreChecked(t *testing.T) {
	for name, f := range map[string]DataFlags{
		"":                {BatchSize: 1},
		"--batch-size 0":  {},
		"--threads -1":    {BatchSize: 1, Threads: -1},
		"--limit -2":      {BatchSize: 1, Limit: -2},
		"--max-pixels -3": {BatchSize: 1, MaxPixels: -3},
	} {
		says(t, name, f.Check(), exit.Usage, name)
	}
	for bits, want := range map[int]string{1: "--weight-bits 1", 2: "", 8: "", 9: "--weight-bits 9"} {
		says(t, fmt.Sprint(bits), (&RecipeFlags{WeightBits: bits}).CheckWeightBits(), exit.Usage, want)
	}
	says(t, "all presets", CheckQConfigs(QConfigNames()), exit.Usage, "")
	says(t, "none", CheckQConfigs(nil), exit.Usage, "names no observers")
	says(t, "another", CheckQConfigs([]string{"default", "guess"}), exit.Usage, "guess")
	_, err := LabelOptions("labels.csv", true)
	says(t, "labels twice", err, exit.Usage, "choose one")
	for _, c := range []struct {
		truth string
		names bool
		want  int
	}{{"", false, 0}, {"labels.csv", false, 1}, {"", true, 1}} {
		if opts, err := LabelOptions(c.truth, c.names); err != nil || len(opts) != c.want {
			t.Errorf("%+v: %d options, %v", c, len(opts), err)
		}
	}
}

func TestPreprocessingThatIsGiven(t *testing.T) {
	given := func(line string) (named bool, change octet.PresetChange, err error) {
		f, cmd := presetFlags{}, &cobra.Command{}
		f.register(cmd)
		if err := cmd.ParseFlags(strings.Fields(line)); err != nil {
			t.Fatal(err)
		}
		p, change, err := f.Given(cmd)
		return p != nil, change, err
	}
	named, change, err := given("")
	if diff := cmp.Diff(octet.PresetChange{}, change); named || err != nil || diff != "" {
		t.Errorf("nothing given: %v, %v\n%s", named, err, diff)
	}
	named, change, err = given("--preset imagenet --resize 256 --crop 0 --mean 0.5 --std 0.1,0.2,0.3 --interpolation bicubic")
	want := octet.PresetChange{Resize: []int{256}, Crop: []int{}, Mean: []float64{0.5}, Std: []float64{0.1, 0.2, 0.3}, Interpolation: "bicubic"}
	if diff := cmp.Diff(want, change); !named || err != nil || diff != "" {
		t.Errorf("all given: %v, %v\n%s", named, err, diff)
	}
	for line, want := range map[string]string{
		"--preset imagenette":    "--preset",
		"--interpolation sinc":   "--interpolation \"sinc\"",
		"--resize 1,2,3":         "--resize [1 2 3]",
		"--crop -4":              "--crop [-4]",
		"--crop 224,0":           "--crop [224 0]",
		"--resize 0,0 --crop 16": "--resize [0 0]",
	} {
		_, _, err := given(line)
		says(t, line, err, exit.Usage, want)
	}
}

func TestPicturesOnStandardInput(t *testing.T) {
	fetch := func(stdin io.Reader, inputs ...string) (map[string][]byte, error) {
		return FetchPictures(t.Context(), console.New(stdin, io.Discard, io.Discard), inputs, true)
	}
	all, err := fetch(strings.NewReader("bytes"), "a.jpg", "-", "photos/")
	if err != nil || len(all) != 1 || string(all["-"]) != "bytes" {
		t.Errorf("%q, %v", all, err)
	}
	_, err = fetch(strings.NewReader(""), "-")
	says(t, "empty", err, exit.Data, "standard input is empty")
	_, err = fetch(strings.NewReader("bytes"), "-", "-")
	says(t, "twice", err, exit.Usage, "named twice")
	_, err = fetch(endless{}, "-")
	says(t, "endless", err, exit.Data, "more than 67108864 bytes")
	_, err = fetch(strings.NewReader(""), "https://host.invalid/cat.jpg")
	says(t, "offline", err, exit.Network, "offline")
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestCodesOfDownloads(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want int
	}{
		"another file": {&hub.HashError{}, exit.Model},
		"no network":   {&hub.UnreachableError{}, exit.Network},
		"not there":    {&hub.StatusError{Code: 404}, exit.Network},
		"offline":      {hub.ErrOffline, exit.Network},
		"cut":          {io.ErrUnexpectedEOF, exit.Network},
		"the cache":    {&fs.PathError{Op: "open", Path: "cache", Err: fs.ErrPermission}, exit.Output},
		"anything":     {errors.New("something"), exit.Model},
	} {
		if got := fetchCode(fmt.Errorf("fetching: %w", c.err)); got != c.want {
			t.Errorf("%s: code %d, want %d", name, got, c.want)
		}
	}
}

func TestCodesOfQuantizing(t *testing.T) {
	says(t, "data", QuantizeError("photos", fmt.Errorf("x: %w", octet.ErrCalibration)), exit.Data, "photos: x")
	says(t, "recipe", QuantizeError("photos", octet.ErrRecipe), exit.Usage, octet.ErrRecipe.Error())
	says(t, "model", QuantizeError("photos", errors.New("NaN weights")), exit.Model, "NaN weights")
	says(t, "none", QuantizeError("photos", nil), exit.OK, "")
}

func TestModelsAreAdvisedOn(t *testing.T) {
	f := &ModelFlags{Key: "ema"}
	keys := &statedict.MismatchError{}
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"several networks": {&octet.ChoiceError{Choices: []octet.Choice{{Key: "student"}}}, "octet inspect 'a b.pth' --key student"},
		"near, elsewhere":  {&octet.NearestError{Key: "teacher"}, "octet inspect 'a b.pth' --key teacher"},
		"near":             {&octet.NearestError{Mismatch: keys}, "octet inspect 'a b.pth' --key ema --tensors"},
		"another":          {&octet.LooksLikeError{Mismatch: keys, Archs: []string{"resnet34"}}, "octet inspect 'a b.pth' --key ema --arch resnet34"},
		"keys":             {keys, "octet inspect 'a b.pth' --key ema --tensors"},
	} {
		got := AdviseModel(c.err, "a b.pth", f)
		if !errors.Is(got, c.err) || !strings.HasSuffix(got.Error(), "\n"+c.want) {
			t.Errorf("%s: %v, want %q", name, got, c.want)
		}
	}
	plain := errors.New("something")
	if got := AdviseModel(plain, "a.pth", f); got != plain {
		t.Errorf("anything else: %v", got)
	}
}

func TestNonFiniteInputsAreNamed(t *testing.T) {
	x := tensor.New(tensor.Float32, 3, 1, 1, 2)
	x.Float32s()[3] = float32(math.NaN())
	x.Float32s()[4] = float32(math.Inf(-1))
	var n NonFinite
	if n.Found() != nil {
		t.Error("something was found before anything was seen")
	}
	err := n.see(&dataset.Batch{Input: x, Names: []string{"a", "b", "c"}})
	if err == nil || !strings.Contains(err.Error(), "b holds NaN or infinite values") || n.Inputs != 2 || !slices.Equal(n.Names, []string{"b", "c"}) {
		t.Errorf("%v, %+v", err, n)
	}
	if err := n.see(&dataset.Batch{Input: tensor.New(tensor.Float32, 1, 1, 1, 2), Names: []string{"d"}}); err != nil || n.Inputs != 2 {
		t.Errorf("a sound batch: %v, %+v", err, n)
	}
	var errOut bytes.Buffer
	n.report(console.New(nil, io.Discard, &errOut))
	if !strings.HasPrefix(errOut.String(), "warning: 2 inputs hold NaN or infinite values") || !strings.Contains(errOut.String(), "b, c") {
		t.Errorf("standard error %q", &errOut)
	}
}

func TestWhatWasLeftOutIsShort(t *testing.T) {
	many := []string{"a", "b", "c", "d", "e"}
	if got := DescribeSkipped(many); !strings.HasPrefix(got, "5 skipped: a, b, c") || strings.Contains(got, "d,") {
		t.Error(got)
	}
	if got := SkippedText(many[:1]); got != "; 1 were skipped: a" {
		t.Error(got)
	}
	if got := DescribeDamaged(many[:2]); got != "2 damaged, read as PIL reads them: a, b" {
		t.Error(got)
	}
	if DescribeSkipped(nil)+SkippedText(nil)+DescribeDamaged(nil) != "" {
		t.Error("something is said of nothing")
	}
}
