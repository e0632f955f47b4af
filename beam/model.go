package octetbeam

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"sync"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"

	"github.com/octet-ml/octet"
)

// Model is a model that every worker opens for itself. NewModel completes it.
type Model struct {
	// File is a path that is the same on all workers, or an address of a file system that the
	// program registers with Beam, such as gs://bucket/int8.pth.
	File string
	// Arch and Key are what the file may not say itself, as in octet.WithArch and
	// octet.WithKey. Empty where it does.
	Arch, Key string
	// Labels name the classes, in the order of the outputs; nil leaves the file's.
	Labels []string
	// CPU limits the instruction sets of float arithmetic, so that workers of several kinds
	// give the same bits; empty allows all. Whole numbers do not depend on it.
	CPU string
	// Fingerprint identifies the graph and its weights. Workers refuse another model.
	Fingerprint string
}

// NewModel opens the model of m and returns m with its fingerprint. Bundles of this process
// take the model that it has opened.
func NewModel(ctx context.Context, m Model) (Model, error) {
	opened, err := m.open(ctx)
	if err != nil {
		return m, err
	}
	if m.Fingerprint, err = opened.Fingerprint(); err == nil {
		processModels.LoadOrStore(m.key(), &shared{model: opened})
	}
	return m, err
}

// open opens the file.
func (m Model) open(ctx context.Context) (*octet.Model, error) {
	opts := []octet.OpenOption{octet.WithArch(m.Arch), octet.WithKey(m.Key)}
	if m.Labels != nil {
		opts = append(opts, octet.WithLabels(m.Labels))
	}
	if !strings.Contains(m.File, "://") {
		return octet.Open(m.File, opts...)
	}
	local, err := download(ctx, m.File)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.File, err)
	}
	defer os.Remove(local)
	return octet.Open(local, opts...)
}

// download copies the file at an address into a temporary one with its ending.
func download(ctx context.Context, where string) (local string, err error) {
	in, err := openRead(ctx, where)
	if err != nil {
		return "", err
	}
	defer in.Close()
	out, err := os.CreateTemp("", "octet-*"+path.Ext(where))
	if err != nil {
		return "", err
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Close()); err != nil {
		os.Remove(out.Name())
	}
	return out.Name(), err
}

// openRead opens a file of a file system that Beam knows.
func openRead(ctx context.Context, where string) (io.ReadCloser, error) {
	fs, err := filesystem.New(ctx, where)
	if err != nil {
		return nil, err
	}
	in, err := fs.OpenRead(ctx, where)
	if err != nil {
		return nil, errors.Join(err, fs.Close())
	}
	return opened{in, fs}, nil
}

// opened closes the file system along with its file.
type opened struct {
	io.ReadCloser
	fs io.Closer
}

func (o opened) Close() error { return errors.Join(o.ReadCloser.Close(), o.fs.Close()) }

// shared is a model that the bundles of a process use together.
type shared struct {
	once    sync.Once
	model   *octet.Model
	session *octet.Session
	err     error
}

// processModels are the models of this process, by what decides their sessions.
var processModels sync.Map // of sharedKey to *shared

type sharedKey struct{ fingerprint, cpu, labels string }

func (m Model) key() sharedKey {
	return sharedKey{m.Fingerprint, m.CPU, strings.Join(m.Labels, "\n")}
}

// shared returns the model, opened and compiled once for each process. What failed is tried
// again by the next bundle.
func (m Model) shared(ctx context.Context) (*shared, error) {
	key := m.key()
	kept, _ := processModels.LoadOrStore(key, &shared{})
	s := kept.(*shared)
	s.once.Do(func() { s.err = s.make(ctx, m) })
	if s.err != nil {
		processModels.CompareAndDelete(key, s)
		return nil, s.err
	}
	return s, nil
}

func (s *shared) make(ctx context.Context, m Model) (err error) {
	if s.model == nil {
		if s.model, err = m.openKnown(ctx); err != nil {
			return err
		}
	}
	s.session, err = s.model.Compile(octet.WithThreads(1), octet.WithCPU(m.CPU))
	return err
}

// openKnown opens the file, which must hold the model that the pipeline was made for.
func (m Model) openKnown(ctx context.Context) (*octet.Model, error) {
	if m.Fingerprint == "" {
		return nil, fmt.Errorf("%s: the model has no fingerprint: octetbeam.NewModel gives it one", m.File)
	}
	opened, err := m.open(ctx)
	if err != nil {
		return nil, err
	}
	found, err := opened.Fingerprint()
	if err == nil && found != m.Fingerprint {
		err = fmt.Errorf("%s: this worker has another model (fingerprint %.12s) than the pipeline was made for (%.12s): give all the same file", m.File, found, m.Fingerprint)
	}
	return opened, err
}
