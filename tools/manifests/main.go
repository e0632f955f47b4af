// Command manifests decodes Kubernetes manifests as Jobs of batch/v1, strictly: a field that is
// unknown, in the wrong place or there twice is an error. It is a module of its own, so that
// octet does not depend on Kubernetes.
//
//	cd tools/manifests && go run . ../../examples/cluster/*.yaml
package main

import (
	"fmt"
	"os"
	"strconv"

	batch "k8s.io/api/batch/v1"
	"sigs.k8s.io/yaml"
)

func main() {
	failed := len(os.Args) < 2
	for _, path := range os.Args[1:] {
		if err := check(path); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", path, err)
			failed = true
		}
	}
	if failed {
		os.Exit(1)
	}
}

// check decodes a manifest, and demands that what names the number of shards agrees.
func check(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var job batch.Job
	if err := yaml.UnmarshalStrict(text, &job); err != nil {
		return err
	}
	if job.APIVersion != "batch/v1" || job.Kind != "Job" || len(job.Spec.Template.Spec.Containers) != 1 {
		return fmt.Errorf("%s %s with %d containers is no Job of batch/v1 with one", job.APIVersion, job.Kind, len(job.Spec.Template.Spec.Containers))
	}
	for _, e := range job.Spec.Template.Spec.Containers[0].Env {
		if e.Name != "OCTET_SHARD_COUNT" {
			continue
		}
		if job.Spec.CompletionMode == nil || *job.Spec.CompletionMode != batch.IndexedCompletion {
			return fmt.Errorf("it has shards and is no Indexed Job")
		}
		if n := job.Spec.Completions; n == nil || strconv.Itoa(int(*n)) != e.Value {
			return fmt.Errorf("OCTET_SHARD_COUNT is %s, and completions is another number", e.Value)
		}
	}
	fmt.Printf("%s: Job %s\n", path, job.Name)
	return nil
}
