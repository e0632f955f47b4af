package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io/fs"
	"path"
	"time"
)

// file is one of a package; name has slashes.
type file struct {
	name       string
	content    []byte
	executable bool
}

func (f file) mode() int64 {
	if f.executable {
		return 0o755
	}
	return 0o644
}

// inFolder puts files into a folder.
func inFolder(folder string, files []file) []file {
	moved := make([]file, len(files))
	for i, f := range files {
		f.name = path.Join(folder, f.name)
		moved[i] = f
	}
	return moved
}

// tarball packs files, which belong to root and were written at one time.
func tarball(files []file, at time.Time) ([]byte, error) {
	packed, err := tarred(files, at)
	if err != nil {
		return nil, err
	}
	return gzipped(packed)
}

// tarred is a tarball that is not compressed.
func tarred(files []file, at time.Time) ([]byte, error) {
	var b bytes.Buffer
	t := tar.NewWriter(&b)
	made := map[string]bool{}
	for _, f := range files {
		for _, folder := range foldersOf(f.name) {
			if made[folder] {
				continue
			}
			made[folder] = true
			if err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: folder + "/", Mode: 0o755, ModTime: at, Uname: "root", Gname: "root", Format: tar.FormatUSTAR}); err != nil {
				return nil, err
			}
		}
		if err := t.WriteHeader(&tar.Header{Name: f.name, Mode: f.mode(), Size: int64(len(f.content)), ModTime: at, Uname: "root", Gname: "root", Format: tar.FormatUSTAR}); err != nil {
			return nil, err
		}
		if _, err := t.Write(f.content); err != nil {
			return nil, err
		}
	}
	err := t.Close()
	return b.Bytes(), err
}

// foldersOf lists the folders above a name, the outermost first. What a name
// begins with, as ./ of Debian's archives, is one of them.
func foldersOf(name string) []string {
	var folders []string
	for i, c := range name {
		if c == '/' && i > 0 {
			folders = append(folders, name[:i])
		}
	}
	return folders
}

// zipped is tarball for Windows.
func zipped(files []file, at time.Time) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		h := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: at}
		h.SetMode(fs.FileMode(f.mode()))
		w, err := z.CreateHeader(h)
		if err == nil {
			_, err = w.Write(f.content)
		}
		if err != nil {
			return nil, err
		}
	}
	err := z.Close()
	return b.Bytes(), err
}

// gzipped compresses one file; its name and time are not in the result.
func gzipped(content []byte) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(content); err != nil {
		return nil, err
	}
	err = z.Close()
	return b.Bytes(), err
}
