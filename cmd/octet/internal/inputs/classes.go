package inputs

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/zoo"
)

// matchClasses makes the labels of the data classes of the model, or refuses.
func (f *LabelledFlags) matchClasses(c *console.Console, model *octet.Model, data *Data, where string) error {
	if data.Source.Label(0) < 0 {
		return fmt.Errorf("%s has no labels: eval needs one folder per class, an IDX file with labels beside it, a .npz with x and y, --truth, or --truth-from-names", where)
	}
	folders := data.Source.Classes()
	if folders == nil {
		if f.ClassMap != "" {
			return fmt.Errorf("--class-map names folders, but %s numbers its classes", where)
		}
		return nil // numbers are classes already; each is checked when it is counted
	}
	labels, assumed := model.Labels()
	classes := compare.Classes(model.Classes())
	if classes == 2 && len(labels) == 1 {
		labels = BothLabels(labels[0], folders)
	}
	if f.ClassMap != "" {
		mapping, err := readClassMap(f.ClassMap, folders, labels, classes)
		if err != nil {
			return fmt.Errorf("--class-map: %w", err)
		}
		data.Source = relabel(data.Source, mapping)
		return nil
	}
	mapping, how, err := MatchFolders(folders, labels, assumed, classes)
	if err != nil {
		return fmt.Errorf("%s: %w", where, err)
	}
	if how != "" {
		c.Note("assumed: %s", how)
	}
	data.Source = relabel(data.Source, mapping)
	return nil
}

// BothLabels names the two classes between which a single output decides: label is
// that of class 1, and the other folder is class 0.
func BothLabels(label string, folders []string) []string {
	other := "not " + label
	for _, f := range folders {
		if len(folders) == 2 && !sameName(f, label) {
			other = f
		}
	}
	return []string{other, label}
}

// wordnetID is how ImageNet's folders are called.
var wordnetID = regexp.MustCompile(`^n\d{8}$`)

// MatchFolders gives the class of each folder. how says what was assumed.
func MatchFolders(folders, labels []string, assumed bool, classes int) (mapping []int, how string, err error) {
	if mapping := byName(folders, labels); mapping != nil {
		return mapping, "", nil
	}
	if ids := zoo.ImageNetWordNet(); classes == len(ids) && (labels == nil || slices.Equal(labels, zoo.ImageNetCategories())) {
		if mapping := byName(folders, ids); mapping != nil {
			return mapping, "folders called by numbers of WordNet are the classes of ImageNet", nil
		}
	}
	if len(folders) != classes {
		return nil, "", fmt.Errorf("%d folders (%s) for the %d classes of the model, and their names are not its labels: give --class-map", len(folders), console.Abbreviate(folders, 3), classes)
	}
	unnamed := !slices.ContainsFunc(folders, func(n string) bool { return !wordnetID.MatchString(n) })
	if labels != nil && !unnamed && !assumed {
		return nil, "", fmt.Errorf("the folders (%s) are not called as the labels of the model (%s): give --class-map, or other --labels", console.Abbreviate(folders, 3), console.Abbreviate(labels, 3))
	}
	if labels != nil && !unnamed {
		return nil, "", fmt.Errorf("the folders (%s) are neither called as ImageNet's classes nor by their WordNet numbers: give --labels with the model's own classes, or --class-map", console.Abbreviate(folders, 3))
	}
	for i := range folders {
		mapping = append(mapping, i)
	}
	return mapping, "folders in the order of their names are the classes 0, 1, 2, ... of the model, as in ImageFolder", nil
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

// readClassMap reads lines "folder<TAB>class"; class is a number or a label.
func readClassMap(path string, folders, labels []string, classes int) ([]int, error) {
	lines, err := readLines(path)
	if err != nil {
		return nil, err
	}
	classOf := map[string]int{}
	for i, line := range lines {
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		folder, class, ok := strings.Cut(line, "\t")
		if !ok {
			return nil, fmt.Errorf("%s, line %d: %q has no tab between folder and class", path, i+1, line)
		}
		n, err := parseClass(strings.TrimSpace(class), labels, classes)
		if err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, i+1, err)
		}
		classOf[strings.TrimSpace(folder)] = n
	}
	mapping := make([]int, len(folders))
	for i, folder := range folders {
		n, ok := classOf[folder]
		if !ok {
			return nil, fmt.Errorf("%s does not say which class the folder %q is", path, folder)
		}
		mapping[i] = n
	}
	return mapping, nil
}

func parseClass(text string, labels []string, classes int) (int, error) {
	if n, err := strconv.Atoi(text); err == nil {
		if n < 0 || n >= classes {
			return 0, fmt.Errorf("class %d is outside 0..%d", n, classes-1)
		}
		return n, nil
	}
	if i := slices.Index(labels, text); i >= 0 {
		return i, nil
	}
	return 0, fmt.Errorf("%q is neither a number nor a label of the model", text)
}

// relabelled is a source with other labels.
type relabelled struct {
	dataset.Source
	classOf []int
}

func relabel(s dataset.Source, classOf []int) dataset.Source { return relabelled{s, classOf} }

func (r relabelled) Label(i int) int { return r.classOf[r.Source.Label(i)] }

func (r relabelled) At(ctx context.Context, i int) (dataset.Sample, error) {
	s, err := r.Source.At(ctx, i)
	if s.Label >= 0 {
		s.Label = r.classOf[s.Label]
	}
	return s, err
}
