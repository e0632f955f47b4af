package inputs

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/hub"
)

// Limits of pictures that are no files.
const (
	maxPictureBytes = 64 << 20
	longestPicture  = time.Minute
)

// standardInput is the name of the picture on standard input.
const standardInput = "-"

// isAddress reports whether an input is a URL, of whatever scheme.
func isAddress(input string) bool { return strings.Contains(input, "://") }

// FetchPictures reads the pictures among the inputs that are no files: those of URLs, and
// that on standard input.
func FetchPictures(ctx context.Context, c *console.Console, inputs []string, offline bool) (map[string][]byte, error) {
	all := map[string][]byte{}
	for _, input := range inputs {
		var err error
		switch {
		case all[input] != nil:
			if input == standardInput {
				return nil, exit.Usagef("- is named twice, but standard input has one picture")
			}
		case input == standardInput:
			all[input], err = readPicture(c.In)
		case isAddress(input):
			if all[input], err = hub.Get(ctx, input, maxPictureBytes, longestPicture, hub.Options{Offline: offline}); err != nil {
				if code := fetchCode(err); code != exit.Model {
					err = exit.WithCode(code, err)
				}
			}
		}
		if err != nil {
			return nil, exit.WithCode(exit.Data, err)
		}
	}
	return all, nil
}

func readPicture(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxPictureBytes+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("standard input: %w", err)
	case len(b) == 0:
		return nil, fmt.Errorf("standard input is empty; - stands for a picture on it: octet run MODEL.pth - < cat.jpg")
	case len(b) > maxPictureBytes:
		return nil, fmt.Errorf("standard input has more than %d bytes: a picture is expected", maxPictureBytes)
	}
	return b, nil
}

// openInput opens what a path names, or a picture that was fetched.
func (f *DataFlags) openInput(path string, opts []dataset.Option) (dataset.Source, error) {
	b, ok := f.Pictures[path]
	if !ok {
		return dataset.Open(path, opts...)
	}
	if path == standardInput {
		path = "standard input"
	}
	return dataset.Encoded([][]byte{b}, append(opts, dataset.WithNames(path))...)
}
