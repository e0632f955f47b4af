package s3

import (
	"cmp"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/s3utils"
	"github.com/minio/minio-go/v7/pkg/signer"
)

// Object is one object of a store.
type Object struct {
	where, bucket, key string
	endpoint           *url.URL // nil for Amazon's own, which depends on the region
	region             string
	credentials        *credentials.Credentials
	transport          http.RoundTripper
}

// credentialPatience is for services of the machine that give credentials, where nothing else does.
const credentialPatience = 10 * time.Second

// Open finds the object at s3://bucket/key, which it does not read yet. The variables are
// AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL, for other stores than Amazon's, AWS_REGION or
// AWS_DEFAULT_REGION, and those of the credentials; without any the object must be public.
func Open(where string) (*Object, error) {
	rest, ok := strings.CutPrefix(where, "s3://")
	bucket, key, split := strings.Cut(rest, "/")
	if !ok || !split || bucket == "" || key == "" {
		return nil, fmt.Errorf("%s: an object is s3://BUCKET/KEY", where)
	}
	o := &Object{where: where, bucket: bucket, key: key, transport: http.DefaultTransport}
	o.region = cmp.Or(os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"), "us-east-1")
	if text := cmp.Or(os.Getenv("AWS_ENDPOINT_URL_S3"), os.Getenv("AWS_ENDPOINT_URL")); text != "" {
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return nil, fmt.Errorf("%s: the endpoint %q is no address of http or https", where, text)
		}
		o.endpoint = u
	}
	o.credentials = credentials.NewChainCredentials([]credentials.Provider{
		&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}, &credentials.IAM{},
	})
	return o, nil
}

// address is where the object is read. A bucket of Amazon's is a name of a host, unless it has
// dots, which no certificate covers; other stores have it in the path.
func (o *Object) address() *url.URL {
	u := url.URL{Scheme: "https", Host: "s3." + o.region + ".amazonaws.com", Path: "/" + o.bucket + "/" + o.key}
	if strings.HasPrefix(o.region, "cn-") {
		u.Host += ".cn"
	}
	switch {
	case o.endpoint != nil:
		u.Scheme, u.Host, u.Path = o.endpoint.Scheme, o.endpoint.Host, strings.TrimSuffix(o.endpoint.Path, "/")+u.Path
	case !strings.Contains(o.bucket, "."):
		u.Host, u.Path = o.bucket+"."+u.Host, "/"+o.key
	}
	u.RawPath = s3utils.EncodePath(u.Path) // as it is signed
	return &u
}

// Read asks for the content from byte at on, which is of the version etag unless that is
// empty. It returns the whole size and the version. final is an error that asking again does
// not change.
func (o *Object) Read(ctx context.Context, at int64, etag string) (body io.ReadCloser, size int64, version string, final bool, err error) {
	r, err := o.get(ctx, at, etag)
	if err != nil {
		return nil, 0, "", false, fmt.Errorf("%s: %w", o.where, err)
	}
	if region := r.Header.Get("X-Amz-Bucket-Region"); r.StatusCode >= 300 && region != "" && region != o.region && o.endpoint == nil {
		r.Body.Close()
		o.region = region
		if r, err = o.get(ctx, at, etag); err != nil {
			return nil, 0, "", false, fmt.Errorf("%s: %w", o.where, err)
		}
	}
	switch {
	case r.StatusCode == http.StatusOK && at == 0, r.StatusCode == http.StatusPartialContent && at > 0:
		if r.ContentLength >= 0 {
			r.ContentLength += at
		}
		return r.Body, r.ContentLength, strings.Trim(r.Header.Get("ETag"), `"`), false, nil
	case r.StatusCode == http.StatusPreconditionFailed:
		err = fmt.Errorf("it has other content now than when it was begun")
	case r.StatusCode < 300:
		err = fmt.Errorf("the store does not read from byte %d on", at)
	default:
		err = refusal(r)
	}
	r.Body.Close()
	again := r.StatusCode >= 500 || r.StatusCode == http.StatusTooManyRequests
	return nil, 0, "", !again, fmt.Errorf("%s: %w", o.where, err)
}

// get sends a signed request.
func (o *Object) get(ctx context.Context, at int64, etag string) (*http.Response, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, o.address().String(), nil)
	if err != nil {
		return nil, err
	}
	q.Header.Set("Accept-Encoding", "identity") // the bytes as they are stored
	if at > 0 {
		q.Header.Set("Range", fmt.Sprintf("bytes=%d-", at))
	}
	if etag != "" {
		q.Header.Set("If-Match", `"`+etag+`"`)
	}
	c, err := o.credentials.GetWithContext(&credentials.CredContext{Client: &http.Client{Timeout: credentialPatience}})
	if err != nil {
		return nil, fmt.Errorf("credentials: %w", err)
	}
	q.Header.Set("X-Amz-Content-Sha256", emptySHA256)
	return o.transport.RoundTrip(signer.SignV4(*q, c.AccessKeyID, c.SecretAccessKey, c.SessionToken, o.region))
}

// emptySHA256 is the hash of no bytes.
const emptySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// refusal is what a store says of a request.
func refusal(r *http.Response) error {
	const most = 64 << 10 // bytes of what it says
	var said struct {
		Code    string
		Message string
	}
	if err := xml.NewDecoder(io.LimitReader(r.Body, most)).Decode(&said); err != nil || said.Code == "" {
		return fmt.Errorf("the store answers %s", r.Status)
	}
	return fmt.Errorf("%s: %s", said.Code, said.Message)
}
