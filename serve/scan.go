package serve

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Source is a file that is served as a version of a model.
type Source struct {
	Name    string // of the model
	Version string // a number from 1
	File    string // its path
	mark    mark
}

// mark tells whether a file is still the one that was read.
type mark struct {
	size int64
	time time.Time
}

// endings are those of files that hold models.
var endings = []string{".pth", ".pt", ".onnx", ".pt2", ".safetensors"}

func isModel(name string) bool {
	return !strings.HasPrefix(name, ".") && slices.Contains(endings, strings.ToLower(filepath.Ext(name)))
}

// stem is a file's name without its ending.
func stem(file string) string {
	base := filepath.Base(file)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// find lists what is served of the given paths. A file is version 1 of the model that its stem
// names. A folder holds such files, and a folder for each model by its name, with the model's
// file in it or a folder for each version by its number. Names that begin with a dot are left
// out. What is wrong with one model, such as two files for a version of it, is in problems, by
// the model's name; err is of paths that cannot be read at all, beside what the others hold.
func find(paths []string) (sources []Source, problems map[string]error, err error) {
	problems = map[string]error{}
	problem := func(name string, err error) {
		if err != nil {
			problems[name] = errors.Join(problems[name], err)
		}
	}
	var unread []error
	for _, p := range paths {
		info, err := os.Stat(p)
		if err == nil && !info.IsDir() {
			if err = regular(p, info); err == nil {
				sources = append(sources, Source{Name: stem(p), Version: "1", File: p, mark: markOf(info)})
				continue
			}
		}
		root, entries := "", []fs.DirEntry(nil)
		if err == nil {
			root, err = filepath.EvalSymlinks(p)
		}
		if err == nil {
			entries, err = os.ReadDir(p)
		}
		if err != nil {
			unread = append(unread, err)
			continue
		}
		for _, e := range entries {
			name := stem(e.Name())
			if info, err := os.Stat(filepath.Join(p, e.Name())); err == nil && info.IsDir() {
				name = e.Name()
			}
			found, err := findEntry(root, p, e.Name())
			problem(name, err)
			sources = append(sources, found...)
		}
	}
	slices.SortStableFunc(sources, func(a, b Source) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), compareVersions(a.Version, b.Version))
	})
	clash := map[Source]bool{}
	for i := 1; i < len(sources); i++ {
		if a, b := sources[i-1], sources[i]; a.Name == b.Name && a.Version == b.Version {
			clash[a], clash[b] = true, true
			problem(a.Name, fmt.Errorf("%s and %s are both version %s of model %s: rename one, or put it into a folder of another version", a.File, b.File, a.Version, a.Name))
		}
	}
	sources = slices.DeleteFunc(sources, func(s Source) bool { return clash[s] })
	return sources, problems, errors.Join(unread...)
}

// regular refuses what is no regular file: to open a pipe waits for its writer.
func regular(path string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file but %s, which is not read: put the model's file there", path, kindOf(info.Mode()))
	}
	return nil
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeNamedPipe != 0:
		return "a pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}

// findEntry lists what an entry of a folder of models holds.
func findEntry(root, folder, name string) ([]Source, error) {
	path := filepath.Join(folder, name)
	if strings.HasPrefix(name, ".") {
		return nil, nil
	}
	info, err := within(root, path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		if !isModel(name) {
			return nil, nil
		}
		if err := regular(path, info); err != nil {
			return nil, err
		}
		return []Source{{Name: stem(name), Version: "1", File: path, mark: markOf(info)}}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var sources []Source
	for _, e := range entries {
		if n, err := strconv.ParseUint(e.Name(), 10, 32); err != nil || n == 0 || strconv.FormatUint(n, 10) != e.Name() {
			continue
		}
		s, err := only(root, filepath.Join(path, e.Name()))
		if err != nil {
			return sources, err
		}
		sources = append(sources, Source{Name: name, Version: e.Name(), File: s.File, mark: s.mark})
	}
	if sources != nil {
		return sources, nil
	}
	s, err := only(root, path)
	if err != nil {
		return nil, err
	}
	return []Source{{Name: name, Version: "1", File: s.File, mark: s.mark}}, nil
}

// only is the model file in a folder.
func only(root, folder string) (Source, error) {
	info, err := within(root, folder)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is a file; a folder with the model's file is expected", folder)
	}
	if err != nil {
		return Source{}, err
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return Source{}, err
	}
	var found []Source
	for _, e := range entries {
		if !isModel(e.Name()) {
			continue
		}
		path := filepath.Join(folder, e.Name())
		info, err := within(root, path)
		if err == nil {
			err = regular(path, info)
		}
		if err != nil {
			return Source{}, err
		}
		found = append(found, Source{File: path, mark: markOf(info)})
	}
	if len(found) != 1 {
		return Source{}, fmt.Errorf("%s holds %d model files; one is expected, with an ending of %s", folder, len(found), strings.Join(endings, ", "))
	}
	return found[0], nil
}

// within is os.Stat that refuses links out of the folder of models.
func within(root, path string) (fs.FileInfo, error) {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, err
	}
	if rel, err := filepath.Rel(root, target); err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return nil, errors.New(path + " is a link out of the folder of models, which is not followed")
	}
	return os.Stat(target)
}

func markOf(info fs.FileInfo) mark { return mark{info.Size(), info.ModTime()} }

// compareVersions orders versions by their numbers.
func compareVersions(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }
