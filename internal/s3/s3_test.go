package s3

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/octet-ml/octet/internal/testseed"
)

// store serves one object as a store does, to requests that are signed.
func store(t *testing.T, content []byte) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refuse := func(status int, code string) {
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(status)
			io.WriteString(w, "<Error><Code>"+code+"</Code><Message>"+code+"</Message></Error>")
		}
		switch {
		case !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=me/"):
			refuse(http.StatusForbidden, "AccessDenied")
		case r.URL.Path != "/data/val/000.tar":
			refuse(http.StatusNotFound, "NoSuchKey")
		default:
			w.Header().Set("ETag", `"one"`)
			http.ServeContent(w, r, "", time.Unix(1e9, 0), bytes.NewReader(content))
		}
	}))
	t.Cleanup(s.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_S3": s.URL, "AWS_REGION": "here", "AWS_ACCESS_KEY_ID": "me", "AWS_SECRET_ACCESS_KEY": "secret",
	} {
		t.Setenv(name, value)
	}
}

func TestRead(t *testing.T) {
	r := testseed.Rand(t)
	content := make([]byte, 1000+r.IntN(1000))
	for i := range content {
		content[i] = byte(r.Uint32())
	}
	store(t, content)
	o, err := Open("s3://data/val/000.tar")
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{0, 1 + r.IntN(900)} {
		body, size, version, _, err := o.Read(t.Context(), int64(at), "")
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(body)
		body.Close()
		if err != nil || !bytes.Equal(got, content[at:]) || size != int64(len(content)) || version != "one" {
			t.Errorf("from byte %d: %d bytes of %d, version %s, %v", at, len(got), size, version, err)
		}
	}
	if _, _, _, final, err := o.Read(t.Context(), 5, "two"); !final || err == nil || !strings.Contains(err.Error(), "other content") {
		t.Errorf("another version: %v, final %v", err, final)
	}
	o, err = Open("s3://data/other")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, final, err := o.Read(t.Context(), 0, ""); !final || err == nil || !strings.Contains(err.Error(), "s3://data/other") {
		t.Errorf("no object: %v, final %v", err, final)
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, where := range []string{"s3://", "s3://bucket", "s3://bucket/", "s3:///key", "http://bucket/key"} {
		if _, err := Open(where); err == nil || !strings.Contains(err.Error(), "s3://BUCKET/KEY") {
			t.Errorf("%s: %v", where, err)
		}
	}
	t.Setenv("AWS_ENDPOINT_URL_S3", "store:9000")
	if _, err := Open("s3://b/k"); err == nil || !strings.Contains(err.Error(), "endpoint") {
		t.Errorf("an endpoint that is none: %v", err)
	}
}
