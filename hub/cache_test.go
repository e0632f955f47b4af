package hub

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/octet-ml/octet/zoo"
)

// write makes a file with its folders.
func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestPyTorchsCacheIsRead(t *testing.T) {
	content, name := blob(t, 1000)
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	for variable, folder := range map[string]string{"TORCH_HOME": "", "XDG_CACHE_HOME": "torch", "": ".cache/torch"} {
		t.Run(variable, func(t *testing.T) {
			t.Setenv("TORCH_HOME", "")
			t.Setenv("XDG_CACHE_HOME", "")
			root := home
			if variable != "" {
				root = t.TempDir()
				t.Setenv(variable, root)
			}
			there := filepath.Join(root, folder, "hub", "checkpoints", name)
			write(t, there, content)
			got, err := Fetch(t.Context(), "https://nowhere.invalid/"+name, name, "", Options{Cache: t.TempDir(), Offline: true})
			if err != nil || got != there {
				t.Errorf("%s, %v; want %s", got, err, there)
			}
			// A wrong file there is passed over and left alone.
			write(t, there, []byte("wrong"))
			s := newServer(t, content)
			o := s.options(t)
			var log bytes.Buffer
			o.NoTorchCache, o.Logger = false, slog.New(slog.NewTextHandler(&log, nil))
			path, err := Fetch(t.Context(), s.URL+"/"+name, name, "", o)
			if err != nil {
				t.Fatal(err)
			}
			mustHold(t, path, content)
			if b, _ := os.ReadFile(there); string(b) != "wrong" || !strings.Contains(log.String(), "passed over") {
				t.Errorf("PyTorch's file is %q; log: %s", b, &log)
			}
			os.Remove(there)
		})
	}
}

func TestOffline(t *testing.T) {
	content, name := blob(t, 1000)
	o := Options{Cache: t.TempDir(), NoTorchCache: true}
	fetch := func() (string, error) { return Fetch(t.Context(), "https://nowhere.invalid/m/"+name, name, "", o) }
	place := filepath.Join(o.Cache, name)

	t.Setenv("OCTET_OFFLINE", "perhaps")
	_, err := fetch()
	fails(t, err, "OCTET_OFFLINE", "perhaps")
	t.Setenv("OCTET_OFFLINE", "1")
	_, err = fetch()
	fails(t, err, "place it at "+place, "https://nowhere.invalid/m/"+name)
	if !errors.Is(err, ErrOffline) {
		t.Errorf("%v is not ErrOffline", err)
	}
	write(t, place, []byte("wrong"))
	_, err = fetch()
	fails(t, err, "is not the file that was expected", place)
	write(t, place, content)
	if got, err := fetch(); err != nil || got != place {
		t.Errorf("%s, %v", got, err)
	}
}

func TestADamagedCacheIsReplaced(t *testing.T) {
	content, name := blob(t, 1000)
	s := newServer(t, content)
	o := s.options(t)
	write(t, filepath.Join(o.Cache, name), content[:999])
	path, err := Fetch(t.Context(), s.URL+"/"+name, name, "", o)
	if err != nil {
		t.Fatal(err)
	}
	mustHold(t, path, content)
}

func TestMirrorAndEnvironment(t *testing.T) {
	content, _ := blob(t, 1000)
	s := newServer(t, content)
	t.Setenv("OCTET_BASE_URL", s.URL+"/mirror/")
	t.Setenv("OCTET_CACHE", t.TempDir())
	w := zoo.ResNet18QuantizedWeights.Default()
	o := s.options(t)
	o.Cache = ""
	_, err := o.Fetch(t.Context(), w)
	fails(t, err, w.String(), w.HashPrefix, s.URL+"/mirror/models/quantized/"+w.FileName)
	w.HashPrefix = hashOf(content)
	path, err := o.Fetch(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	if path != filepath.Join(os.Getenv("OCTET_CACHE"), w.FileName) || s.request(1).URL.Path != "/mirror/models/quantized/"+w.FileName {
		t.Errorf("%s from %s", path, s.request(1).URL)
	}
	o.BaseURL, o.Cache = "ftp://x/", t.TempDir()
	_, err = o.Fetch(t.Context(), w)
	fails(t, err, "base URL", "ftp://x/", "http")
}

func TestBadArguments(t *testing.T) {
	for _, c := range []struct{ url, name, prefix, want string }{
		{"https://x/a", "", "", "plain name"},
		{"https://x/a", "../a", "", "plain name"},
		{"https://x/a", "a/b", "", "plain name"},
		{"https://x/a", `a\b`, "", "plain name"},
		{"https://x/a", "a:b", "", "plain name"},
		{"https://x/a", "..", "", "plain name"},
		{"https://x/a", "a.part", "", ".part"},
		{"https://x/a", "a.pth", "xyz", "hexadecimal"},
		{"https://x/a", "a.pth", "ABCDEF01", "hexadecimal"},
		{"https://x/a", "a.pth", "abcdef0", "8 to 64"},
		{"file:///etc/passwd", "a.pth", "", "http"},
		{"/etc/passwd", "a.pth", "", "http"},
		{"https://", "a.pth", "", "host"},
	} {
		_, err := Fetch(t.Context(), c.url, c.name, c.prefix, Options{Cache: t.TempDir(), NoTorchCache: true, Offline: true})
		fails(t, err, c.want)
	}
}

func TestErrorsKeepPasswords(t *testing.T) {
	_, name := blob(t, 10)
	s := newServer(t, nil)
	s.misbehave = func(_ int, w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(404); return true }
	_, err := Fetch(t.Context(), strings.Replace(s.URL, "http://", "http://me:secret@", 1)+"/"+name, name, "", s.options(t))
	fails(t, err, "404")
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}

func TestHashPrefix(t *testing.T) {
	for name, want := range map[string]string{
		"resnet50-0676ba61.pth": "0676ba61", "resnet18_fbgemm_16fa66dd.pth": "16fa66dd", "shufflenetv2_x0.5-f707e7126e.pth": "f707e7126e",
		"model.pth": "", "x-abc.pth": "", "x-0676BA61.pth": "", "deadbeef.pth": "", "a-0676ba61.tar.gz": "", "": "",
	} {
		if got := HashPrefix(name); got != want {
			t.Errorf("HashPrefix(%q) = %q, want %q", name, got, want)
		}
	}
	for _, w := range zoo.AllWeights() {
		if HashPrefix(w.FileName) != w.HashPrefix {
			t.Errorf("%s: %s in the name, %s in the table", w, HashPrefix(w.FileName), w.HashPrefix)
		}
	}
}

// TestMain turns this binary into a downloader that a test kills.
func TestMain(m *testing.M) {
	if url := os.Getenv("HUB_TEST_CHILD"); url != "" {
		_, err := Fetch(context.Background(), url, filepath.Base(url), "", Options{NoTorchCache: true, Backoff: time.Millisecond})
		if err != nil {
			os.Stderr.WriteString(err.Error())
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child starts another process that fetches url into cache.
func child(t *testing.T, url, cache string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), "HUB_TEST_CHILD="+url, "OCTET_CACHE="+cache, "OCTET_OFFLINE=", "OCTET_BASE_URL=", "HTTP_PROXY=", "http_proxy=")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

func TestAKilledProcessLosesNothingAndLocksNobodyOut(t *testing.T) {
	content, name := blob(t, 400_000)
	s := newServer(t, content)
	sent := make(chan struct{})
	s.mu.Lock()
	s.misbehave = func(n int, w http.ResponseWriter, r *http.Request) bool {
		if n > 0 {
			return false
		}
		w.Header().Set("Content-Length", "400000")
		w.Write(content[:100_000])
		http.NewResponseController(w).Flush()
		close(sent)
		<-r.Context().Done()
		return true
	}
	s.mu.Unlock()
	o := s.options(t)
	cmd := child(t, s.URL+"/"+name, o.Cache)
	<-sent
	part := filepath.Join(o.Cache, name+".part")
	for range 500 {
		if info, err := os.Stat(part); err == nil && info.Size() == 100_000 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	cmd.Process.Kill()
	cmd.Wait()
	path, err := Fetch(t.Context(), s.URL+"/"+name, name, "", o)
	if err != nil {
		t.Fatal(err)
	}
	mustHold(t, path, content)
	if got := s.request(1).Header.Get("Range"); got != "bytes=100000-" {
		t.Errorf("Range %q", got)
	}
}

func TestKilledBeforeVerifying(t *testing.T) {
	content, name := blob(t, 1000)
	s := newServer(t, content)
	o := s.options(t)
	part := filepath.Join(o.Cache, name+".part")
	for _, there := range [][]byte{content, bytes.Repeat([]byte{1}, 1000)} {
		os.Remove(filepath.Join(o.Cache, name))
		write(t, part, there)
		write(t, part+".json", []byte(`{"url": "`+s.URL+"/"+name+`", "etag": "\"v1\"", "size": 1000}`))
		path, err := Fetch(t.Context(), s.URL+"/"+name, name, "", o)
		if err != nil {
			t.Fatal(err)
		}
		mustHold(t, path, content)
	}
	if s.count() != 1 { // the first part was whole and right
		t.Errorf("%d requests", s.count())
	}
}

func TestProcessesDownloadOnce(t *testing.T) {
	content, name := blob(t, 400_000)
	s := newServer(t, content)
	s.mu.Lock()
	s.misbehave = func(n int, w http.ResponseWriter, r *http.Request) bool {
		time.Sleep(50 * time.Millisecond)
		return n == 0 && cutAfter(w, r, content, 150_000)
	}
	s.mu.Unlock()
	cache := t.TempDir()
	var all []*exec.Cmd
	for range 4 {
		all = append(all, child(t, s.URL+"/"+name, cache))
	}
	for _, cmd := range all {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	mustHold(t, filepath.Join(cache, name), content)
	if s.count() != 2 {
		t.Errorf("%d requests", s.count())
	}
}

// FuzzPart checks that no content of NAME.part and its origin spoils the result.
func FuzzPart(f *testing.F) {
	f.Add([]byte("0123"), []byte(`{"url":"URL","etag":"\"v1\"","size":10}`))
	f.Add([]byte("0123456789"), []byte(`{"url":"URL","size":-5}`))
	f.Add([]byte{}, []byte(`[`))
	f.Fuzz(func(t *testing.T, part, json []byte) {
		content := []byte("0123456789")
		s := newServer(t, content)
		o := s.options(t)
		name := "x-" + hashOf(content)[:8] + ".bin"
		write(t, filepath.Join(o.Cache, name+".part"), part)
		write(t, filepath.Join(o.Cache, name+".part.json"), bytes.ReplaceAll(json, []byte("URL"), []byte(s.URL+"/"+name)))
		path, err := Fetch(t.Context(), s.URL+"/"+name, name, "", o)
		if err != nil {
			t.Fatal(err)
		}
		mustHold(t, path, content)
	})
}

func FuzzContentRange(f *testing.F) {
	for _, h := range []string{"bytes 0-1/2", "bytes */10", "bytes 5-9/*", "bytes 99999999999999999999-1/2", "bytes -1-2/3"} {
		f.Add(h)
	}
	f.Fuzz(func(t *testing.T, h string) {
		if first, total, ok := contentRange(h); ok && (first < 0 || total < -1 || total >= 0 && first > total) {
			t.Errorf("%q: %d of %d", h, first, total)
		}
	})
}
