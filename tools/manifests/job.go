package main

import (
	"fmt"
	"strconv"

	batch "k8s.io/api/batch/v1"
	"sigs.k8s.io/yaml"
)

// job demands that what names the number of shards agrees.
func job(text []byte) (string, error) {
	var job batch.Job
	if err := yaml.UnmarshalStrict(text, &job); err != nil {
		return "", err
	}
	if n := len(job.Spec.Template.Spec.Containers); n != 1 {
		return "", fmt.Errorf("%d containers, and there should be one", n)
	}
	for _, e := range job.Spec.Template.Spec.Containers[0].Env {
		if e.Name != "OCTET_SHARD_COUNT" {
			continue
		}
		if job.Spec.CompletionMode == nil || *job.Spec.CompletionMode != batch.IndexedCompletion {
			return "", fmt.Errorf("it has shards and is no Indexed Job")
		}
		if n := job.Spec.Completions; n == nil || strconv.Itoa(int(*n)) != e.Value {
			return "", fmt.Errorf("OCTET_SHARD_COUNT is %s, and completions is another number", e.Value)
		}
	}
	return job.Name, nil
}
