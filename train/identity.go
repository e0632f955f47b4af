package train

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

// ErrOtherData: a checkpoint was made with other samples, or these were prepared
// otherwise.
var ErrOtherData = errors.New("the checkpoint is of other data")

// ErrDamaged: a checkpoint cannot be read to its end.
var ErrDamaged = errors.New("the state of this training is damaged")

// Identify reads all training data, without decoding it, and notes what it is, so
// that a checkpoint continues with the same data only. It is read as it is before
// the first step, so that a sample is known whether it has been trained on or not.
// Where it was not called, Resume, and Run with a Checkpoint, begin with it. progress
// may be nil.
func (t *Trainer) Identify(ctx context.Context, progress func(done int)) error {
	if t.identity != nil {
		return nil
	}
	d := t.data
	id, err := dataset.Identify(ctx, d.Source, d.Preset, dataset.IdentifyOptions{Labels: d.Labels, Progress: progress})
	if err != nil {
		return err
	}
	id.Settings.Set("classes", d.Classes)
	samples, err := pack(id.Samples)
	if err != nil {
		return err
	}
	t.identity, t.samples = &id, samples
	return nil
}

// maxRatio bounds what packed samples may unpack to, per byte: their digests do not
// shrink, and names seldom have more than 1000 letters.
const maxRatio = 64

// pack writes samples as gzipped lines.
func pack(samples []dataset.SampleID) (*tensor.Tensor, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	for _, s := range samples {
		s.Name = strings.ReplaceAll(s.Name, "\n", " ")
		line, err := s.MarshalText()
		if err != nil {
			return nil, err
		}
		z.Write(append(line, '\n')) // to memory
	}
	err := z.Close()
	return tensor.Of(b.Bytes(), b.Len()), err
}

// unpack reads what pack wrote.
func unpack(t *tensor.Tensor) ([]dataset.SampleID, error) {
	z, err := gzip.NewReader(bytes.NewReader(t.Uint8s()))
	if err != nil {
		return nil, err
	}
	limit := int64(t.Numel())*maxRatio + 1<<20
	var samples []dataset.SampleID
	lines := bufio.NewScanner(io.LimitReader(z, limit))
	for lines.Scan() {
		var s dataset.SampleID
		if err := s.UnmarshalText(lines.Bytes()); err != nil {
			return nil, err
		}
		samples = append(samples, s)
	}
	return samples, lines.Err()
}

// sameData refuses a checkpoint of other samples, or of ones prepared otherwise.
func (t *Trainer) sameData(r record, part *torch.StateDict) error {
	packed, ok := part.Tensor(samplesKey)
	if !ok || packed.DType() != tensor.UInt8 {
		return fmt.Errorf("%w: %s%s is missing or is not uint8", ErrDamaged, dataKeys, samplesKey)
	}
	samples, err := unpack(packed)
	if err != nil {
		return fmt.Errorf("%w: %s%s: %w", ErrDamaged, dataKeys, samplesKey, err)
	}
	was := dataset.Identity{Settings: r.Data, Samples: samples}
	if d := was.Differences(*t.identity); d != nil {
		return fmt.Errorf("%w: %s: continue with the same samples, labels and preprocessing", ErrOtherData, strings.Join(d, "; "))
	}
	return nil
}

// unreadable takes the advice off an error of the file: what this program wrote is
// not downloaded again.
func unreadable(err error) error {
	var e *torch.Error
	if !errors.As(err, &e) {
		return err
	}
	plain := *e
	plain.Remedy = ""
	return fmt.Errorf("%w: %w", &plain, ErrDamaged)
}
