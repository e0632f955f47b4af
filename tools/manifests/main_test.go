package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestExamples decodes all manifests of the repository.
func TestExamples(t *testing.T) {
	paths, err := filepath.Glob("../../examples/*/*.yaml")
	if err != nil || len(paths) < 4 {
		t.Fatalf("%v, %v", paths, err)
	}
	for _, path := range paths {
		if found, err := file(path); err != nil || len(found) == 0 {
			t.Errorf("%s: %v, %v", path, found, err)
		}
	}
}

// TestRefusals changes one thing of an example at a time.
func TestRefusals(t *testing.T) {
	for _, c := range []struct{ path, from, to, says string }{
		{"serve/deployment.yaml", "replicas: 2", "replica: 2", "unknown field"},
		{"serve/deployment.yaml", "runAsNonRoot: true", "runAsNonRoot: false", "root"},
		{"serve/deployment.yaml", "/v2/health/ready", "/ready", "/v2/health/ready"},
		{"serve/deployment.yaml", "port: http}\n            periodSeconds: 2", "port: none}\n            periodSeconds: 2", "port none"},
		{"serve/deployment.yaml", "terminationGracePeriodSeconds: 45", "terminationGracePeriodSeconds: 30", "30s"},
		{"serve/deployment.yaml", "limits: {cpu: \"2\", memory: 1Gi}", "limits: {cpu: \"2\"}", "memory has no limit"},
		{"serve/deployment.yaml", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "can be written"},
		{"serve/deployment.yaml", "targetPort: grpc", "targetPort: rpc", "port grpc"},
		{"serve/deployment.yaml", "mountPath: /models, readOnly: true", "mountPath: /models", "only read"},
		{"serve/kserve.yaml", "kserve-container", "octet", "kserve-container"},
		{"serve/kserve.yaml", "storageUri", "storageURL", "unknown field"},
		{"serve/kserve.yaml", "runtime: octet", "runtime: triton", "the runtime is another"},
		{"serve/kserve.yaml", "drop: [ALL]", "drop: []", "capabilities"},
		{"cluster/job.yaml", "completions: 4", "completions: 5", "another number"},
		{"cluster/job.yaml", "kind: Job", "kind: Task", "nothing here knows"},
	} {
		text, err := os.ReadFile("../../examples/" + c.path)
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.Replace(string(text), c.from, c.to, 1)
		path := filepath.Join(t.TempDir(), "changed.yaml")
		if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := file(path); changed == string(text) || err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s with %q: %v", c.path, c.to, err)
		}
	}
}
