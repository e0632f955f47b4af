package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// repository is the root of the module that this program belongs to.
func repository() (string, error) {
	out, err := command("", nil, "go", "env", "GOMOD")
	if path := strings.TrimSpace(string(out)); err == nil && path != "" && path != os.DevNull {
		return filepath.Dir(path), nil
	}
	return "", errors.Join(errors.New("run it in a checkout of octet"), err)
}

// commitTime is the time that all files get: SOURCE_DATE_EPOCH, else that of the
// commit, else a fixed one.
func commitTime(root string) time.Time {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		out, _ := command(root, nil, "git", "log", "-1", "--format=%ct")
		text = strings.TrimSpace(string(out))
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		seconds = 315532800 // 1980, the first year that a zip file knows
	}
	return time.Unix(seconds, 0).UTC()
}

// revision is the checkout's commit; empty where it has none.
func revision(root string) string {
	out, _ := command(root, nil, "git", "rev-parse", "HEAD")
	return strings.TrimSpace(string(out))
}

// command runs a program in a folder with additional environment variables.
func command(folder string, env []string, name string, args ...string) ([]byte, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = folder, append(os.Environ(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, stderr.Bytes())
	}
	return out, nil
}

// goEnv is the environment that builds for a platform.
func goEnv(p platform) []string {
	return []string{"CGO_ENABLED=0", "GOOS=" + p.os, "GOARCH=" + p.arch, "GOFLAGS=", "GOAMD64=v1", "GOARM64=v8.0"}
}

// goBuild builds the binary for a platform; env is that of goEnv, nil for this machine.
func (r *release) goBuild(env []string, path string) error {
	// The tag leaves out gRPC's own pages of traces, and 3.5 MB with them: they use templates, which
	// make the linker keep every method.
	_, err := command(r.root, env, "go", "build", "-tags", "grpcnotrace", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -X main.release="+r.version, "-o", path, "./cmd/octet")
	return err
}

// common makes what is the same on all platforms.
func (r *release) common(staging string) ([]file, error) {
	binary := filepath.Join(staging, "octet-here")
	if err := r.goBuild([]string{"CGO_ENABLED=0"}, binary); err != nil {
		return nil, err
	}
	pages := filepath.Join(staging, "man")
	if _, err := command(r.root, nil, binary, "man", pages); err != nil {
		return nil, err
	}
	var files []file
	for _, path := range []string{"LICENSE", "README.md"} {
		content, err := os.ReadFile(filepath.Join(r.root, path))
		if err != nil {
			return nil, err
		}
		files = append(files, file{name: path, content: content})
	}
	for _, shell := range []struct{ name, file string }{{"bash", "octet.bash"}, {"zsh", "_octet"}, {"fish", "octet.fish"}, {"powershell", "octet.ps1"}} {
		script, err := command(r.root, nil, binary, "completion", shell.name)
		if err != nil {
			return nil, err
		}
		files = append(files, file{name: "completions/" + shell.file, content: script})
	}
	found, err := filepath.Glob(filepath.Join(pages, "*.1")) // in order
	if err != nil {
		return nil, err
	}
	for _, path := range found {
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		files = append(files, file{name: "man/man1/" + filepath.Base(path), content: content})
	}
	return files, nil
}

// platformFiles are the files of a platform's archive, the binary first.
func (r *release) platformFiles(staging string, p platform, common []file) ([]file, error) {
	path := filepath.Join(staging, p.os+"-"+p.arch, p.binary())
	if err := r.goBuild(goEnv(p), path); err != nil {
		return nil, err
	}
	binary, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	text, err := licences(r.root, p)
	if err != nil {
		return nil, err
	}
	files := []file{{name: p.binary(), content: binary, executable: true}, {name: "THIRD_PARTY_LICENSES", content: []byte(text)}}
	return append(files, common...), nil
}
