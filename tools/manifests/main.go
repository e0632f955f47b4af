// Command manifests decodes Kubernetes manifests strictly: a field that is unknown, in the wrong
// place or there twice is an error, and so is what a kind must have besides. It is a module of its
// own, so that octet does not depend on Kubernetes.
//
//	cd tools/manifests && go run . ../../examples/*/*.yaml
package main

import (
	"bytes"
	"fmt"
	"os"

	"sigs.k8s.io/yaml"
)

func main() {
	failed := len(os.Args) < 2
	for _, path := range os.Args[1:] {
		found, err := file(path)
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", path, err)
			failed = true
		}
		for _, what := range found {
			fmt.Printf("%s: %s\n", path, what)
		}
	}
	if failed {
		os.Exit(1)
	}
}

// kinds check a document of a version and kind, and return its name.
var kinds = map[string]func(text []byte) (string, error){
	"batch/v1 Job":       job,
	"apps/v1 Deployment": deployment,
	"v1 Service":         service,
	"serving.kserve.io/v1alpha1 ServingRuntime":  servingRuntime,
	"serving.kserve.io/v1beta1 InferenceService": inferenceService,
}

// file checks the documents of a file, and those that belong together with one another.
func file(path string) (found []string, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	documents := map[string][]byte{}
	for _, document := range bytes.Split(text, []byte("\n---\n")) {
		var head struct {
			APIVersion string `json:"apiVersion"`
			Kind       string `json:"kind"`
		}
		if err := yaml.Unmarshal(document, &head); err != nil {
			return found, err
		}
		check := kinds[head.APIVersion+" "+head.Kind]
		if check == nil {
			return found, fmt.Errorf("%s %s: nothing here knows the kind", head.APIVersion, head.Kind)
		}
		name, err := check(document)
		if err != nil {
			return found, fmt.Errorf("%s: %w", head.Kind, err)
		}
		documents[head.Kind] = document
		found = append(found, head.Kind+" "+name)
	}
	return found, together(documents)
}

// together checks that a Service reaches its Deployment, and an InferenceService its runtime.
func together(documents map[string][]byte) error {
	if d, s := documents["Deployment"], documents["Service"]; d != nil && s != nil {
		return reaches(s, d)
	}
	if r, s := documents["ServingRuntime"], documents["InferenceService"]; r != nil && s != nil {
		return runs(r, s)
	}
	return nil
}
