package console

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/vision"
)

// sample is a command with a flag of each sort.
func sample(body func(*cobra.Command, []string) error) *cobra.Command {
	cmd := &cobra.Command{Use: "sample FILE", Args: cobra.ExactArgs(1), RunE: body, SilenceErrors: true, SilenceUsage: true}
	fl := cmd.Flags()
	fl.String("backend", "", "`NAME` of the rules")
	fl.StringSlice("qconfig", nil, "`NAMES`")
	fl.String("data", "", "`FOLDER` of images")
	fl.String("output", "", "`FILE` to write")
	fl.String("hidden-one", "", "")
	fl.MarkHidden("hidden-one")
	Complete(cmd, "backend", "fbgemm", "qnnpack")
	Complete(cmd, "qconfig", "default", "per_channel")
	cmd.SetFlagErrorFunc(SuggestFlag)
	return cmd
}

func runSample(cmd *cobra.Command, line string) error {
	cmd.SetArgs(strings.Fields(line))
	cmd.SetOut(io.Discard)
	cmd.SetErr(io.Discard)
	return cmd.Execute()
}

func TestMistypedFlags(t *testing.T) {
	nothing := func(*cobra.Command, []string) error { return nil }
	for line, want := range map[string]string{
		"a --backedn x": "did you mean --backend?",
		"a --outptu x":  "did you mean --output?",
		"a --wholly x":  "of octet sample",
		"a --hidden-on": "of octet sample", // what is hidden is not offered
	} {
		if err := runSample(sample(nothing), line); exit.Code(err) != exit.Usage || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", line, err, want)
		}
	}
}

func TestMistypedValues(t *testing.T) {
	con, _, _ := streams()
	refuse := func(err error) func(*cobra.Command, []string) error {
		return con.Command(func(*cobra.Command, []string) error { return err })
	}
	usage := exit.Usagef("no")
	err := runSample(sample(refuse(usage)), "a --backend fbgem --qconfig default,per_chanel")
	if exit.Code(err) != exit.Usage || err.Error() != "no\ndid you mean --backend fbgemm --qconfig per_channel?" {
		t.Errorf("usage: %v", err)
	}
	if err := runSample(sample(refuse(usage)), "a --backend fbgemm"); err != usage {
		t.Errorf("nothing mistyped: %v", err)
	}
	other := exit.WithCode(exit.Data, errors.New("no"))
	if err := runSample(sample(refuse(other)), "a --backend fbgem"); err != other {
		t.Errorf("another failure: %v", err)
	}
}

func TestMissingFlagsAreNamedTogether(t *testing.T) {
	cmd := sample(func(*cobra.Command, []string) error { return nil })
	cmd.PreRunE = CheckFlags
	Require(cmd, "data", "ranges come from it")
	Require(cmd, "output", "")
	err := CheckFlags(cmd, nil)
	if want := "sample needs --data FOLDER and --output FILE\nranges come from it"; exit.Code(err) != exit.Usage || err.Error() != want {
		t.Errorf("%v, want %q", err, want)
	}
	cmd.Flags().Set("data", "x")
	cmd.Flags().Set("output", "y")
	if err := CheckFlags(cmd, nil); err != nil {
		t.Error(err)
	}
}

func TestPairsOfFlags(t *testing.T) {
	for args, want := range map[string]string{
		"a":                        "",
		"a --data x":               "",
		"a --data x --output y":    "sample: --data and --output contradict each other: give one of them",
		"a --output y":             "sample: --output needs --backend: give both, or none",
		"a --backend fbgemm":       "sample: --backend needs --output: give both, or none",
		"a --backend b --output y": "",
	} {
		cmd := sample(func(*cobra.Command, []string) error { return nil })
		cmd.PersistentPreRunE = CheckFlags
		Exclusive(cmd, "data", "output")
		Together(cmd, "backend", "output")
		err := runSample(cmd, args)
		if (err == nil) != (want == "") || err != nil && (exit.Code(err) != exit.Usage || err.Error() != want) {
			t.Errorf("%s: %v, want %q", args, err, want)
		}
	}
}

func TestAWrongNumberOfArgumentsShowsTheUsage(t *testing.T) {
	cmd := sample(func(*cobra.Command, []string) error { return nil })
	SetUsageArgs(cmd)
	if err := runSample(cmd, ""); exit.Code(err) != exit.Usage || !strings.Contains(err.Error(), "usage: sample FILE") {
		t.Errorf("%v", err)
	}
	if err := runSample(cmd, "a"); err != nil {
		t.Error(err)
	}
}

func TestCompletionOfFiles(t *testing.T) {
	complete := CompleteFiles("pth", "pt")
	if got, how := complete(nil, nil, ""); !slices.Equal(got, []string{"pth", "pt"}) || how != cobra.ShellCompDirectiveFilterFileExt {
		t.Errorf("first: %v, %v", got, how)
	}
	if got, how := complete(nil, []string{"a.pth"}, ""); got != nil || how != cobra.ShellCompDirectiveDefault {
		t.Errorf("second: %v, %v", got, how)
	}
}

func TestNamesOfOutputs(t *testing.T) {
	folder := t.TempDir()
	for _, c := range []struct {
		kind OutputKind
		name string
		says string // empty where the name is good
	}{
		{ModelOutput, "a.pth", ""}, {ModelOutput, "A.PTH.TAR", ""}, {ModelOutput, "a", ""}, {ModelOutput, "resnet18_v1.2", ""},
		{ModelOutput, "a.onnx", "--output"}, {ModelOutput, "a.onnx", "a.pth"}, {PageOutput, "a.pdf", "an HTML page, not pdf"},
		{JSONOutput, "a.json.gz", "a.json.json"}, {PictureOutput, "a.png", ""}, {PictureOutput, "a.jpg", "a PNG picture"},
		{ModelOutput, "no/where.pth", "the folder does not exist"},
	} {
		err := CheckOutputs(Output{"output", filepath.Join(folder, c.name), c.kind})
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		}
	}
	if err := CheckOutputs(Output{"html", StreamName, PageOutput}); exit.Code(err) != exit.Usage {
		t.Errorf("a page on standard output: %v", err)
	}
	if err := CheckOutputs(Output{"html", StreamName, PageStream}, Output{"json", "", JSONOutput}); err != nil {
		t.Errorf("a page that may go to standard output: %v", err)
	}
}

func TestOneResultOnStandardOutput(t *testing.T) {
	con, out, errOut := streams()
	stream := Planned{Path: StreamName, Bytes: 1 << 60}
	if err := con.Expect(stream); err != nil {
		t.Fatal(err)
	}
	if err := con.Expect(stream); exit.Code(err) != exit.Usage {
		t.Errorf("two results: %v", err)
	}
	n, err := con.Write(StreamName, func(w io.Writer) error {
		_, err := w.Write([]byte{1, 2, 3})
		return err
	})
	if n != 3 || err != nil || !bytes.Equal(out.Bytes(), []byte{1, 2, 3}) {
		t.Errorf("%d bytes written, %v, standard output %v", n, err, out.Bytes())
	}
	con.Result(nil, func(w io.Writer) { io.WriteString(w, "done") })
	if errOut.String() != "done" || out.Len() != 3 {
		t.Errorf("standard output %q, error %q", out, errOut)
	}
	con, _, _ = streams()
	con.JSON = true
	if err := con.Expect(stream); exit.Code(err) != exit.Usage {
		t.Errorf("with --json: %v", err)
	}
}

func TestNumbersForPeople(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{CountText(9999), "9999"}, {CountText(10000), "10.0 k"}, {CountText(11689512), "11.69 M"},
		{DurationText(90*time.Second + 400*time.Millisecond), "1m30s"}, {DurationText(1234 * time.Millisecond), "1.23s"},
		{DurationText(1234567 * time.Nanosecond), "1.23ms"}, {DurationText(1600 * time.Nanosecond), "2µs"},
		{OrUnknown(""), "unknown data"}, {OrUnknown("photos"), "photos"},
		{PresetText(vision.Preset{Channels: 1}), "grey"},
		{PresetText(vision.Preset{Channels: 3, Resize: []int{256}, Crop: []int{224, 192}, Mean: []float64{0.5}, Std: []float64{0.25}}),
			"RGB, resize 256 bilinear, centre crop 224x192, mean [0.5], std [0.25]"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
	if Ratio(1, 4) != 0.25 || Ratio(1, 0) != 0 {
		t.Errorf("ratios %g and %g", Ratio(1, 4), Ratio(1, 0))
	}
}
