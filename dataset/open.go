package dataset

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
)

// Open opens the set at path and recognises what it is: a folder of images
// (with one folder per class, if no image lies directly in it), a tar archive,
// an IDX file of images (either may be gzipped), a .npy, a .npz, or one image.
// Files are recognised by their content.
func Open(path string, opts ...Option) (Source, error) {
	o := collect(opts)
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	kind := kindFolder
	if !info.IsDir() {
		if kind, err = recognise(path); err != nil {
			return nil, err
		}
	}
	if o.labels != "" && kind != kindIDX && kind != kindNPY {
		return nil, fmt.Errorf("%s: a file of labels (%s) goes only with IDX and .npy sets", path, o.labels)
	}
	switch kind {
	case kindFolder:
		return openFolder(path, o)
	case kindNPY:
		return openNPY(path, o)
	case kindNPZ:
		return openNPZ(path)
	case kindIDX:
		return openIDX(path, o)
	case kindTar:
		return openTar(path, o)
	default:
		return openFiles([]string{path}, o)
	}
}

type kind int

const (
	kindFolder kind = iota
	kindImage
	kindNPY
	kindNPZ
	kindIDX
	kindTar
)

// recognise looks at the first bytes of a file, unpacked if it is gzipped.
func recognise(path string) (kind, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	head, err := peek(f)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	const tarMagic = 257 // where a tar header says "ustar"
	switch {
	case len(head) == 0:
		return 0, fmt.Errorf("%s: the file is empty", path)
	case bytes.HasPrefix(head, []byte("\x93NUMPY")):
		return kindNPY, nil
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return kindNPZ, nil
	case isIDX(head):
		return kindIDX, nil
	case len(head) > tarMagic+5 && string(head[tarMagic:tarMagic+5]) == "ustar":
		return kindTar, nil
	}
	if isImageFile(path) || looksLikeImage(head) {
		return kindImage, nil
	}
	return 0, fmt.Errorf("%s: neither a folder of images nor a tar, IDX, .npy, .npz or image file; it starts with %q", path, head[:min(len(head), 8)])
}

// peek returns up to one tar header from the beginning of f.
func peek(f *os.File) ([]byte, error) {
	r := bufio.NewReader(f)
	var in io.Reader = r
	if magic, _ := r.Peek(2); string(magic) == "\x1f\x8b" {
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, err
		}
		in = z
	}
	head := make([]byte, 512)
	n, err := io.ReadFull(in, head)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	return head[:n], err
}

func looksLikeImage(head []byte) bool {
	for _, magic := range []string{"\x89PNG", "\xff\xd8\xff", "RIFF", "GIF8", "BM", "II*\x00", "MM\x00*"} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return true
		}
	}
	return false
}
