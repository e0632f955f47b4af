package dataset

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
)

// tarPart is an archive that is read from its beginning to its end, as it comes from a disk
// or a network.
type tarPart struct {
	name    string
	open    func(context.Context) (io.ReadCloser, error)
	opts    options
	shared  string   // folder that all images are in, with a slash behind it
	folders []string // of the classes; nil: labels are in members NAME.cls
}

// TarPart is a tar archive, gzipped or not, that open gives from its beginning, each time
// that it is called. The class of an image is the number in the member of the same name that
// ends in .cls, before or behind it, as archives for WebDataset have them. Folders in it are
// no classes unless the archive is a file that OpenPart has opened.
func TarPart(name string, open func(context.Context) (io.ReadCloser, error), opts ...Option) Part {
	return &tarPart{name: name, open: open, opts: collect(opts)}
}

func (p *tarPart) Name() string      { return p.name }
func (p *tarPart) Classes() []string { return p.folders }
func (p *tarPart) Kind() Kind        { return KindImages }
func (p *tarPart) Close() error      { return nil }

// findClasses reads the headers of the archive for the folders of classes.
func (p *tarPart) findClasses(ctx context.Context) error {
	folders := map[string]bool{}
	err := p.members(ctx, func(name string, _ *tar.Header, _ io.Reader) error {
		if isImageFile(name) {
			folders[name[:strings.LastIndexByte(name, '/')+1]] = true
		}
		return nil
	})
	if err != nil {
		return err
	}
	var all []member
	for f := range folders {
		all = append(all, member{name: f})
	}
	if len(all) == 0 {
		return fmt.Errorf("%s: no image among its members; images end in %s", p.name, strings.Join(extensions, ", "))
	}
	p.shared = sharedFolder(all)
	for _, m := range all {
		if folder, _, ok := strings.Cut(strings.TrimPrefix(m.name, p.shared), "/"); ok {
			p.folders = append(p.folders, folder)
		}
	}
	slices.Sort(p.folders)
	p.folders = slices.Compact(p.folders)
	return nil
}

// members calls see with all regular members, in their order, whose content in is.
func (p *tarPart) members(ctx context.Context, see func(name string, h *tar.Header, in io.Reader) error) (err error) {
	raw, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer func() {
		raw.Close()
		if err != nil && !errors.Is(err, errStop) && ctx.Err() == nil {
			err = fmt.Errorf("%s: %w", p.name, err)
		}
	}()
	in, err := unpacked(raw)
	if err != nil {
		return err
	}
	end := &endWatch{in: in}
	t := tar.NewReader(end)
	if file, ok := in.(io.ReadSeeker); ok { // members are passed over without being read
		t = tar.NewReader(&seekWatch{end, file})
	}
	hidden := &finder{}
	for n := 0; ; n++ {
		h, err := t.Next()
		if err == io.EOF {
			if end.reached {
				return errCut(n)
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("broken tar after %d members: %w", n, err)
		}
		name := strings.TrimPrefix(path.Clean("/"+h.Name), "/")
		if h.Typeflag != tar.TypeReg || hidden.inHidden(name) || isShadow(name) {
			continue
		}
		if h.PAXRecords["GNU.sparse.major"] != "" || h.PAXRecords["GNU.sparse.size"] != "" {
			return fmt.Errorf("%s: sparse members are not supported; write the archive without --sparse", name)
		}
		if err := see(name, h, t); err != nil {
			return err
		}
	}
}

// endWatch sees whether a reader was read to its end, which an archive ends before: a reader of
// tars takes one that was cut off between two members for complete.
type endWatch struct {
	in      io.Reader
	reached bool
}

func (w *endWatch) Read(p []byte) (int, error) {
	n, err := w.in.Read(p)
	if n == 0 && err == io.EOF {
		w.reached = true
	}
	return n, err
}

func errCut(members int) error {
	return fmt.Errorf("the archive is cut off after %d members: the mark of its end is missing", members)
}

// seekWatch is endWatch of a file.
type seekWatch struct {
	*endWatch
	io.Seeker
}

// unpacked reads gzipped archives as what they hold. A file stays one, whose members can be
// passed over without being read.
func unpacked(raw io.Reader) (io.Reader, error) {
	file, seeks := raw.(io.ReadSeeker)
	r := bufio.NewReaderSize(raw, 1<<16)
	if magic, err := r.Peek(2); err != nil || string(magic) != "\x1f\x8b" {
		if !seeks {
			return r, nil
		}
		_, err := file.Seek(0, io.SeekStart)
		return file, err
	}
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	return z, nil
}

// waiting is how many images of one key wait for their label: WebDataset has one or two, but
// cat.1.jpg and cat.2.jpg of other archives have one key, too.
const waiting = 16

func (p *tarPart) each(ctx context.Context, mine func(int) bool, yield func(entry) bool) error {
	g := &tarGroup{yield: yield, label: -1}
	images := 0
	err := p.members(ctx, func(name string, h *tar.Header, in io.Reader) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := g.begin(name); err != nil {
			return err
		}
		if strings.HasSuffix(name, ".cls") {
			return g.readLabel(name, in)
		}
		if !isImageFile(name) {
			return nil
		}
		e := entry{name: name, label: -1}
		if p.folders != nil {
			folder, _, ok := strings.Cut(strings.TrimPrefix(name, p.shared), "/")
			if e.label = slices.Index(p.folders, folder); !ok || e.label < 0 {
				return nil // beside the class folders
			}
		}
		if p.folders == nil {
			e.folders = foldersOf(name)
		}
		images++
		if mine(images - 1) {
			content, err := io.ReadAll(io.LimitReader(in, maxEncoded+1))
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			e.load = func(context.Context) (loaded, error) {
				if len(content) > maxEncoded {
					return loaded{}, fmt.Errorf("%s: %w", name, errHuge)
				}
				return p.opts.readImage(name, e.label, content)
			}
		}
		return g.add(e)
	})
	if err == nil {
		err = g.flush()
	}
	if errors.Is(err, errStop) {
		return nil
	}
	if err == nil && images == 0 {
		err = fmt.Errorf("%s: no image among its members; images end in %s", p.name, strings.Join(extensions, ", "))
	}
	return err
}

// tarGroup holds the images of one key until their label is known.
type tarGroup struct {
	yield  func(entry) bool
	key    string
	label  int // of the key; -1 where none was found yet
	images []entry
}

// begin comes to a member: one of another key ends the group.
func (g *tarGroup) begin(name string) error {
	folder, base := path.Split(name)
	base, _, _ = strings.Cut(base, ".")
	if key := folder + base; key != g.key {
		if err := g.flush(); err != nil {
			return err
		}
		g.key, g.label = key, -1
	}
	return nil
}

// readLabel reads a member NAME.cls.
func (g *tarGroup) readLabel(name string, in io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(in, 32))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if g.label, err = strconv.Atoi(strings.TrimSpace(string(text))); err != nil || g.label < 0 {
		return fmt.Errorf("%s: %q is not the number of a class", name, text)
	}
	return nil
}

func (g *tarGroup) add(e entry) error {
	g.images = append(g.images, e)
	if len(g.images) < waiting {
		return nil
	}
	return g.flush()
}

// flush passes on what waits.
func (g *tarGroup) flush() error {
	for _, e := range g.images {
		if e.label < 0 {
			e.label = g.label
		}
		if !g.yield(e) {
			return errStop
		}
	}
	clear(g.images)
	g.images = g.images[:0]
	return nil
}
