package inputs

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/internal/compare"
)

// matchClasses maps the labels of the data to classes of the model, or returns an error.
func (f *LabelledFlags) matchClasses(c *console.Console, model *octet.Model, data *Data, where string) error {
	if data.Source.Label(0) < 0 {
		return fmt.Errorf("%s has no labels: eval needs one folder per class, an IDX file with labels beside it, a .npz with x and y, --truth, or --truth-from-names", where)
	}
	folders := data.Source.Classes()
	if folders == nil {
		if f.ClassMap != "" {
			return fmt.Errorf("--class-map names folders, but %s numbers its classes", where)
		}
		return nil // numeric labels are classes already; each is checked when it is counted
	}
	if f.ClassMap != "" {
		labels, _ := model.ClassNames(folders)
		mapping, err := readClassMap(f.ClassMap, folders, labels, compare.Classes(model.Classes()))
		if err != nil {
			return fmt.Errorf("--class-map: %w", err)
		}
		data.Source = dataset.Relabel(data.Source, mapping, labels)
		return nil
	}
	matched, assumed, err := model.MatchClasses(data.Source)
	if err != nil {
		return fmt.Errorf("%s: %w", where, adviseClasses(err))
	}
	if assumed != "" {
		c.Note("assumed: %s", assumed)
	}
	data.Source = matched
	return nil
}

// adviseClasses says which flags help where folders are no classes.
func adviseClasses(err error) error {
	var e *octet.ClassesError
	if !errors.As(err, &e) {
		return err
	}
	advice := "give --class-map, or other --labels"
	switch {
	case len(e.Folders) != e.Classes:
		advice = "give --class-map"
	case e.LabelsAssumed:
		advice = "give --labels with the model's own classes, or --class-map"
	}
	return fmt.Errorf("%s: %s", e.Difference(), advice)
}

// readClassMap reads lines "folder<TAB>class"; class is a number or a label.
func readClassMap(path string, folders, labels []string, classes int) ([]int, error) {
	classOf, err := classesInMap(path, labels, classes)
	if err != nil {
		return nil, err
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

// classesInMap are the classes of the folders that a class map names.
func classesInMap(path string, labels []string, classes int) (map[string]int, error) {
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
	return classOf, nil
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
