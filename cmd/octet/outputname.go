package main

import (
	"path/filepath"
	"regexp"
	"strings"
)

// outputKind is a format that commands write, and the endings of names that say so.
type outputKind struct {
	what    string
	endings []string // the usual one first
}

var (
	modelOutput    = outputKind{"a PyTorch state dict", []string{".pth", ".pt", ".bin", ".ckpt", ".pth.tar"}}
	arrayOutput    = outputKind{"a NumPy array", []string{".npy"}}
	jsonOutput     = outputKind{"JSON", []string{".json"}}
	linesOutput    = outputKind{"lines of JSON", []string{".jsonl", ".ndjson", ".json", ".log"}}
	pageOutput     = outputKind{"an HTML page", []string{".html", ".htm"}}
	markdownOutput = outputKind{"Markdown", []string{".md", ".markdown"}}
	pictureOutput  = outputKind{"a PNG picture", []string{".png"}}
)

// wordless is a last part of a name that says nothing about a format: the 2 of
// resnet18_v1.2.
var wordless = regexp.MustCompile(`^\.?\d*$`)

// check refuses names that say that the file is something else than what is
// written. Without an ending a name says nothing.
func (k outputKind) check(flag, path string) error {
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
	return usageError("--%s %s: what is written is %s, not %s: name it %s", flag, path, k.what, ending[1:], k.suggest(path))
}

// suggest gives path the usual ending.
func (k outputKind) suggest(path string) string {
	return strings.TrimSuffix(path, filepath.Ext(path)) + k.endings[0]
}

// output is a file that a flag names.
type output struct {
	flag, path string
	kind       outputKind
}

// checkOutputs finds out before long work that its results have no place, or a
// name that belongs to another format.
func checkOutputs(outputs ...output) error {
	for _, o := range outputs {
		if err := o.kind.check(o.flag, o.path); err != nil {
			return err
		}
		if err := writable(o.path); err != nil {
			return withCode(exitOutput, err)
		}
	}
	return nil
}
