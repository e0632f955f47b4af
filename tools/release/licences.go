package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var licenceFile = regexp.MustCompile(`(?i)^((un)?licen[sc]e|copying|notice)`)

// licences are the texts that the modules in the binary of a platform, Go itself and
// the data of the demo ask to be passed on.
func licences(root string, p platform) (string, error) {
	goroot, err := command(root, nil, "go", "env", "GOROOT")
	if err != nil {
		return "", err
	}
	listed, err := command(root, goEnv(p), "go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}\t{{.Dir}}{{end}}{{end}}", "./cmd/octet")
	if err != nil {
		return "", err
	}
	lines := append([]string{"Go\t" + strings.TrimSpace(string(goroot)), "The data of octet demo\t" + filepath.Join(root, "cmd", "octet", "demodata")},
		strings.Split(strings.TrimSpace(string(listed)), "\n")...)
	var texts []string
	seen := map[string]bool{"": true}
	for _, line := range lines {
		if seen[line] {
			continue
		}
		seen[line] = true
		name, folder, _ := strings.Cut(line, "\t")
		text, err := licenceOf(name, folder)
		if err != nil {
			return "", err
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "\n"+strings.Repeat("-", 72)+"\n\n"), nil
}

// licenceOf joins the licence files in a folder.
func licenceOf(name, folder string) (string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	parts := []string{name}
	for _, e := range entries {
		if e.IsDir() || !licenceFile.MatchString(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			return "", err
		}
		parts = append(parts, strings.TrimSpace(string(text)))
	}
	if len(parts) == 1 {
		return "", fmt.Errorf("%s: no licence in %s", name, folder)
	}
	return strings.Join(parts, "\n\n") + "\n", nil
}
