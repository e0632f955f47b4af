package serve

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/parallel"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/vision"
)

// Session is a model that is open: compiled, with the names of its classes, and with what makes
// its input of image files. A Host has one for each version that it serves; a transport whose
// clients open models themselves has its own. It is safe for concurrent use. Its runs are those
// of octet.Session: call them within Safely where a panic must not end the program.
type Session struct {
	*octet.Session
	labels        []string
	labelsAssumed bool
	presetAssumed bool
	images        preparation
}

// SessionOptions say how a Session computes and prepares images. Zero values are the defaults.
type SessionOptions struct {
	// Threads that compute; 0 means GOMAXPROCS. The results do not depend on it.
	Threads int
	// FiniteInputs refuses inputs with NaN or infinite values.
	FiniteInputs bool
	// Decoder of image files.
	Decoder vision.Decoder
	// Decoding is how many image files of a batch are prepared at a time; 0 means as many as there
	// are threads that are idle.
	Decoding int
	// MaxInput bounds the bytes that the images of one batch become; 0 means any number.
	MaxInput int
	// MaxPixels bounds the pixels that the images of one batch have together; 0 means any number.
	MaxPixels int
}

// NewSession compiles a model for this CPU.
func NewSession(m *octet.Model, o SessionOptions) (*Session, error) {
	compile := []octet.CompileOption{octet.WithThreads(o.Threads)}
	if o.FiniteInputs {
		compile = append(compile, octet.WithFiniteInputs())
	}
	session, err := m.Compile(compile...)
	if err != nil {
		return nil, err
	}
	s := &Session{Session: session, images: preparation{decoder: o.Decoder, pool: parallel.Shared(o.Decoding), most: o.MaxInput, pixels: o.MaxPixels}}
	s.labels, s.labelsAssumed = m.Labels()
	s.images.preset, s.presetAssumed, s.images.err = m.Preset()
	return s, nil
}

// Labels are the names of the classes as octet.Model has them. The caller must not change them.
func (s *Session) Labels() (labels []string, assumed bool) { return s.labels, s.labelsAssumed }

// Preset says how Prepare prepares images; the error, why it cannot.
func (s *Session) Preset() (preset vision.Preset, assumed bool, err error) {
	return s.images.preset, s.presetAssumed, s.images.err
}

// Prepare makes a batch, float32 [N, C, H, W] or [N, H, W, C], of N image files, at least one,
// which must become one shape. The error names the image by its place, from 0; it wraps
// vision.ErrNoImage or vision.ErrTooLarge where that is the reason.
func (s *Session) Prepare(ctx context.Context, files [][]byte) (*tensor.Tensor, error) {
	return s.images.prepare(ctx, files)
}

// PanicError is a panic that Safely has caught.
type PanicError struct {
	Value any    // what the code panicked with
	Stack []byte // of the goroutine
}

// Error is the value and the stack.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v\n%s", e.Value, e.Stack) }

// Safely calls f, and returns a panic in it as a *PanicError: other requests survive it.
func Safely[T any](f func() (T, error)) (result T, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &PanicError{r, debug.Stack()}
		}
	}()
	return f()
}
