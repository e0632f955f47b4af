package main

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// blobs reads the files of an archive of OCI's layout and compares each blob with its name.
func blobs(t *testing.T, archive []byte) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		h, err := r.Next()
		if err == io.EOF {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if hash, ok := strings.CutPrefix(h.Name, "blobs/sha256/"); ok && hash != "" && digest(content) != "sha256:"+hash {
			t.Errorf("%s holds %s", h.Name, digest(content))
		}
		found[h.Name] = content
	}
}

// decoded reads the document that a descriptor names.
func decoded[T any](t *testing.T, found map[string][]byte, d descriptor, mediaType string) (document T) {
	t.Helper()
	content, ok := found["blobs/sha256/"+strings.TrimPrefix(d.Digest, "sha256:")]
	if !ok || len(content) != d.Size || d.MediaType != mediaType {
		t.Fatalf("%+v: %d bytes, %v", d, len(content), ok)
	}
	if err := json.Unmarshal(content, &document); err != nil {
		t.Fatal(err)
	}
	return document
}

// imagesOf checks all that an archive promises, and returns the binaries by platform.
func imagesOf(t *testing.T, archive []byte, version string) map[platform][]byte {
	t.Helper()
	found := blobs(t, archive)
	if string(found["oci-layout"]) != `{"imageLayoutVersion":"1.0.0"}` {
		t.Errorf("oci-layout: %s", found["oci-layout"])
	}
	var index imageIndex
	if err := json.Unmarshal(found["index.json"], &index); err != nil || len(index.Manifests) != 1 || index.Manifests[0].Annotations["org.opencontainers.image.ref.name"] != version {
		t.Fatalf("index.json: %v, %s", err, found["index.json"])
	}
	binaries := map[platform][]byte{}
	for _, m := range decoded[imageIndex](t, found, index.Manifests[0], mediaIndex).Manifests {
		manifest := decoded[imageManifest](t, found, m, mediaManifest)
		if len(manifest.Layers) != 1 || manifest.Layers[0].MediaType != mediaLayer {
			t.Fatalf("layers %+v", manifest.Layers)
		}
		config := decoded[imageConfig](t, found, manifest.Config, mediaConfig)
		if config.imagePlatform != *m.Platform {
			t.Errorf("the image of %v is for %v", *m.Platform, config.imagePlatform)
		}
		c := config.Config
		if c.User != "65532:65532" || !slices.Equal(c.Entrypoint, []string{"/octet"}) || !slices.Equal(c.Cmd, []string{"serve", "/models"}) || c.StopSignal != "SIGTERM" {
			t.Errorf("config %+v", c)
		}
		if l := c.Labels; l["org.opencontainers.image.version"] != version || l["org.opencontainers.image.licenses"] != "Apache-2.0" || l["org.opencontainers.image.source"] == "" {
			t.Errorf("labels %v", l)
		}
		layer := found["blobs/sha256/"+strings.TrimPrefix(manifest.Layers[0].Digest, "sha256:")]
		if whole := unpacked(t, layer); len(config.RootFS.DiffIDs) != 1 || digest(whole) != config.RootFS.DiffIDs[0] {
			t.Errorf("the layer is %s, the config says %v", digest(whole), config.RootFS.DiffIDs)
		}
		p := platform{m.Platform.OS, m.Platform.Architecture}
		for _, e := range untar(t, layer) { // all are root's
			switch {
			case e.mode&^0o777 != 0 || e.mode&0o022 != 0:
				t.Errorf("%s has mode %o", e.name, e.mode)
			case e.name == "octet":
				binaries[p] = []byte(e.content)
			case e.folder, strings.HasPrefix(e.name, "usr/share/doc/octet/"):
			default:
				t.Errorf("%s is in the image", e.name)
			}
		}
	}
	return binaries
}

func TestImage(t *testing.T) {
	r := &release{version: "v1.2.3", revision: "abcdef", time: at}
	arm := some()
	arm[0].content = []byte("for arm64")
	archive, err := r.image([]built{{platforms[0], some()}, {platforms[1], arm}})
	if err != nil {
		t.Fatal(err)
	}
	images := imagesOf(t, archive, "1.2.3")
	if string(images[platforms[0]]) != string(some()[0].content) || string(images[platforms[1]]) != "for arm64" || len(images) != 2 {
		t.Errorf("binaries %q", images)
	}
	again, err := r.image([]built{{platforms[0], some()}, {platforms[1], arm}})
	if err != nil || !bytes.Equal(archive, again) {
		t.Error("the same files give other bytes")
	}
	tool, err := exec.LookPath("skopeo")
	if err != nil {
		t.Log("skopeo is not here: it was not asked")
		return
	}
	path := filepath.Join(t.TempDir(), "image.tar")
	if err := os.WriteFile(path, archive, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, arch := range []string{"amd64", "arm64"} {
		out, err := exec.Command(tool, "--override-os", "linux", "--override-arch", arch, "inspect", "--config", "oci-archive:"+path).Output()
		var c imageConfig
		if err != nil || json.Unmarshal(out, &c) != nil || c.Config.User != imageUser || c.Architecture != arch {
			t.Errorf("skopeo: %v\n%s", err, out)
		}
	}
}
