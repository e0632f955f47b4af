package console

import (
	"path/filepath"
	"regexp"
	"strings"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
)

// OutputKind is a format that commands write, and the endings of names that say so.
type OutputKind struct {
	what    string
	endings []string // the usual one first
	stream  bool     // - stands for standard output
}

// The formats that commands write. Those named Stream may go to standard output (-).
var (
	ModelOutput    = OutputKind{what: "a PyTorch state dict", endings: []string{".pth", ".pt", ".bin", ".ckpt", ".pth.tar"}}
	ModelStream    = ModelOutput.streamed()
	ONNXOutput     = OutputKind{what: "an ONNX model", endings: []string{".onnx"}}
	ArrayStream    = OutputKind{what: "a NumPy array", endings: []string{".npy"}, stream: true}
	ArraysOutput   = OutputKind{what: "NumPy arrays by name", endings: []string{".npz"}}
	JSONOutput     = OutputKind{what: "JSON", endings: []string{".json"}}
	LinesOutput    = OutputKind{what: "lines of JSON", endings: []string{".jsonl", ".ndjson", ".json", ".log"}}
	PageOutput     = OutputKind{what: "an HTML page", endings: []string{".html", ".htm"}}
	PageStream     = PageOutput.streamed()
	MarkdownStream = OutputKind{what: "Markdown", endings: []string{".md", ".markdown"}, stream: true}
	PictureOutput  = OutputKind{what: "a PNG picture", endings: []string{".png"}}
)

// streamed is k where - stands for standard output.
func (k OutputKind) streamed() OutputKind {
	k.stream = true
	return k
}

// wordless matches endings that name no format: the .2 of resnet18_v1.2.
var wordless = regexp.MustCompile(`^\.?\d*$`)

// check refuses names that say that the file is something else than what is
// written. Without an ending a name says nothing.
func (k OutputKind) check(flag, path string) error {
	name := strings.ToLower(filepath.Base(path))
	ending := filepath.Ext(name)
	if path == "" || wordless.MatchString(ending) {
		return nil
	}
	for _, e := range k.endings {
		if strings.HasSuffix(name, e) {
			return nil
		}
	}
	return exit.Usagef("--%s %s: what is written is %s, not %s: name it %s", flag, path, k.what, ending[1:], k.suggest(path))
}

// suggest gives path the usual ending.
func (k OutputKind) suggest(path string) string {
	return strings.TrimSuffix(path, filepath.Ext(path)) + k.endings[0]
}

// Output is a file that a flag names.
type Output struct {
	Flag, Path string     // the flag without dashes, and its value; an empty one is no output
	Kind       OutputKind // what will be written
}

// CheckOutputs checks, before long work, that outputs can be written and that their names fit
// their formats.
func CheckOutputs(outputs ...Output) error {
	for _, o := range outputs {
		switch {
		case o.Path == "" || o.Path == StreamName && o.Kind.stream:
			continue
		case o.Path == StreamName:
			return exit.Usagef("--%s -: this cannot go to standard output: name a file", o.Flag)
		}
		if err := o.Kind.check(o.Flag, o.Path); err != nil {
			return err
		}
		if err := writable(o.Path); err != nil {
			return err
		}
	}
	return nil
}
