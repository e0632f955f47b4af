package main

import (
	"bufio"
	"bytes"
	"container/heap"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/dataset"
)

// mergedPredictions merges lines of predictions, of which it holds one of each file.
type mergedPredictions struct {
	paths     []string
	images    []int // of each path, by its summary
	all, next *octet.Predictions
}

// maxLine bounds a line of predictions, and the summary.
const maxLine = 1 << 20

func (m *mergedPredictions) add(path string) (*dataset.Coverage, error) {
	var err error
	m.next, err = readSummary(path)
	if err != nil {
		return nil, err
	}
	m.paths, m.images = append(m.paths, path), append(m.images, m.next.Images)
	return &m.next.Shards, nil
}

// readSummary reads the last line.
func readSummary(path string) (*octet.Predictions, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	tail := make([]byte, min(info.Size(), maxLine))
	if _, err := f.ReadAt(tail, info.Size()-int64(len(tail))); err != nil && err != io.EOF {
		return nil, err
	}
	last, ended := bytes.CutSuffix(tail, []byte("\n"))
	last = last[bytes.LastIndexByte(last, '\n')+1:]
	if !ended {
		last = nil
	}
	return octet.ParsePredictions(last)
}

func (m *mergedPredictions) merge() error {
	if m.all == nil {
		m.all = m.next
		return nil
	}
	return m.all.Merge(m.next)
}

func (m *mergedPredictions) tell(out *shardFile) {
	out.Images, out.Skipped = m.all.Images, m.all.Skipped.Count
}

// write writes the lines of all files in the order of the samples, and the summary.
func (m *mergedPredictions) write(w io.Writer) error {
	var fronts lineHeap
	defer func() {
		for _, l := range fronts {
			l.file.Close()
		}
	}()
	for i, path := range m.paths {
		f, err := os.Open(path)
		if err != nil {
			return exit.WithCode(exit.Data, err)
		}
		l := &lineFile{file: f, lines: bufio.NewReaderSize(f, 1<<16), left: m.images[i]}
		more, err := l.advance()
		if more {
			fronts = append(fronts, l)
		} else {
			f.Close()
		}
		if err != nil {
			return err
		}
	}
	heap.Init(&fronts)
	before := dataset.Place{Part: -1}
	for len(fronts) > 0 {
		l := fronts[0]
		if l.at.Compare(before) <= 0 {
			return exit.WithCode(exit.Data, fmt.Errorf("%s: sample %d of part %d comes twice or out of order: run that shard again", l.file.Name(), l.at.Index, l.at.Part))
		}
		before = l.at
		if _, err := w.Write(l.line); err != nil {
			return err
		}
		more, err := l.advance()
		if err != nil {
			return err
		}
		if more {
			heap.Fix(&fronts, 0)
		} else {
			l.file.Close()
			heap.Pop(&fronts)
		}
	}
	return m.all.Write(w)
}

// lineFile is a file at one of its lines.
type lineFile struct {
	file  *os.File
	lines *bufio.Reader
	line  []byte
	at    dataset.Place
	left  int // lines of predictions behind this one, by the summary
}

// advance reads the next line of a prediction, and reports whether there was one. Its errors have
// the code exit.Data.
func (l *lineFile) advance() (bool, error) {
	more, err := l.read()
	if err == nil && more {
		l.left--
	}
	if err == nil && (l.left < 0 || !more && l.left > 0) {
		how := "fewer"
		if l.left < 0 {
			how = "more"
		}
		err = fmt.Errorf("%s: it has %s lines of predictions than its summary says, so it is damaged: run that shard again", l.file.Name(), how)
	}
	return more, exit.WithCode(exit.Data, err)
}

func (l *lineFile) read() (bool, error) {
	l.line = l.line[:0]
	for {
		part, err := l.lines.ReadSlice('\n')
		l.line = append(l.line, part...)
		if err == nil {
			break
		}
		if !errors.Is(err, bufio.ErrBufferFull) || len(l.line) > maxLine {
			return false, fmt.Errorf("%s: a line ends early, or is longer than %d bytes: %w", l.file.Name(), maxLine, err)
		}
	}
	if bytes.HasPrefix(l.line, []byte(`{"octet_predictions":`)) {
		return false, nil
	}
	var p struct {
		At *[2]int `json:"at"`
	}
	if err := json.Unmarshal(l.line, &p); err != nil || p.At == nil {
		return false, fmt.Errorf("%s: %.60q is no prediction of a shard", l.file.Name(), l.line)
	}
	l.at = dataset.Place{Part: p.At[0], Index: p.At[1]}
	return true, nil
}

// lineHeap has the file at the first sample on top.
type lineHeap []*lineFile

func (h lineHeap) Len() int           { return len(h) }
func (h lineHeap) Less(i, j int) bool { return h[i].at.Compare(h[j].at) < 0 }
func (h lineHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *lineHeap) Push(x any)        { *h = append(*h, x.(*lineFile)) }

func (h *lineHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
