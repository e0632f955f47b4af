package hub

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/octet-ml/octet/internal/atomicfile"
	"github.com/octet-ml/octet/zoo"
)

// Fetch fetches the file of weights, as the function Fetch does.
func (o Options) Fetch(ctx context.Context, w zoo.Weights) (path string, err error) {
	path, err = Fetch(ctx, w.URL, w.FileName, w.HashPrefix, o)
	if err != nil {
		return "", fmt.Errorf("%s: %w", w, err)
	}
	return path, nil
}

// Fetch returns the path of the file called fileName: in the cache, in
// PyTorch's cache (which is only read), or after downloading url into the
// cache. The SHA-256 of what it returns begins with hashPrefix, 8 to 64
// lower-case hexadecimal digits; an empty prefix means HashPrefix(fileName), and
// where that is empty too, the file is not verified beyond the size that the
// server announces.
//
// Fetch may be called from many goroutines and processes at once: one of them
// downloads. What was downloaded when it is cancelled, cut or killed is
// continued by the next call. Errors are, or wrap, ErrOffline, *HashError,
// *StatusError, *UnreachableError and those of ctx.
func Fetch(ctx context.Context, url, fileName, hashPrefix string, opts Options) (path string, err error) {
	o, err := opts.complete()
	if err != nil {
		return "", err
	}
	if err := checkName(fileName); err != nil {
		return "", err
	}
	if hashPrefix == "" {
		hashPrefix = HashPrefix(fileName)
	}
	if err := checkPrefix(fileName, hashPrefix); err != nil {
		return "", err
	}
	from, err := target(url, o.BaseURL)
	if err != nil {
		return "", fmt.Errorf("%s: %w", fileName, err)
	}
	path = filepath.Join(o.Cache, fileName)
	found, wrong, err := o.find(ctx, path, fileName, hashPrefix)
	switch {
	case found != "" || err != nil:
		return found, err
	case o.Offline && wrong != nil:
		return "", fmt.Errorf("%s is not here and nothing may be fetched (%w): %w; download %s elsewhere and place it at %s", fileName, ErrOffline, wrong, from.Redacted(), path)
	case o.Offline:
		return "", fmt.Errorf("%s is not here and nothing may be fetched (%w): download %s elsewhere and place it at %s", fileName, ErrOffline, from.Redacted(), path)
	}
	if err := os.MkdirAll(o.Cache, 0o755); err != nil {
		return "", fmt.Errorf("cannot make the cache folder: %w; OCTET_CACHE names another", err)
	}
	unlock, err := lock(ctx, path)
	if err != nil {
		return "", fmt.Errorf("%s: waiting for another download of it: %w", fileName, err)
	}
	defer unlock()
	// Whoever held the lock may have brought the file.
	if err := usable(ctx, path, hashPrefix); err == nil {
		return path, nil
	}
	d := download{o: o, url: from, path: path, prefix: hashPrefix}
	if err := d.run(ctx); err != nil {
		return "", fmt.Errorf("cannot fetch %s: %w%s", fileName, err, remedy(err, from.Redacted(), path))
	}
	return path, nil
}

// remedy says what can be done about a failed download.
func remedy(err error, url, path string) string {
	var space *fs.PathError
	var room *atomicfile.SpaceError
	var wrong *HashError
	var away *UnreachableError
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return "; what is there is kept and continued next time"
	case errors.As(err, &away):
		return fmt.Sprintf("\ncheck the network, and HTTPS_PROXY where there is a proxy; OCTET_BASE_URL names a mirror\n"+
			"or download %s elsewhere and place it at %s", url, path)
	case errors.As(err, &space), errors.As(err, &room):
		return "; OCTET_CACHE names another folder"
	case errors.As(err, &wrong):
		return fmt.Sprintf("; nothing of it was kept: a proxy, a mirror or a changed file may be why; place the right file at %s", path)
	}
	return fmt.Sprintf("; or download %s by other means and place it at %s", url, path)
}

// find looks for the file where it may already be; found is empty where it is
// nowhere. A wrong file is passed over, with a warning: a download replaces it
// in octet's cache. wrong is why the last of them is none.
func (o Options) find(ctx context.Context, path, fileName, prefix string) (found string, wrong, err error) {
	places := []string{path}
	if !o.NoTorchCache {
		for _, folder := range torchFolders() {
			places = append(places, filepath.Join(folder, fileName))
		}
	}
	for _, place := range places {
		switch err := usable(ctx, place, prefix); {
		case err == nil:
			return place, nil, nil
		case ctx.Err() != nil:
			return "", nil, context.Cause(ctx)
		case !errors.Is(err, fs.ErrNotExist):
			o.Logger.Warn("passed over", "file", place, "error", err)
			wrong = err
		}
	}
	return "", wrong, nil
}

// usable returns nil when the right file is at path.
func usable(ctx context.Context, path, prefix string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file", path)
	}
	return verify(ctx, path, path, prefix)
}

// verify compares the SHA-256 of the file at path with prefix; name stands for
// it in the error.
func verify(ctx context.Context, path, name, prefix string) error {
	if prefix == "" {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	buffer := make([]byte, 1<<18)
	var size int64
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n, err := f.Read(buffer)
		h.Write(buffer[:n])
		size += int64(n)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	if got := hex.EncodeToString(h.Sum(nil)); !strings.HasPrefix(got, prefix) {
		return &HashError{File: name, Bytes: size, Want: prefix, Got: got}
	}
	return nil
}
