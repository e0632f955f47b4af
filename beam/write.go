package octetbeam

import (
	"bufio"
	"context"
	"errors"
	"io"
	"reflect"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"

	"github.com/octet-ml/octet/internal/atomicfile"
)

func init() {
	beam.RegisterType(reflect.TypeFor[writeEvaluation]())
	beam.RegisterType(reflect.TypeFor[writeCalibration]())
}

// WriteEvaluation writes the only element of evaluations as a file, which octet merge reads.
func WriteEvaluation(s beam.Scope, file string, evaluations beam.PCollection) {
	beam.ParDo0(s.Scope("octet.WriteEvaluation"), &writeEvaluation{file}, evaluations)
}

// WriteCalibration writes the only element of calibrations as a file, of which octet quantize
// --stats makes the int8 model.
func WriteCalibration(s beam.Scope, file string, calibrations beam.PCollection) {
	beam.ParDo0(s.Scope("octet.WriteCalibration"), &writeCalibration{file}, calibrations)
}

type writeEvaluation struct{ File string }

// ProcessElement writes one.
func (f *writeEvaluation) ProcessElement(ctx context.Context, e Evaluation) error {
	return Write(ctx, f.File, e.Write)
}

type writeCalibration struct{ File string }

// ProcessElement writes one.
func (f *writeCalibration) ProcessElement(ctx context.Context, c Calibration) error {
	return Write(ctx, f.File, c.Write)
}

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
