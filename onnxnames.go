package octet

import (
	"regexp"
	"strconv"
	"strings"
)

// named is an entry of a Python dictionary from numbers to names, such as 0: 'person', in
// either kind of quotes.
var named = regexp.MustCompile(`^\s*(\d+)\s*:\s*('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\s*(?:,|$)`)

// namesOf reads the names of classes as Ultralytics' exporter writes them, {0: 'person', 1:
// 'bicycle'}; nil where text is something else, or a number is missing.
func namesOf(text string) []string {
	text = strings.TrimSpace(text)
	inner, ok := strings.CutPrefix(text, "{")
	if inner, ok = strings.CutSuffix(inner, "}"); !ok || !strings.HasPrefix(text, "{") {
		return nil
	}
	var names []string
	for strings.TrimSpace(inner) != "" {
		m := named.FindStringSubmatch(inner)
		if m == nil {
			return nil
		}
		if at, err := strconv.Atoi(m[1]); err != nil || at != len(names) {
			return nil
		}
		quoted := m[2][1 : len(m[2])-1]
		names = append(names, strings.NewReplacer(`\\`, `\`, `\'`, `'`, `\"`, `"`).Replace(quoted))
		inner = inner[len(m[0]):]
	}
	return names
}
