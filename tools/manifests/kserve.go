package main

import (
	"fmt"
	"slices"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// KServe's types, as its custom resource definitions have them; of their fields those that the
// example uses. Containers are Kubernetes' own.
type (
	runtime struct {
		meta.TypeMeta   `json:",inline"`
		meta.ObjectMeta `json:"metadata"`
		Spec            struct {
			Annotations           map[string]string `json:"annotations"`
			SupportedModelFormats []modelFormat     `json:"supportedModelFormats"`
			ProtocolVersions      []string          `json:"protocolVersions"`
			Containers            []core.Container  `json:"containers"`
		} `json:"spec"`
	}
	modelFormat struct {
		Name       string `json:"name"`
		Version    string `json:"version"`
		AutoSelect bool   `json:"autoSelect"`
	}
	inference struct {
		meta.TypeMeta   `json:",inline"`
		meta.ObjectMeta `json:"metadata"`
		Spec            struct {
			Predictor struct {
				MinReplicas int `json:"minReplicas"`
				Model       struct {
					Runtime     string `json:"runtime"`
					ModelFormat struct {
						Name    string `json:"name"`
						Version string `json:"version"`
					} `json:"modelFormat"`
					ProtocolVersion string `json:"protocolVersion"`
					StorageURI      string `json:"storageUri"`
				} `json:"model"`
			} `json:"predictor"`
		} `json:"spec"`
	}
)

// servingRuntime demands KServe's name of the container, and what any server must have.
func servingRuntime(text []byte) (string, error) {
	var r runtime
	if err := yaml.UnmarshalStrict(text, &r); err != nil {
		return "", err
	}
	if len(r.Spec.Containers) != 1 || r.Spec.Containers[0].Name != "kserve-container" {
		return "", fmt.Errorf("it has no single container kserve-container")
	}
	c := r.Spec.Containers[0]
	if err := server(c); err != nil {
		return "", err
	}
	if s := c.SecurityContext; s.RunAsNonRoot == nil || !*s.RunAsNonRoot || s.RunAsUser == nil || *s.RunAsUser != 65532 {
		return "", fmt.Errorf("it may run as root, or not as the image's user")
	}
	if !slices.Contains(c.Args, "/mnt/models") {
		return "", fmt.Errorf("it does not serve /mnt/models, where KServe puts models")
	}
	return r.Name, nil
}

func inferenceService(text []byte) (string, error) {
	var s inference
	err := yaml.UnmarshalStrict(text, &s)
	return s.Name, err
}

// runs demands that an InferenceService asks for what its runtime has.
func runs(runtimeText, serviceText []byte) error {
	var r runtime
	var s inference
	if err := yaml.Unmarshal(runtimeText, &r); err != nil {
		return err
	}
	if err := yaml.Unmarshal(serviceText, &s); err != nil {
		return err
	}
	m := s.Spec.Predictor.Model
	known := slices.ContainsFunc(r.Spec.SupportedModelFormats, func(f modelFormat) bool {
		return f.Name == m.ModelFormat.Name && f.Version == m.ModelFormat.Version
	})
	if m.Runtime != r.Name || !known || !slices.Contains(r.Spec.ProtocolVersions, m.ProtocolVersion) {
		return fmt.Errorf("the InferenceService asks for %s, %v by %s, and the runtime is another", m.Runtime, m.ModelFormat, m.ProtocolVersion)
	}
	return nil
}
