package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// SpaceError says that a result does not fit where it shall be written.
type SpaceError struct {
	Folder     string // of the file that was to be written
	Free, Need int64  // bytes
}

// Error names the folder, its room and the need.
func (e *SpaceError) Error() string {
	return fmt.Sprintf("%s has room for %d bytes, about %d are needed", e.Folder, e.Free, e.Need)
}

// Is makes a SpaceError one of those that FullDisk knows.
func (e *SpaceError) Is(target error) bool { return target == errFull }

var errFull = errors.New("no space left on the device")

// FullDisk reports whether err is that of a device without room.
func FullDisk(err error) bool { return errors.Is(err, errFull) || fullDisk(err) }

// Check does what Write does before it has any content, and leaves nothing behind:
// it finds out whether a file of about size bytes can be written to path. A file
// that is there is not touched.
func Check(path string, size int64) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return fmt.Errorf("cannot write %s: it is a directory", path)
	case err == nil && info.Mode()&fs.ModeDevice != 0:
		return checkDevice(path)
	case err == nil && !info.Mode().IsRegular():
		return nil // a pipe: opening it would wait for a reader
	case err == nil:
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".tmp*")
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	if err := errors.Join(tmp.Close(), os.Remove(tmp.Name())); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return Room(filepath.Dir(path), size)
}

// Room fails where the file system of an existing folder has no room for size
// bytes. Where the system does not say, there is room.
func Room(folder string, size int64) error {
	if free, known := freeSpace(folder); known && free < size {
		return &SpaceError{folder, free, size}
	}
	return nil
}

// checkDevice writes nothing to a device: a full one refuses even that.
func checkDevice(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err == nil {
		_, err = f.Write(nil)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return nil
}
