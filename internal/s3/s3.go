package s3

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Object is one object of a store.
type Object struct {
	where, bucket, key string
	client             *minio.Core
}

// Open finds the object at s3://bucket/key, which it does not read yet. The variables are
// AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL, for other stores than Amazon's, AWS_REGION or
// AWS_DEFAULT_REGION, and those of the credentials; without any the object must be public.
func Open(where string) (*Object, error) {
	rest, ok := strings.CutPrefix(where, "s3://")
	bucket, key, split := strings.Cut(rest, "/")
	if !ok || !split || bucket == "" || key == "" {
		return nil, fmt.Errorf("%s: an object is s3://BUCKET/KEY", where)
	}
	endpoint := cmp.Or(os.Getenv("AWS_ENDPOINT_URL_S3"), os.Getenv("AWS_ENDPOINT_URL"), "https://s3.amazonaws.com")
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("%s: the endpoint %q is no address of http or https", where, endpoint)
	}
	client, err := minio.NewCore(u.Host, &minio.Options{
		Creds: credentials.NewChainCredentials([]credentials.Provider{
			&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}, &credentials.IAM{},
		}),
		Secure: u.Scheme == "https",
		Region: cmp.Or(os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION")),
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	return &Object{where, bucket, key, client}, nil
}

// Read asks for the content from byte at on, which is of the version etag unless that is
// empty. It returns the whole size and the version. final is an error that asking again does
// not change.
func (o *Object) Read(ctx context.Context, at int64, etag string) (body io.ReadCloser, size int64, version string, final bool, err error) {
	var opts minio.GetObjectOptions
	if at > 0 {
		if err := opts.SetRange(at, 0); err != nil {
			return nil, 0, "", true, err
		}
	}
	if etag != "" {
		if err := opts.SetMatchETag(etag); err != nil {
			return nil, 0, "", true, err
		}
	}
	body, info, _, err := o.client.GetObject(ctx, o.bucket, o.key, opts)
	if err != nil {
		var answer minio.ErrorResponse
		final := errors.As(err, &answer) && answer.StatusCode >= 400 && answer.StatusCode < 500 && answer.StatusCode != http.StatusTooManyRequests
		if answer.StatusCode == http.StatusPreconditionFailed {
			err = fmt.Errorf("it has other content now than when it was begun")
		}
		return nil, 0, "", final, fmt.Errorf("%s: %w", o.where, err)
	}
	return body, at + info.Size, info.ETag, false, nil
}
