package inputs

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/internal/spelling"
	"github.com/octet-ml/octet/vision"
)

// imageWatch is a source that warns, once each, of images that are damaged but readable, and of
// very large ones.
type imageWatch struct {
	dataset.Source
	c     *console.Console
	limit int // --max-pixels

	mu      sync.Mutex
	damaged map[int]string // names by index
	large   map[int]bool
}

// Under returns the source itself: samples are the same.
func (w *imageWatch) Under(i int) (dataset.Source, int) { return w.Source, i }

func (w *imageWatch) At(ctx context.Context, i int) (dataset.Sample, error) {
	s, err := w.Source.At(ctx, i)
	if err == nil && s.Image != nil {
		w.see(i, s)
	}
	return s, err
}

func (w *imageWatch) see(i int, s dataset.Sample) {
	pixels := s.Image.Width * s.Image.Height
	large := pixels > max(vision.LargePixels, w.limit/2) // --max-pixels raises this, too
	if s.Image.Damage == "" && !large {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if s.Image.Damage != "" && w.damaged[i] == "" {
		if w.damaged == nil {
			w.damaged = map[int]string{}
		}
		w.damaged[i] = s.Name
		w.c.Warn("damaged, but read as PIL reads it: %s: %s", s.Name, s.Image.Damage)
	}
	if large && !w.large[i] {
		if w.large == nil {
			w.large = map[int]bool{}
		}
		w.large[i] = true
		w.c.Warn("%s has %d pixels, more than %d: it may be a decompression bomb; --max-pixels sets the limit", s.Name, pixels, vision.LargePixels)
	}
}

// names lists the damaged images so far, in order.
func (w *imageWatch) names() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var names []string
	for _, i := range slices.Sorted(maps.Keys(w.damaged)) {
		names = append(names, w.damaged[i])
	}
	return names
}

// DamagedImages names the damaged images that were read.
func (d *Data) DamagedImages() []string {
	if d.images == nil {
		return nil
	}
	return d.images.names()
}

// DescribeDamaged is a line about damaged images; empty when there are none.
func DescribeDamaged(damaged []string) string {
	if len(damaged) == 0 {
		return ""
	}
	return fmt.Sprintf("%d damaged, read as PIL reads them: %s", len(damaged), spelling.Abbreviate(damaged, 3))
}
