package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"
)

// The image's user is the number that images without a shell agreed on: no account of any system.
const imageUser = "65532:65532"

// imageEntry is the binary in the image; imageCommand are its arguments where none are given.
const imageEntry = "/octet"

var imageCommand = []string{"serve", "/models"}

// imagePorts are those of HTTP and gRPC. That of metrics is this machine's alone by default.
var imagePorts = []string{"8080/tcp", "8081/tcp"}

// Media types of the OCI image specification.
const (
	mediaIndex    = "application/vnd.oci.image.index.v1+json"
	mediaManifest = "application/vnd.oci.image.manifest.v1+json"
	mediaConfig   = "application/vnd.oci.image.config.v1+json"
	mediaLayer    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

// descriptor names content by its digest.
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Platform    *imagePlatform    `json:"platform,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type imagePlatform struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
	Variant      string `json:"variant,omitempty"`
}

// imageIndex lists the manifests of an image, or the one index of a layout.
type imageIndex struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	Manifests     []descriptor      `json:"manifests"`
	Annotations   map[string]string `json:"annotations,omitempty"`
}

type imageManifest struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	Config        descriptor        `json:"config"`
	Layers        []descriptor      `json:"layers"`
	Annotations   map[string]string `json:"annotations,omitempty"`
}

// imageConfig says how the image of a platform is run.
type imageConfig struct {
	Created time.Time `json:"created"`
	imagePlatform
	Config struct {
		User         string
		ExposedPorts map[string]struct{}
		Entrypoint   []string
		Cmd          []string
		WorkingDir   string
		Labels       map[string]string
		StopSignal   string
	} `json:"config"`
	RootFS struct {
		Type    string   `json:"type"`
		DiffIDs []string `json:"diff_ids"`
	} `json:"rootfs"`
	History []imageHistory `json:"history"`
}

type imageHistory struct {
	Created   time.Time `json:"created"`
	CreatedBy string    `json:"created_by"`
}

// layout is an image layout of OCI while it is written: its blobs, by digest.
type layout struct {
	files []file
}

func digest(content []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(content)) }

// add stores a blob.
func (l *layout) add(mediaType string, content []byte) descriptor {
	d := descriptor{MediaType: mediaType, Digest: digest(content), Size: len(content)}
	l.files = append(l.files, file{name: "blobs/sha256/" + d.Digest[len("sha256:"):], content: content})
	return d
}

// addJSON stores a document.
func (l *layout) addJSON(mediaType string, document any) (descriptor, error) {
	content, err := json.Marshal(document)
	return l.add(mediaType, content), err
}

// imageFiles are the files of an archive that the image has: the binary and its licences.
func imageFiles(files []file) []file {
	var chosen []file
	for _, f := range files {
		switch f.name {
		case "octet":
			f.name = imageEntry[1:]
		case "LICENSE", "THIRD_PARTY_LICENSES":
			f.name = "usr/share/doc/octet/" + f.name
		default:
			continue
		}
		chosen = append(chosen, f)
	}
	return chosen
}

// addPlatform stores the image of a platform, which has one layer.
func (l *layout) addPlatform(p platform, files []file, labels map[string]string, at time.Time) (descriptor, error) {
	content, err := tarred(imageFiles(files), at)
	if err != nil {
		return descriptor{}, err
	}
	packed, err := gzipped(content)
	if err != nil {
		return descriptor{}, err
	}
	c := imageConfig{Created: at, imagePlatform: imagePlatform{Architecture: p.arch, OS: p.os}}
	if p.arch == "arm64" {
		c.Variant = "v8"
	}
	c.Config.User, c.Config.WorkingDir, c.Config.StopSignal = imageUser, "/", "SIGTERM"
	c.Config.Entrypoint, c.Config.Cmd, c.Config.Labels = []string{imageEntry}, imageCommand, labels
	c.Config.ExposedPorts = map[string]struct{}{}
	for _, port := range imagePorts {
		c.Config.ExposedPorts[port] = struct{}{}
	}
	c.RootFS.Type, c.RootFS.DiffIDs = "layers", []string{digest(content)}
	c.History = []imageHistory{{at, "tools/release"}}
	config, err := l.addJSON(mediaConfig, c)
	if err != nil {
		return descriptor{}, err
	}
	manifest, err := l.addJSON(mediaManifest, imageManifest{2, mediaManifest, config, []descriptor{l.add(mediaLayer, packed)}, labels})
	manifest.Platform = &c.imagePlatform
	return manifest, err
}

// imageLabels are what registries show.
func (r *release) imageLabels() map[string]string {
	labels := map[string]string{}
	for key, value := range map[string]string{
		"title": "octet", "description": "INT8 quantization and inference for PyTorch and ONNX models: octet serve",
		"version": r.number(), "licenses": "Apache-2.0", "created": r.time.Format(time.RFC3339),
		"source": "https://github.com/octet-ml/octet", "documentation": "https://github.com/octet-ml/octet/blob/main/docs/serve.md",
		"revision": r.revision,
	} {
		if value != "" {
			labels["org.opencontainers.image."+key] = value
		}
	}
	return labels
}

// image packs the image of all platforms as an archive of OCI's image layout.
func (r *release) image(built []built) ([]byte, error) {
	l := &layout{}
	labels := r.imageLabels()
	all := imageIndex{SchemaVersion: 2, MediaType: mediaIndex, Annotations: labels}
	for _, b := range built {
		manifest, err := l.addPlatform(b.platform, b.files, labels, r.time)
		if err != nil {
			return nil, err
		}
		all.Manifests = append(all.Manifests, manifest)
	}
	top, err := l.addJSON(mediaIndex, all)
	if err != nil {
		return nil, err
	}
	top.Annotations = map[string]string{"org.opencontainers.image.ref.name": r.number(), "io.containerd.image.name": "docker.io/library/octet:" + r.number()}
	index, err := json.Marshal(imageIndex{SchemaVersion: 2, MediaType: mediaIndex, Manifests: []descriptor{top}})
	if err != nil {
		return nil, err
	}
	files := append([]file{{name: "oci-layout", content: []byte(`{"imageLayoutVersion":"1.0.0"}`)}, {name: "index.json", content: index}}, l.files...)
	return tarred(files, r.time)
}
