package torch

import (
	"archive/zip"
	"bufio"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"

	"github.com/octet-ml/octet/internal/atomicfile"
	"github.com/octet-ml/octet/internal/zipcheck"
)

// SaveOption configures Save and Write.
type SaveOption func(*saveOptions)

type saveOptions struct{ ctx context.Context }

// WithContext lets ctx end a Save or Write early; Save then leaves no file behind.
func WithContext(ctx context.Context) SaveOption { return func(o *saveOptions) { o.ctx = ctx } }

// Save writes a state dict as the file that torch.save would write, for
// torch.load(path, weights_only=True). The file appears complete or not at all:
// on any error an old file at path stays as it was. The same state dict gives
// the same bytes, whatever the path.
func Save(path string, sd *StateDict, opts ...SaveOption) error {
	err := atomicfile.Write(path, func(w io.Writer) error { return Write(w, sd, opts...) })
	var e *Error
	if errors.As(err, &e) { // a fault of the state dict; others name the file already
		return located(err, path, "")
	}
	return err
}

// Write is Save to a stream.
func Write(w io.Writer, sd *StateDict, opts ...SaveOption) error {
	o := saveOptions{ctx: context.Background()}
	for _, opt := range opts {
		opt(&o)
	}
	p := &pickler{pool: newPool(sd)}
	if err := p.stateDict(sd); err != nil {
		return err
	}
	buffered := bufio.NewWriterSize(w, 1<<20)
	a := newArchiveWriter(buffered, o.ctx)
	if err := a.all(p, sd); err != nil {
		return err
	}
	return buffered.Flush()
}

// archiveWriter writes stored records whose payloads start at multiples of 64.
type archiveWriter struct {
	ctx context.Context
	out *countingWriter
	zip *zip.Writer
}

func newArchiveWriter(w io.Writer, ctx context.Context) *archiveWriter {
	out := &countingWriter{w: w}
	return &archiveWriter{ctx, out, zip.NewWriter(out)}
}

// all writes the records in the order of torch.save. The record .format_version is left out on
// purpose: with it PyTorch computes the offsets of payloads instead of reading them, which is
// right only for files of its own writer.
func (a *archiveWriter) all(p *pickler, sd *StateDict) error {
	if err := a.record("data.pkl", p.buf.Bytes()); err != nil {
		return err
	}
	if err := a.record("byteorder", []byte("little")); err != nil {
		return err
	}
	for _, s := range p.pool.order {
		b, err := s.payload()
		if err == nil {
			err = a.record("data/"+s.key(), b)
		}
		if err != nil {
			return located(err, "", "data/"+s.key())
		}
	}
	if err := a.record("version", []byte("3\n")); err != nil {
		return err
	}
	names := make([]string, 0, len(sd.Extra))
	for n := range sd.Extra {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		if strings.Contains(n, "/") || !strings.HasSuffix(n, ".json") || zipcheck.CheckName(n) != nil {
			return &Error{Record: n, Err: errors.New("an extra record is named NAME.json, without folders")}
		}
		if err := a.record(n, sd.Extra[n]); err != nil {
			return err
		}
	}
	return a.zip.Close()
}

// record writes one stored record below the top folder.
func (a *archiveWriter) record(name string, payload []byte) error {
	if uint64(len(payload)) >= 1<<32-1 {
		return fmt.Errorf("%d bytes; records of 4 GiB and more are not supported", len(payload))
	}
	h := &zip.FileHeader{
		Name:               "archive/" + name,
		Method:             zip.Store,
		Flags:              0x800, // UTF-8 names
		CRC32:              crc32.ChecksumIEEE(payload),
		CompressedSize64:   uint64(len(payload)),
		UncompressedSize64: uint64(len(payload)),
	}
	if err := a.zip.Flush(); err != nil {
		return err
	}
	// 30 bytes of header, the name, 4 bytes of field header, then padding.
	const align = 64
	pad := (align - (a.out.n+30+int64(len(h.Name))+4)%align) % align
	h.Extra = append([]byte{'F', 'B', byte(pad), 0}, strings.Repeat("Z", int(pad))...)
	w, err := a.zip.CreateRaw(h)
	if err != nil {
		return err
	}
	return writePieces(w, payload, a.ctx.Err)
}

// countingWriter knows the offset in the file.
type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}
