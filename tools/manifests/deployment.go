package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// deployment demands what a server in a pod must have.
func deployment(text []byte) (string, error) {
	var d apps.Deployment
	if err := yaml.UnmarshalStrict(text, &d); err != nil {
		return "", err
	}
	pod := d.Spec.Template.Spec
	if d.Spec.Selector == nil || !contains(d.Spec.Template.Labels, d.Spec.Selector.MatchLabels) {
		return "", fmt.Errorf("the selector does not choose its own pods")
	}
	if len(pod.Containers) != 1 {
		return "", fmt.Errorf("%d containers, and there should be one", len(pod.Containers))
	}
	if s := pod.SecurityContext; s == nil || s.RunAsNonRoot == nil || !*s.RunAsNonRoot || s.RunAsUser == nil || *s.RunAsUser != 65532 {
		return "", fmt.Errorf("it may run as root, or not as the image's user")
	}
	if err := server(pod.Containers[0]); err != nil {
		return "", err
	}
	for _, m := range pod.Containers[0].VolumeMounts {
		if !slices.ContainsFunc(pod.Volumes, func(v core.Volume) bool { return v.Name == m.Name }) || !m.ReadOnly {
			return "", fmt.Errorf("volume %s is not there, or is not only read", m.Name)
		}
	}
	grace := 30 * time.Second
	if s := pod.TerminationGracePeriodSeconds; s != nil {
		grace = time.Duration(*s) * time.Second
	}
	end, err := ending(pod.Containers[0].Args)
	if err == nil && end >= grace {
		err = fmt.Errorf("its end may take %v, and Kubernetes gives it %v", end, grace)
	}
	if err != nil {
		return "", err
	}
	return d.Name, nil
}

// server checks a container with octet serve: it has probes and limits, and no privileges.
func server(c core.Container) error {
	for _, p := range []struct {
		probe *core.Probe
		path  string
	}{{c.LivenessProbe, "/v2/health/live"}, {c.ReadinessProbe, "/v2/health/ready"}} {
		if p.probe == nil || p.probe.HTTPGet == nil || p.probe.HTTPGet.Path != p.path {
			return fmt.Errorf("no probe asks %s", p.path)
		}
		port := p.probe.HTTPGet.Port
		if !slices.ContainsFunc(c.Ports, func(o core.ContainerPort) bool { return o.Name == port.StrVal || o.ContainerPort == port.IntVal }) {
			return fmt.Errorf("%s is asked of port %s, which the container does not have", p.path, port.String())
		}
	}
	for _, name := range []core.ResourceName{core.ResourceCPU, core.ResourceMemory} {
		if limit, ok := c.Resources.Limits[name]; !ok || limit.IsZero() || c.Resources.Requests[name] != limit {
			return fmt.Errorf("%s has no limit, or another one is asked for", name)
		}
	}
	s := c.SecurityContext
	switch {
	case s == nil, s.ReadOnlyRootFilesystem == nil, !*s.ReadOnlyRootFilesystem:
		return fmt.Errorf("its root file system can be written")
	case s.AllowPrivilegeEscalation == nil, *s.AllowPrivilegeEscalation:
		return fmt.Errorf("it may gain privileges")
	case s.Capabilities == nil, !slices.Contains(s.Capabilities.Drop, "ALL"):
		return fmt.Errorf("it keeps capabilities")
	}
	for _, p := range c.Ports {
		if !slices.Contains(c.Args, fmt.Sprintf(":%d", p.ContainerPort)) {
			return fmt.Errorf("nothing listens on port %d", p.ContainerPort)
		}
	}
	return nil
}

// ending is how long octet serve may take to end.
func ending(args []string) (time.Duration, error) {
	whole := time.Duration(0)
	for flag, value := range map[string]string{"--drain-delay": "0s", "--drain-timeout": "30s"} {
		if i := slices.Index(args, flag); i >= 0 && i+1 < len(args) {
			value = args[i+1]
		}
		d, err := time.ParseDuration(value)
		if err != nil {
			return 0, err
		}
		whole += d
	}
	return whole, nil
}

// contains reports whether labels have all that a selector asks for, and it asks for something.
func contains(labels, selector map[string]string) bool {
	for key, value := range selector {
		if labels[key] != value {
			return false
		}
	}
	return len(selector) > 0
}

func service(text []byte) (string, error) {
	var s core.Service
	err := yaml.UnmarshalStrict(text, &s)
	return s.Name, err
}

// reaches demands that the ports of a Service are those of the pods of a Deployment.
func reaches(serviceText, deploymentText []byte) error {
	var s core.Service
	var d apps.Deployment
	if err := yaml.Unmarshal(serviceText, &s); err != nil {
		return err
	}
	if err := yaml.Unmarshal(deploymentText, &d); err != nil {
		return err
	}
	if !contains(d.Spec.Template.Labels, s.Spec.Selector) {
		return fmt.Errorf("the Service does not choose the pods of the Deployment")
	}
	for _, p := range s.Spec.Ports {
		ports := d.Spec.Template.Spec.Containers[0].Ports
		if !slices.ContainsFunc(ports, func(o core.ContainerPort) bool { return o.Name == p.TargetPort.StrVal && o.ContainerPort == p.Port }) {
			return fmt.Errorf("port %s of the Service is no port of the pods", p.Name)
		}
		if strings.Contains(p.Name, "admin") {
			return fmt.Errorf("the Service shows metrics and profiles")
		}
	}
	return nil
}
