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
	stream  bool     // - stands for standard output
}

var (
	modelOutput    = outputKind{what: "a PyTorch state dict", endings: []string{".pth", ".pt", ".bin", ".ckpt", ".pth.tar"}}
	modelStream    = modelOutput.streamed()
	arrayStream    = outputKind{what: "a NumPy array", endings: []string{".npy"}, stream: true}
	jsonOutput     = outputKind{what: "JSON", endings: []string{".json"}}
	linesOutput    = outputKind{what: "lines of JSON", endings: []string{".jsonl", ".ndjson", ".json", ".log"}}
	pageOutput     = outputKind{what: "an HTML page", endings: []string{".html", ".htm"}}
	pageStream     = pageOutput.streamed()
	markdownStream = outputKind{what: "Markdown", endings: []string{".md", ".markdown"}, stream: true}
	pictureOutput  = outputKind{what: "a PNG picture", endings: []string{".png"}}
)

// streamed is k where - stands for standard output.
func (k outputKind) streamed() outputKind {
	k.stream = true
	return k
}

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
		switch {
		case o.path == "" || o.path == streamName && o.kind.stream:
			continue
		case o.path == streamName:
			return usageError("--%s -: this cannot go to standard output: name a file", o.flag)
		}
		if err := o.kind.check(o.flag, o.path); err != nil {
			return err
		}
		if err := writable(o.path); err != nil {
			return err
		}
	}
	return nil
}
