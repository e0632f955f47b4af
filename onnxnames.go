package octet

import (
	"strconv"
	"strings"
)

// namesOf reads the names of classes as Ultralytics' exporter writes them, {0: 'person', 1:
// 'bicycle'}; nil where text is something else, or a number is missing.
func namesOf(text string) []string {
	rest, opened := strings.CutPrefix(strings.TrimSpace(text), "{")
	rest, closed := strings.CutSuffix(rest, "}")
	if !opened || !closed {
		return nil
	}
	var names []string
	for strings.TrimSpace(rest) != "" {
		number, value, ok := strings.Cut(rest, ":")
		if at, err := strconv.Atoi(strings.TrimSpace(number)); !ok || err != nil || at != len(names) {
			return nil
		}
		name, behind, ok := pythonString(strings.TrimSpace(value))
		if !ok {
			return nil
		}
		behind = strings.TrimSpace(behind)
		if rest, ok = strings.CutPrefix(behind, ","); !ok && behind != "" {
			return nil
		}
		names = append(names, name)
	}
	return names
}

// pythonString reads a Python string in either kind of quotes, and what is behind it.
func pythonString(text string) (s, behind string, ok bool) {
	if text == "" || text[0] != '\'' && text[0] != '"' {
		return "", "", false
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == text[0]:
			return b.String(), text[i+1:], true
		case c == '\\' && i+1 < len(text) && strings.IndexByte(`\'"`, text[i+1]) >= 0:
			i++
			b.WriteByte(text[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", "", false
}
