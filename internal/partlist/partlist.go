package partlist

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"github.com/octet-ml/octet/dataset"
)

// Opener gives the content at an address, from its beginning, each time that it is called.
type Opener func(ctx context.Context) (io.ReadCloser, error)

// Open opens what paths name, and says what the set is called. Addresses begin with http://,
// https:// or s3://; others gives those of more schemes, and nil for what it does not know
// (others may be nil). Archives of a list are not opened before they are read, so that a shard
// touches only its own.
func Open(paths []string, others func(where string) Opener, opts ...dataset.Option) (parts []dataset.Part, name string, err error) {
	all, err := Expand(paths)
	if err != nil {
		return nil, "", err
	}
	if len(all) == 0 {
		return nil, "", errors.New("the list of data is empty")
	}
	if len(all) > 1 {
		opts = append(opts[:len(opts):len(opts)], dataset.WithoutClasses())
	}
	for _, p := range all {
		part, err := openPart(p, others, opts)
		if err != nil {
			for _, opened := range parts {
				opened.Close()
			}
			return nil, "", err
		}
		parts = append(parts, part)
	}
	name = parts[0].Name()
	if len(parts) > 1 {
		name = fmt.Sprintf("%s … %s, %d parts", name, parts[len(parts)-1].Name(), len(parts))
	}
	return parts, name, nil
}

// openPart opens one path.
func openPart(where string, others func(string) Opener, opts []dataset.Option) (dataset.Part, error) {
	if !strings.Contains(where, "://") {
		return dataset.OpenPart(where, opts...)
	}
	open, err := remote(where)
	if err == nil && open == nil && others != nil {
		open = others(where)
	}
	if err == nil && open == nil {
		err = fmt.Errorf("%s: addresses begin with http://, https:// or s3://", where)
	}
	if err != nil {
		return nil, err
	}
	return dataset.TarPart(baseOf(where), open, opts...), nil
}

// baseOf is what the part at an address is called.
func baseOf(where string) string {
	where, _, _ = strings.Cut(where, "?")
	return path.Base(where)
}

// Expand expands lists and patterns among paths.
func Expand(paths []string) (all []string, err error) {
	for _, p := range paths {
		more, err := expand(p)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// expand reads @FILE, a list with a path on each line, and a-{000..146}.tar.
func expand(where string) ([]string, error) {
	list, ok := strings.CutPrefix(where, "@")
	if !ok {
		return braces(where)
	}
	f, err := os.Open(list)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if line := strings.TrimSpace(lines.Text()); line != "" && !strings.HasPrefix(line, "#") {
			all = append(all, line)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", list, err)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s lists nothing: write one path or address on each line", list)
	}
	return all, nil
}

// mostParts bounds how many archives a pattern stands for.
const mostParts = 1_000_000

// braces expands one {first..last} of numbers of equal width, as WebDataset writes archives.
func braces(where string) ([]string, error) {
	before, rest, ok := strings.Cut(where, "{")
	span, after, closed := strings.Cut(rest, "}")
	first, last, ranged := strings.Cut(span, "..")
	var a, b int
	if !ok || !closed || !ranged || !number(first, &a) || !number(last, &b) {
		return []string{where}, nil
	}
	if a > b || b-a >= mostParts {
		return nil, fmt.Errorf("%s: {%s} has to rise, and to stand for at most %d parts", where, span, mostParts)
	}
	var all []string
	for i := a; i <= b; i++ {
		all = append(all, fmt.Sprintf("%s%0*d%s", before, len(first), i, after))
	}
	return all, nil
}

func number(text string, n *int) bool {
	if text == "" || len(text) > 9 || strings.Trim(text, "0123456789") != "" {
		return false
	}
	fmt.Sscanf(text, "%d", n)
	return true
}
