package octetbeam

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"

	"github.com/octet-ml/octet/internal/atomicfile"
)

// Write replaces a file by what fill writes: as a whole, or not at all. An address is one of
// the file systems that the program registers with Beam, where an object appears when it is
// complete; of those whose objects do not, one that was cut off is found by octet merge.
func Write(ctx context.Context, file string, fill func(io.Writer) error) error {
	if !strings.Contains(file, "://") {
		return atomicfile.Write(file, fill)
	}
	fs, err := filesystem.New(ctx, file)
	if err != nil {
		return err
	}
	defer fs.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out, err := fs.OpenWrite(ctx, file)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(out, 1<<18)
	if err := fill(w); err != nil {
		cancel() // an upload that is cancelled leaves no object
		return errors.Join(err, out.Close())
	}
	return errors.Join(w.Flush(), out.Close())
}
