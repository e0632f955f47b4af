package octet

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/internal/spelling"
	"github.com/octet-ml/octet/zoo"
)

// ClassesError: the folders of a labelled set are not the classes of a model.
type ClassesError struct {
	Folders       []string // names of the folders, in the order of their labels
	Labels        []string // nil where nobody named the classes
	LabelsAssumed bool     // Labels are ImageNet's, which the number of classes suggests
	Classes       int      // of the model
}

// Difference says what does not fit, without what to do about it.
func (e *ClassesError) Difference() string {
	folders := spelling.Abbreviate(e.Folders, 3)
	switch {
	case len(e.Folders) != e.Classes:
		return fmt.Sprintf("%d folders (%s) for the %d classes of the model, and their names are not its labels", len(e.Folders), folders, e.Classes)
	case e.LabelsAssumed:
		return fmt.Sprintf("the folders (%s) are neither called as ImageNet's classes nor by their WordNet numbers", folders)
	}
	return fmt.Sprintf("the folders (%s) are not called as the labels of the model (%s)", folders, spelling.Abbreviate(e.Labels, 3))
}

// Error is the difference, and what to do.
func (e *ClassesError) Error() string {
	return e.Difference() + ": say which folder is which class (dataset.Relabel), or name the model's own classes (octet.WithLabels)"
}

// MatchClasses makes the labels of a set the classes of m. Folders that bear the names
// of m's Labels are those classes, in any order; so are ImageNet's by their numbers of
// WordNet. Of a model whose classes have no names they are taken in the order of their
// names, as ImageFolder does. assumed says so, and is empty where names decide. Labels
// that are numbers are classes already. Otherwise the error is a *ClassesError.
func (m *Model) MatchClasses(source dataset.Source) (matched dataset.Source, assumed string, err error) {
	if err := m.check(); err != nil {
		return nil, "", err
	}
	if source == nil {
		return nil, "", errNil("source", "dataset.Open returns one")
	}
	folders := source.Classes()
	if folders == nil {
		return source, "", nil
	}
	labels, _ := m.ClassNames(folders)
	if slices.Equal(folders, labels) {
		return source, "", nil
	}
	mapping, assumed, err := m.MatchFolders(folders)
	if err != nil {
		return nil, "", err
	}
	return dataset.Relabel(source, mapping, labels), assumed, nil
}

// MatchFolders is MatchClasses for sets that are read in shards: it gives the class of each
// folder of a set.
func (m *Model) MatchFolders(folders []string) (classes []int, assumed string, err error) {
	if err := m.check(); err != nil {
		return nil, "", err
	}
	labels, ofImageNet := m.ClassNames(folders)
	return matchFolders(folders, labels, ofImageNet, compare.Classes(m.Classes()))
}

// ClassOfFolders returns a function for dataset.ShardOptions.Folder: the class of a sample is
// that of the outermost folder whose name MatchFolders knows.
func (m *Model) ClassOfFolders() func(folders []string) (int, error) {
	var known sync.Map // from names to classes, -1 where they name none
	return func(folders []string) (int, error) {
		for _, name := range folders {
			class, ok := known.Load(name)
			if !ok {
				class = -1
				if classes, _, err := m.MatchFolders([]string{name}); err == nil {
					class = classes[0]
				}
				known.Store(name, class)
			}
			if class.(int) >= 0 {
				return class.(int), nil
			}
		}
		return 0, fmt.Errorf("none of the folders %q is called as a class of the model", folders)
	}
}

// ClassNames is Labels for the classes that labelled data tells apart: a model with
// one output has two, between which it decides. Where it names one of them only, the
// other is the other one of two folders, or "not" the name.
func (m *Model) ClassNames(folders []string) (names []string, assumed bool) {
	names, assumed = m.Labels()
	if m.Classes() != 1 || len(names) != 1 {
		return names, assumed
	}
	other := "not " + names[0]
	for _, f := range folders {
		if len(folders) == 2 && !sameName(f, names[0]) {
			other = f
		}
	}
	return []string{other, names[0]}, assumed
}

// matchFolders gives the class of each folder. how says what was assumed.
func matchFolders(folders, labels []string, assumed bool, classes int) (mapping []int, how string, err error) {
	if mapping := byName(folders, labels); mapping != nil {
		return mapping, "", nil
	}
	if ids := zoo.ImageNetWordNet(); classes == len(ids) && (labels == nil || slices.Equal(labels, zoo.ImageNetCategories())) {
		if mapping := byName(folders, ids); mapping != nil {
			return mapping, "folders called by numbers of WordNet are the classes of ImageNet", nil
		}
	}
	unnamed := !slices.ContainsFunc(folders, func(name string) bool { return !isWordNet(name) })
	if len(folders) != classes || labels != nil && !unnamed {
		return nil, "", &ClassesError{folders, labels, assumed, classes}
	}
	for i := range folders {
		mapping = append(mapping, i)
	}
	return mapping, "folders in the order of their names are the classes 0, 1, 2, ... of the model, as in ImageFolder", nil
}

// isWordNet reports whether a folder is called as ImageNet's are: n01440764.
func isWordNet(name string) bool {
	return len(name) == 9 && name[0] == 'n' && strings.Trim(name[1:], "0123456789") == ""
}

// byName matches folders with labels, in any order; nil when one has none or
// several.
func byName(folders, labels []string) []int {
	if labels == nil {
		return nil
	}
	var mapping []int
	for _, folder := range folders {
		class := -1
		for i, label := range labels {
			if sameName(folder, label) {
				if class >= 0 {
					return nil // ImageNet has two classes called crane
				}
				class = i
			}
		}
		if class < 0 {
			return nil
		}
		mapping = append(mapping, class)
	}
	return mapping
}

// sameName compares as file systems force: without case, and with _ or - for
// blanks and slashes.
func sameName(folder, label string) bool {
	simple := func(s string) string {
		return strings.NewReplacer(" ", "_", "-", "_", "/", "_").Replace(strings.ToLower(strings.TrimSpace(s)))
	}
	return simple(folder) == simple(label)
}
