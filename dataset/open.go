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
	found := formatFolder
	if !info.IsDir() {
		if found, err = recognise(path); err != nil {
			return nil, err
		}
	}
	if o.labels != "" || o.fromNames {
		if found == formatFolder || found == formatTar {
			return openLabelled(path, found, o)
		}
		if o.fromNames || found != formatIDX && found != formatNPY {
			return nil, fmt.Errorf("%s: labels in names or in a file (%s) go with folders, archives, IDX and .npy sets", path, o.labels)
		}
	}
	switch found {
	case formatFolder:
		return openFolder(path, o)
	case formatNPY:
		return openNPY(path, o)
	case formatNPZ:
		return openNPZ(path)
	case formatIDX:
		return openIDX(path, o)
	case formatTar:
		return openTar(path, o)
	default:
		return openFiles([]string{path}, o)
	}
}

// openLabelled opens a folder or archive whose labels are in a table or in the names
// of the files.
func openLabelled(path string, f format, o options) (Source, error) {
	if o.labels != "" {
		if _, err := recognise(o.labels); err == nil {
			return nil, fmt.Errorf("%s: the labels of a folder or archive are read from a CSV, with the name of an image and its class in each line; %s is none", path, o.labels)
		}
	}
	o.flat = true
	open := openFolder
	if f == formatTar {
		open = openTar
	}
	src, err := open(path, o)
	if err != nil {
		return nil, err
	}
	var out Source
	if o.fromNames {
		out, err = namesAsLabels(src, path, o)
	} else {
		out, err = readTable(o.labels, src, path, o)
	}
	if err != nil {
		src.Close()
		return nil, err
	}
	return out, nil
}

// format is what a path is recognised as.
type format int

const (
	formatFolder format = iota
	formatImage
	formatNPY
	formatNPZ
	formatIDX
	formatTar
)

// recognise looks at the first bytes of a file, unpacked if it is gzipped.
func recognise(path string) (format, error) {
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
		return formatNPY, nil
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return formatNPZ, nil
	case isIDX(head):
		return formatIDX, nil
	case len(head) > tarMagic+5 && string(head[tarMagic:tarMagic+5]) == "ustar":
		return formatTar, nil
	}
	if isImageFile(path) || looksLikeImage(head) {
		return formatImage, nil
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
	for _, magic := range []string{"\x89PNG", "\xff\xd8\xff", "RIFF", "GIF8", "BM", "II*\x00", "MM\x00*", "II+\x00", "MM\x00+"} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return true
		}
	}
	netpbm := len(head) > 2 && head[0] == 'P' && head[1] >= '1' && head[1] <= '6'
	return netpbm && bytes.ContainsRune([]byte(" \t\r\n"), rune(head[2]))
}
