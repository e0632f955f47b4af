package main

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// bom is a software bill of materials in CycloneDX's JSON, of which these are the fields that Go's
// build information fills.
type bom struct {
	Format       string          `json:"bomFormat"`
	SpecVersion  string          `json:"specVersion"`
	Version      int             `json:"version"`
	Metadata     bomMetadata     `json:"metadata"`
	Components   []bomComponent  `json:"components"`
	Dependencies []bomDependency `json:"dependencies"`
}

type bomMetadata struct {
	Timestamp time.Time    `json:"timestamp"`
	Component bomComponent `json:"component"`
}

type bomComponent struct {
	Ref        string        `json:"bom-ref"`
	Type       string        `json:"type"`
	Name       string        `json:"name"`
	Version    string        `json:"version"`
	Hashes     []bomHash     `json:"hashes,omitempty"`
	PackageURL string        `json:"purl"`
	Properties []bomProperty `json:"properties,omitempty"`
}

type bomHash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type bomProperty struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type bomDependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn,omitempty"`
}

// goComponent is a Go module. The hash of go.sum is of a list of files, which is no hash in
// CycloneDX's sense, so that it is a property.
func goComponent(kind, path, version, sum string) bomComponent {
	reference := "pkg:golang/" + strings.ToLower(path) + "@" + url.QueryEscape(version)
	c := bomComponent{Ref: reference, Type: kind, Name: path, Version: version, PackageURL: reference}
	if sum != "" {
		c.Properties = []bomProperty{{"octet:go.sum", sum}}
	}
	return c
}

// sbom lists the modules in a binary, as the linker wrote them into it.
func (r *release) sbom(binary []byte) ([]byte, error) {
	info, err := buildinfo.Read(bytes.NewReader(binary))
	if err != nil {
		return nil, err
	}
	main := goComponent("application", info.Main.Path, r.version, "")
	main.Hashes = []bomHash{{"SHA-256", fmt.Sprintf("%x", sha256.Sum256(binary))}}
	for _, s := range info.Settings {
		main.Properties = append(main.Properties, bomProperty{"octet:build " + s.Key, s.Value})
	}
	b := bom{"CycloneDX", "1.6", 1, bomMetadata{r.time, main}, nil, nil}
	b.Components = append(b.Components, goComponent("library", "std", strings.TrimPrefix(info.GoVersion, "go"), ""))
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		b.Components = append(b.Components, goComponent("library", m.Path, m.Version, m.Sum))
	}
	whole := bomDependency{Ref: main.Ref}
	for _, c := range b.Components {
		whole.DependsOn = append(whole.DependsOn, c.Ref)
	}
	b.Dependencies = []bomDependency{whole}
	text, err := json.MarshalIndent(b, "", "  ")
	return append(text, '\n'), err
}
