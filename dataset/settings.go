package dataset

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Settings are named values, as JSON.
type Settings map[string]string

// Set notes a value of plain data under a name; the fields of an object are noted
// one by one, as name.field. What is null or empty is not noted.
func (s Settings) Set(name string, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("dataset: setting %q: %v", name, err)) // not plain data
	}
	s.set(name, text)
}

func (s Settings) set(name string, text json.RawMessage) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(text, &fields) != nil {
		s[name] = string(text)
		return
	}
	for field, value := range fields {
		if name != "" {
			field = name + "." + field
		}
		s.set(field, value)
	}
}

// Differences says, in the order of their names, which settings were another; nil
// where none was.
func (was Settings) Differences(is Settings) []string {
	var d []string
	for name, v := range was {
		if is[name] != v {
			d = append(d, fmt.Sprintf("%s was %s and is %s", name, orNothing(v), orNothing(is[name])))
		}
	}
	for name, v := range is {
		if _, ok := was[name]; !ok {
			d = append(d, fmt.Sprintf("%s was nothing and is %s", name, v))
		}
	}
	slices.Sort(d)
	return d
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}
