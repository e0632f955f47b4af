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

// stand is a store that answers as a function does.
type stand func(*http.Request) *http.Response

func (s stand) RoundTrip(r *http.Request) (*http.Response, error) { return s(r), nil }

func answer(status int, body string, header ...string) *http.Response {
	r := &http.Response{StatusCode: status, Status: http.StatusText(status), Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

// Amazon's stores are found by bucket and region, and tell of another region.
func TestAmazon(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "me")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	for _, name := range []string{"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION"} {
		t.Setenv(name, "")
	}
	for _, c := range []struct{ where, region, asked string }{
		{"s3://data/val/1 +ö=.tar", "", "https://data.s3.us-east-1.amazonaws.com/val/1%20%2B%C3%B6%3D.tar https://data.s3.eu-north-1.amazonaws.com/val/1%20%2B%C3%B6%3D.tar"},
		{"s3://my.data/x", "cn-north-1", "https://s3.cn-north-1.amazonaws.com.cn/my.data/x https://s3.eu-north-1.amazonaws.com/my.data/x"},
		{"s3://data/x", "eu-north-1", "https://data.s3.eu-north-1.amazonaws.com/x"},
	} {
		t.Setenv("AWS_REGION", c.region)
		o, err := Open(c.where)
		if err != nil {
			t.Fatal(err)
		}
		var asked []string
		o.transport = stand(func(r *http.Request) *http.Response {
			asked = append(asked, r.URL.Scheme+"://"+r.URL.Host+r.URL.EscapedPath())
			if !strings.Contains(r.Header.Get("Authorization"), "/eu-north-1/s3/aws4_request") {
				return answer(http.StatusMovedPermanently, "", "X-Amz-Bucket-Region", "eu-north-1")
			}
			return answer(http.StatusOK, "content", "ETag", `"one"`)
		})
		body, size, version, _, err := o.Read(t.Context(), 0, "")
		if err != nil || size != 7 || version != "one" || strings.Join(asked, " ") != c.asked {
			t.Errorf("%s: %q, %d, %s, %v", c.where, asked, size, version, err)
			continue
		}
		body.Close()
	}
}

// What stores answer when they do not give the content.
func TestRefusals(t *testing.T) {
	store(t, nil)
	for _, c := range []struct {
		answer *http.Response
		at     int64
		final  bool
		says   string
	}{
		{answer(http.StatusForbidden, "<Error><Code>AccessDenied</Code><Message>no</Message></Error>"), 0, true, "AccessDenied: no"},
		{answer(http.StatusServiceUnavailable, "<html>"), 0, false, "the store answers Service Unavailable"},
		{answer(http.StatusTooManyRequests, ""), 0, false, "Too Many Requests"},
		{answer(http.StatusOK, "all"), 1, true, "from byte 1 on"},
	} {
		o, err := Open("s3://data/x")
		if err != nil {
			t.Fatal(err)
		}
		o.transport = stand(func(*http.Request) *http.Response { return c.answer })
		if _, _, _, final, err := o.Read(t.Context(), c.at, ""); err == nil || final != c.final || !strings.Contains(err.Error(), "s3://data/x: ") || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, final %v", c.says, err, final)
		}
	}
}
